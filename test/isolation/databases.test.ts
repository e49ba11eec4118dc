/** Connections whose data is in two databases, served by the same isolates and the same cron. */
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { useOwnDatabases } from '../support/database.ts'
import { dataTables } from '../support/tables.ts'
import { type Command, EVERYTHING } from './commands.ts'
import { endOf } from './end-of.ts'
import { CONNECTIONS, openStreet, type Round, storedOf } from './street.ts'

await useOwnDatabases('databases')

vi.setConfig({ testTimeout: 300_000 })

/** The cron runs now and then, and in the end each connection is made anew. */
const HISTORY: readonly Round[] = [
  ...EVERYTHING,
  { do: 'anew' } as const,
  { do: 'match', n: 0 } as const,
  { do: 'create', n: 0 } as const,
  { do: 'look' } as const,
].map((command: Command, at) => ({
  commands: Array.from({ length: CONNECTIONS }, (_, one) => ({ command, isolate: (at + one) % 2 })),
  laterMs: at % 9 === 8 ? 11 * 60_000 : 1_000,
  ticks: at % 9 === 8,
}))

/** Neighbours of the same adapter: one there, one here. */
const isElsewhere = (at: number): boolean => at < CONNECTIONS / 2

test('a connection sees, does and keeps the same in whichever database its data is, and nowhere else', async () => {
  // What those that are there would be here, and nobody beside them.
  const here = await openStreet(isElsewhere)
  const mixed = await openStreet(() => true, isElsewhere)
  const filled = new Set<string>()
  const strangers: string[] = []
  const look = async () => {
    for (const { d1, lives } of mixed.neighbours) {
      const other = d1 === env.DB ? env.SECOND_D1 : env.DB
      for (const life of lives) {
        for (const { table } of await storedOf(life, other)) strangers.push(table)
        if (d1 !== env.SECOND_D1) continue
        for (const { table } of await storedOf(life, d1)) filled.add(table)
      }
    }
  }
  for (const round of HISTORY) {
    await mixed.walk([round])
    if (round.ticks) await look()
  }
  await mixed.settle()
  await look()
  expect(strangers).toEqual([])
  // Else the test has looked at nothing.
  expect(filled.size).toBeGreaterThan(8)

  await here.walk(HISTORY)
  await here.settle()
  for (let at = 0; at < CONNECTIONS / 2; at++) {
    const end = await endOf(mixed, at)
    const trace = end.trace.map((line) => line.replaceAll('"database":"DB_2"', '"database":"DB"'))
    expect({ ...end, trace }).toEqual(await endOf(here, at))
  }
  expect([...here.marks.leaks, ...mixed.marks.leaks]).toEqual([])

  const tables = await dataTables()
  const control = (await tableNames()).filter((name) => !tables.some((one) => one.name === name))
  const named = new RegExp(`\\b(?:from|join|into|update)\\s+"?(?:${control.join('|')})\\b`, 'i')
  expect(control).toContain('connection')
  expect([...mixed.statementsElsewhere()].filter((query) => named.test(query))).toEqual([])
  for (const name of control) {
    const row = await env.SECOND_D1.prepare(`SELECT 1 FROM ${name} LIMIT 1`).first()
    expect({ name, row }).toEqual({ name, row: null })
  }
})

/** Those of ours. */
async function tableNames(): Promise<string[]> {
  const { results } = await env.DB.prepare(
    `SELECT name FROM sqlite_master WHERE type = 'table'
        AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '_cf_%' AND name <> 'd1_migrations'`,
  ).all<{ name: string }>()
  return results.map(({ name }) => name)
}
