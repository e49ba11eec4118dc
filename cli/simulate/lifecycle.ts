/**
 * Disable, restore and delete, on people made for this run alone: nobody else is disturbed. Half of
 * them are spoken of in the legacy dialect (`"False"`), half in that of the flag (`false`).
 */
import { type JsonObject, USER_URN } from './attribute-mapping.ts'
import type { Resource } from './client.ts'
import { DIALECT, DIALECTS, type Dialect } from './dialect.ts'
import { EntryFailure } from './entry-failure.ts'
import { phase, type Run } from './phase.ts'

const COUNT = 4

interface Throwaway {
  readonly userName: string
  readonly dialect: Dialect
}

/** @param runId makes their names unique */
export async function runLifecycle(run: Run, runId: string): Promise<void> {
  const { client, tally } = run
  const { throwaway } = tally
  const people = Array.from({ length: COUNT }, (_, index): Throwaway => {
    const name = DIALECTS[index % DIALECTS.length] ?? run.dialect.name
    return {
      userName: `throwaway.${runId}.${index + 1}@fernhollow.example`,
      dialect: DIALECT[name],
    }
  })
  const ids = new Map<string, string>()
  const idOf = (userName: string): string => ids.get(userName) ?? ''

  const step = (
    title: string,
    done: Set<string>,
    work: (person: Throwaway) => Promise<void>,
    isWanted: (person: Throwaway) => boolean = ({ userName }) => ids.has(userName),
  ) =>
    phase(run, {
      title: `lifecycle: ${title}`,
      items: people.filter(isWanted),
      nameOf: ({ userName }) => userName,
      entries: throwaway,
      async work(person) {
        await work(person)
        done.add(person.userName)
      },
      outcome: () => `${done.size} throwaway people`,
    })

  const setActive = async ({ userName, dialect }: Throwaway, active: boolean) => {
    await client.patch('Users', idOf(userName), dialect.setActive(active))
    expectActive(await client.get('Users', idOf(userName)), active)
    // Disabled people stay findable: the next cycle would create them anew.
    const found = await client.find('Users', 'userName', userName)
    if (found.length !== 1) {
      const detail = `a query for the person finds ${found.length}, not 1`
      throw new EntryFailure('ServiceIncompatible', 200, detail)
    }
    expectActive(found[0], active)
  }

  await step(
    'create',
    throwaway.created,
    async ({ userName }) => {
      const made = await client.create('Users', bodyOf(userName))
      const found = made ?? (await client.find('Users', 'userName', userName))[0]
      if (!found) throw new EntryFailure('EntryConflict', 409, 'refused as taken, yet not found')
      ids.set(userName, found.id)
    },
    () => true,
  )
  await step('disable', throwaway.disabled, (person) => setActive(person, false))
  await step('restore', throwaway.restored, (person) => setActive(person, true))
  await step('delete', throwaway.deleted, async ({ userName }) => {
    await client.delete('Users', idOf(userName))
    const left = await client.get('Users', idOf(userName))
    const found = await client.find('Users', 'userName', userName)
    if (left || found.length > 0) {
      throw new EntryFailure('ServiceIncompatible', 200, 'the deleted person is still shown')
    }
  })
}

function expectActive(shown: Resource | undefined, active: boolean): void {
  if (!shown) throw new EntryFailure('InvalidAnchor', 404, 'the person is gone')
  if (shown['active'] === active) return
  const detail = `active is ${shown['active']} after a PATCH that set it to ${active}`
  throw new EntryFailure('ServiceIncompatible', 200, detail)
}

function bodyOf(userName: string): JsonObject {
  return {
    schemas: [USER_URN],
    userName,
    externalId: userName,
    active: true,
    displayName: 'Throwaway Person',
    name: { givenName: 'Throwaway', familyName: 'Person', formatted: 'Throwaway Person' },
    emails: [{ primary: true, type: 'work', value: userName }],
    meta: { resourceType: 'User' },
    roles: [],
  }
}
