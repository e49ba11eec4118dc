/**
 * A scoping filter went wrong: everybody whom a query finds, and who is on, is disabled. It is there
 * to see what a guard does about it.
 */
import type { Resource } from './client.ts'
import { EntryFailure } from './entry-failure.ts'
import { phase, type Run } from './phase.ts'
import { matchPeople, testConnection } from './phases.ts'

/** How the guard's refusal names the finding that an administrator decides. */
const PARKED = /\(finding ([\w-]+)\)/

/** @throws {Stopped} */
export async function runRunaway(run: Run): Promise<void> {
  await testConnection(run)
  const found = new Map<string, Resource>()
  await matchPeople(run, found)
  const { people } = run.tally
  const on = [...found].filter(([, resource]) => resource['active'] !== false)
  await phase(run, {
    title: 'runaway disables',
    items: on,
    nameOf: ([name]) => name,
    entries: people,
    async work([name, { id }]) {
      try {
        await run.client.patch('Users', id, run.dialect.setActive(false))
        people.disabled.add(name)
      } catch (error) {
        const finding = error instanceof EntryFailure && PARKED.exec(error.message)?.[1]
        if (!finding) throw error
        people.parked.add(name)
        run.tally.finding = finding
      }
    },
    outcome: () => `${people.disabled.size} disabled, ${people.parked.size} parked by the guard`,
  })
}
