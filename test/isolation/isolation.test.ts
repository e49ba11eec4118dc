/**
 * Many connections that look the same side by side: the same user names, native ids, SCIM ids, external ids
 * and group names, the same adapters with other settings and secrets, the same isolates. Nobody may notice
 * that the others are there.
 */
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { useOwnDatabases } from '../support/database.ts'
import { command } from './commands.ts'
import { endOf } from './end-of.ts'
import { ADAPTERS } from './neighbour.ts'
import { CONNECTIONS, ISOLATES, openStreet, type Round } from './street.ts'

await useOwnDatabases('isolation')

vi.setConfig({ testTimeout: 3_600_000 })

/** `ISOLATION_RUNS=200 npx vitest run --project workerd test/isolation` */
const RUNS = Number(env.ISOLATION_RUNS || 3)
const SEED = env.ISOLATION_SEED ? { seed: Number(env.ISOLATION_SEED) } : {}

const round = fc.record<Round>({
  commands: fc.array(fc.record({ command, isolate: fc.nat(ISOLATES - 1) }), {
    minLength: CONNECTIONS,
    maxLength: CONNECTIONS,
  }),
  laterMs: fc.constantFrom(0, 1_000, 6_000, 61_000, 11 * 60_000, 25 * 3_600_000),
  ticks: fc.boolean(),
})
const rounds = fc.array(round, { minLength: 8, maxLength: 12 })

test('a connection sees, does and keeps the same whether or not there are others', async () => {
  await fc.assert(
    fc.asyncProperty(rounds, async (history) => {
      const together = await openStreet(() => true)
      await together.walk(history)
      await together.settle()
      for (let at = 0; at < CONNECTIONS; at++) {
        const alone = await openStreet((other) => other === at)
        await alone.walk(history)
        await alone.settle()
        expect(await endOf(together, at)).toEqual(await endOf(alone, at))
        expect(alone.marks.leaks).toEqual([])
      }
      expect(together.marks.leaks).toEqual([])
    }),
    // Each run is long: a smaller one is found by its seed.
    { numRuns: RUNS, endOnFailure: true, ...SEED },
  )
})

test('connections of one manifest that begin at once in an isolate sign in once each', async () => {
  const street = await openStreet((at) => ADAPTERS[at % ADAPTERS.length] === 'manifest')
  const command = { do: 'match', n: 0 } as const
  const round: Round = {
    commands: Array.from({ length: CONNECTIONS }, () => ({ command, isolate: 1 })),
    laterMs: 60_000,
    ticks: false,
  }
  await street.walk([round, round, round])
  const apps = street.neighbours.flatMap(({ lives }) => lives.flatMap(({ app }) => app ?? []))
  expect(apps.map(({ sessions }) => sessions.size)).toEqual([1, 1])
})
