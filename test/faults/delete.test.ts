/** DELETE, cut at every step outside; then the client retries, or the sweeper finishes. */
import { describe, expect, test, vi } from 'vitest'
import { CYCLE_MS, cutsOf, idOf, match, openWorld, person, type World } from '../support/world.ts'

// Dozens of worlds a test, on machines of any speed.
vi.setConfig({ testTimeout: 120_000 })

const LOGIN = 'Tom.Reyes@example.com'

const POLICIES = {
  'an app that deletes': { onDelete: 'native' },
  'a policy that deactivates instead': { onDelete: 'deactivate' },
} as const

describe.each(Object.entries(POLICIES))('%s', (_, deprovision) => {
  const survives = deprovision.onDelete === 'deactivate'

  async function open(): Promise<{ world: World; id: string }> {
    const world = await openWorld({ policy: { deprovision } })
    return { world, id: idOf(await world.ask('POST', '/Users', person(LOGIN))) }
  }

  async function cuts() {
    const { world, id } = await open()
    const isolate = world.open()
    expect((await isolate.scim(world.scim, 'DELETE', `/Users/${id}`)).status).toBe(204)
    return cutsOf(isolate.steps())
  }

  function expectOff({ desk, logins }: World): void {
    const states = logins(LOGIN).map((no) => desk.store.account(no)?.state)
    expect(states).toEqual(survives ? ['suspended'] : [])
  }

  /** Nobody sees who was deleted; who comes back has one account and an id of their own. */
  async function expectGone(world: World, id: string): Promise<void> {
    const { ask, logins } = world
    expect((await ask('GET', `/Users/${id}`)).status).toBe(404)
    expect((await ask('GET', match('userName', LOGIN))).body.totalResults).toBe(0)
    expect((await ask('GET', '/Users')).body.totalResults).toBe(0)
    const back = await ask('POST', '/Users', person(LOGIN))
    expect(back.status).toBe(201)
    expect(back.body.id).not.toBe(id)
    expect(logins(LOGIN)).toHaveLength(1)
    expect(world.desk.store.account(logins(LOGIN)[0] ?? 0)?.state).toBe('enabled')
    expect((await ask('GET', `/Users/${id}`)).status).toBe(404)
  }

  test('cut at any step, then retried, it ends with the person gone and nothing resurrected', async () => {
    for (const cut of await cuts()) {
      const { world, id } = await open()
      await world.open(cut).scim(world.scim, 'DELETE', `/Users/${id}`)
      world.clock.now += CYCLE_MS
      expect([204, 404]).toContain((await world.ask('DELETE', `/Users/${id}`)).status)
      expectOff(world)
      await expectGone(world, id)
    }
  })

  test('cut at any step, the sweeper finishes what has begun, without the client', async () => {
    for (const cut of await cuts()) {
      const { world, id } = await open()
      await world.open(cut).scim(world.scim, 'DELETE', `/Users/${id}`)
      world.clock.now += CYCLE_MS
      await world.tick()
      const read = await world.ask('GET', `/Users/${id}`)
      expect([200, 404]).toContain(read.status)
      if (read.status === 200) {
        // It has not begun: nothing has happened to the account either.
        expect(read.body.active).toBe(true)
        continue
      }
      expectOff(world)
      await expectGone(world, id)
    }
  })

  test('a POST for the person in the middle of it finishes it first', async () => {
    for (const cut of await cuts()) {
      const { world, id } = await open()
      await world.open(cut).scim(world.scim, 'DELETE', `/Users/${id}`)
      world.clock.now += CYCLE_MS
      const back = await world.ask('POST', '/Users', person(LOGIN))
      expect([201, 409]).toContain(back.status)
      expect(world.logins(LOGIN)).toHaveLength(1)
      if (back.status === 201) expect(back.body.id).not.toBe(id)
    }
  })
})

test('a delete whose account the app gave to somebody else meanwhile spares that person', async () => {
  const world = await openWorld({ capabilities: { idsReused: true } })
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
  const [no = 0] = world.logins(LOGIN)
  world.desk.failNext({ match: 'DELETE /api/accounts/{no}', when: 'after', how: 'reset' })
  expect((await world.ask('DELETE', `/Users/${id}`)).status).toBe(503)
  expect(world.logins(LOGIN)).toEqual([])
  const stranger = world.desk.store.createAccount({
    login: 'new.hire@example.com',
    first_name: 'New',
    last_name: 'Hire',
    mail: null,
    job_title: null,
    org_unit: null,
    phone: null,
    state: 'enabled',
  })
  // The same number, created at another time.
  Object.assign(stranger, { created_on: '2001-01-01T00:00:00.000Z' })
  const { store } = world.desk
  const account = store.account.bind(store)
  Object.assign(store, { account: (n: number) => account(n === no ? stranger.account_no : n) })
  expect((await world.ask('DELETE', `/Users/${id}`)).status).toBe(204)
  expect(world.logins('new.hire@example.com')).toHaveLength(1)
})
