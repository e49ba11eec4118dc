/**
 * What requests send to D1, as SQLite plans it: whoever reads or changes rows of a data table finds them by
 * the connection they belong to. SQL that forgets the connection cannot be planned so.
 */
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { useOwnDatabases } from '../support/database.ts'
import { dataTables } from '../support/tables.ts'
import { EVERYTHING } from './commands.ts'
import { CONNECTIONS, openStreet } from './street.ts'

await useOwnDatabases('statements')

vi.setConfig({ testTimeout: 300_000 })

interface Step {
  readonly detail: string
}

async function planOf(query: string): Promise<string[]> {
  const places = query.match(/\?\d*/g)?.length ?? 0
  const nothing = Array.from({ length: places }, () => null)
  const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${query}`)
    .bind(...nothing)
    .all<Step>()
  return results.map(({ detail }) => detail)
}

/** By a key that begins with the connection, or with a link in it; rows of control tables that a join or sub-select takes along. */
const BY_CONNECTION = /\((?:(?:link|member_link)=\? AND )?(?:connection|connection_id)=\?/
/** By an id that is random, in a statement that names the connection as well. */
const BY_ID = /\(id=\?/
/**
 * By the id of a scan, a pre-flight or an intent: those are random, and whoever has one has read its row by
 * the connection.
 */
const BY_PARENT =
  /^(?:SEARCH (?:\w+) USING (?:PRIMARY KEY|(?:COVERING )?INDEX \w+) \((?:scan|preflight)=\?|SEARCH (?:intent|scan|preflight) USING INDEX \w+ \(id=\?)/
/** The sign-in finds the connection itself, by its name and a token, and a link by the connection it found. */
const BY_SIGN_IN = /^SEARCH \w+ USING INDEX (?:token_hash|connection_name) \(/
/** Lists that are bound, rows that are none, and results of the statement's own parts. */
const NO_TABLE = /VIRTUAL TABLE|CONSTANT ROW|^SCAN \(?(?:subquery|SUBQUERY)/

function unscoped(query: string, plan: readonly string[]): string[] {
  const parts = plan.flatMap((step) => /^(?:CO-ROUTINE|MATERIALIZE) (\w+)/.exec(step)?.[1] ?? [])
  return plan.filter((step) => {
    const [, table] = /^(?:SEARCH|SCAN) (\w+)/.exec(step) ?? []
    if (table === undefined || parts.includes(table) || NO_TABLE.test(step)) return false
    if ([BY_CONNECTION, BY_PARENT, BY_SIGN_IN].some((by) => by.test(step))) return false
    if (BY_ID.test(step) && /\bconnection = \?/.test(query)) return false
    // A new parent: SQLite plans to look for children that wait for it, and has none, for no key is deferred.
    return !(/^\s*insert into link\b/i.test(query) && step === 'SCAN intent')
  })
}

test('every statement of a request finds rows of data tables by their connection', async () => {
  const { neighbours, statements, walk } = await openStreet(() => true)
  await walk(
    EVERYTHING.map((command) => ({
      commands: Array.from({ length: CONNECTIONS }, () => ({ command, isolate: 0 })),
      laterMs: 1_000,
      ticks: false,
    })),
  )
  expect(neighbours.every(({ trace }) => trace.length >= EVERYTHING.length - 2)).toBe(true)
  const tables = (await dataTables()).map(({ name }) => name)
  const ofData = new RegExp(`\\b(?:from|join|into|update)\\s+"?(?:${tables.join('|')})\\b`, 'i')
  const asked = [...statements()].filter((query) => ofData.test(query))
  expect(asked.length).toBeGreaterThan(50)
  const found = await Promise.all(
    asked.map(async (query) =>
      unscoped(query, await planOf(query)).map((step) => `${step}: ${query.replace(/\s+/g, ' ')}`),
    ),
  )
  expect(found.flat()).toEqual([])
})

test('what is inserted into a data table says its connection', async () => {
  const { statements, walk } = await openStreet((at) => at === 0)
  await walk(
    EVERYTHING.map((command) => ({
      commands: [{ command, isolate: 0 }],
      laterMs: 1_000,
      ticks: false,
    })),
  )
  const tables = (await dataTables()).map(({ name }) => name)
  const into = [...statements()].flatMap((query) => {
    const [, table = '', columns = ''] = /insert into "?(\w+)"?\s*\(([^)]*)\)/i.exec(query) ?? []
    return tables.includes(table) ? [{ table, columns }] : []
  })
  expect(into.length).toBeGreaterThan(5)
  for (const { table, columns } of into) {
    expect(`${table}: ${columns}`).toMatch(/\b(?:connection|scan|preflight)\b/)
  }
})
