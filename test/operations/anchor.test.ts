/** An app that keeps an id of ours: a create stamps it, and is found by it when its answer was lost. */
import { expect, test } from 'vitest'
import { toUser } from '../../adapters/example/answers.ts'
import { brownfield, CYCLE_MS, idOf, openWorld, person, type World } from '../support/world.ts'

const LOGIN = 'Ole.Dahl@example.com'
const LOOKUP = { exact: true, caseExact: false, includesInactive: true, lagMs: 0 } as const

/** `phone` is mapped to nothing here, and can be looked up. */
async function open(): Promise<World> {
  const world: World = await openWorld({
    faults: { uniqueness: 'off' },
    mapping: { User: { userName: 'login', 'name.familyName': 'last_name' } },
    capabilities: {
      anchor: 'phone',
      lookups: [
        { attribute: 'login', ...LOOKUP },
        { attribute: 'phone', ...LOOKUP },
      ],
    },
    port: {
      find: async (attribute, value) =>
        [...world.desk.store.accounts()]
          .filter((account) => String(account[attribute as 'login' | 'phone']) === value)
          .map(toUser),
    },
  })
  return world
}

const phones = ({ desk, logins }: World) => logins(LOGIN).map((no) => desk.store.account(no)?.phone)

test('a create stamps the id that its client gets', async () => {
  const world = await open()
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
  expect(phones(world)).toEqual([id])
})

test('a create that was cut off is told from somebody else of the same name', async () => {
  let stamped = 0
  for (let step = 1; step < 5; step++) {
    const world = await open()
    await world.open({ step, how: 'dies' }).scim(world.scim, 'POST', '/Users', person(LOGIN))
    const [made] = phones(world)
    if (made === undefined) continue
    // By name alone nobody could tell the two apart.
    brownfield(world, LOGIN)
    world.clock.now += CYCLE_MS
    const answer = await world.ask('POST', '/Users', person(LOGIN))
    expect([201, 409]).toContain(answer.status)
    if (answer.status === 201) expect(idOf(answer)).toBe(made)
    expect((await world.ask('GET', `/Users/${made}`)).body.userName).toBe(LOGIN)
    expect(world.logins(LOGIN)).toHaveLength(2)
    stamped += 1
  }
  expect(stamped).toBeGreaterThan(0)
})
