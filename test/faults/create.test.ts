/**
 * Execution is cut at every step outside, in every way; then the client retries as Entra does.
 * Asserted on the app's own data: one account, one live link.
 */
import { describe, expect, test, vi } from 'vitest'
import { openIsolate } from '../support/isolate.ts'
import {
  brownfield,
  CYCLE_MS,
  cutsOf,
  MINUTE_MS,
  match,
  openWorld,
  person,
  type World,
  type WorldOptions,
} from '../support/world.ts'

// Dozens of worlds a test, on machines of any speed.
vi.setConfig({ testTimeout: 120_000 })

const LOGIN = 'Nia.Okafor@example.com'
const PERSON = person(LOGIN, {
  externalId: 'nia',
  emails: [{ type: 'work', value: LOGIN, primary: true }],
})
const MATCH = match('userName', LOGIN.toLowerCase())

/** Entra asks first and creates on zero hits; a failure is tried again in the next cycle. */
async function provision({ ask, clock }: World): Promise<string> {
  for (let cycle = 0; cycle < 5; cycle++) {
    const found = await ask('GET', MATCH)
    if (found.status === 200 && found.body.totalResults === 1) return found.body.Resources[0].id
    if (found.status === 200) {
      const created = await ask('POST', '/Users', PERSON)
      if (created.status === 201) return created.body.id
      expect([409, 503]).toContain(created.status)
    } else expect(found.status).toBe(503)
    clock.now += CYCLE_MS
  }
  throw new Error('five cycles did not provision the person')
}

async function expectOne({ ask, logins }: World, id: string): Promise<void> {
  expect(logins(LOGIN)).toHaveLength(1)
  const listed = await ask('GET', '/Users')
  expect(listed.body.Resources.map((r: { id: string }) => r.id)).toEqual([id])
  // A POST of the client that never heard an answer meets the person that is there: the account is
  // taken over while only a read knew it, and refused once a client has it.
  const again = await ask('POST', '/Users', PERSON)
  if (again.status === 201) expect(again.body.id).toBe(id)
  else expect(again.status).toBe(409)
  expect((await ask('POST', '/Users', PERSON)).status).toBe(409)
  expect(logins(LOGIN)).toHaveLength(1)
}

const WORLDS: Readonly<Record<string, WorldOptions & { brownfield: boolean }>> = {
  'nobody there, unique logins': { brownfield: false },
  'nobody there, no uniqueness in the app': { brownfield: false, faults: { uniqueness: 'off' } },
  'the account was there before': { brownfield: true },
  'nobody there, through a private adapter, no uniqueness': {
    ...{ brownfield: false, behindBinding: true },
    faults: { uniqueness: 'off' },
  },
  'the account was there before, no uniqueness': {
    brownfield: true,
    faults: { uniqueness: 'off' },
  },
}

describe.each(Object.entries(WORLDS))('%s', (_, options) => {
  async function open(): Promise<World> {
    const world = await openWorld(options)
    if (options.brownfield) brownfield(world, LOGIN.toUpperCase())
    return world
  }

  async function cuts() {
    const { open: isolate, scim } = await open()
    const whole = isolate()
    expect((await whole.scim(scim, 'POST', '/Users', PERSON)).status).toBe(201)
    return cutsOf(whole.steps())
  }

  test('a POST cut at any step, then retried, ends with one account and one link', async () => {
    for (const cut of await cuts()) {
      // Where the app itself refuses a second account, the deaths alone are worth their time.
      if (cut.how !== 'dies' && options.faults?.uniqueness !== 'off') continue
      const world = await open()
      await world.open(cut).scim(world.scim, 'POST', '/Users', PERSON)
      await expectOne(world, await provision(world))
    }
  })

  test('a list that meets the account between its creation and the commit changes nothing', async () => {
    for (const cut of await cuts()) {
      if (cut.how !== 'dies') continue
      const world = await open()
      await world.open(cut).scim(world.scim, 'POST', '/Users', PERSON)
      await world.ask('GET', '/Users')
      await expectOne(world, await provision(world))
    }
  })

  test('the sweeper settles what was cut off, without the client, and never sends', async () => {
    for (const cut of await cuts()) {
      if (cut.how !== 'dies') continue
      const world = await open()
      await world.open(cut).scim(world.scim, 'POST', '/Users', PERSON)
      const before = world.desk.store.counts.accounts
      world.clock.now += 10 * MINUTE_MS
      await world.tick()
      expect(world.desk.store.counts.accounts).toBe(before)
      await expectOne(world, await provision(world))
    }
  })
})

describe('an app whose search lags by an hour and which takes a login twice', () => {
  const LAG_MS = 60 * MINUTE_MS
  const lookup = { exact: true, caseExact: false, includesInactive: true, lagMs: LAG_MS }
  const options: WorldOptions = {
    faults: { uniqueness: 'off', searchLagMs: 10 * LAG_MS },
    capabilities: { lookups: [{ attribute: 'login', ...lookup }] },
  }

  test('no create is sent again before the search must have shown the first one', async () => {
    const whole = await openWorld(options)
    const isolate = whole.open()
    await isolate.scim(whole.scim, 'POST', '/Users', PERSON)
    for (const cut of cutsOf(isolate.steps())) {
      const world = await openWorld(options)
      await world.open(cut).scim(world.scim, 'POST', '/Users', PERSON)
      for (let waited = 0; waited < LAG_MS; waited += 20 * MINUTE_MS) {
        const found = await world.ask('GET', MATCH)
        if (found.status === 200 && found.body.totalResults === 0) {
          await world.ask('POST', '/Users', PERSON)
        }
        expect(world.logins(LOGIN).length).toBeLessThanOrEqual(1)
        world.clock.now += 20 * MINUTE_MS
      }
      world.desk.faults.set({ searchLagMs: 0 })
      await expectOne(world, await provision(world))
    }
  })

  test('a second create that is cut off counts from its own time, not from the first', async () => {
    const world = await openWorld(options)
    const first = { match: 'POST /api/accounts', when: 'before', how: 'reset' } as const
    world.desk.failNext(first)
    expect((await world.ask('POST', '/Users', PERSON)).status).toBe(503)
    world.clock.now += 2 * LAG_MS
    world.desk.failNext({ ...first, when: 'after' })
    expect((await world.ask('POST', '/Users', PERSON)).status).toBe(503)
    expect(world.logins(LOGIN)).toHaveLength(1)
    world.clock.now += 30 * MINUTE_MS
    expect((await world.ask('GET', MATCH)).status).toBe(503)
    expect((await world.ask('POST', '/Users', PERSON)).status).toBe(503)
    expect(world.logins(LOGIN)).toHaveLength(1)
    world.desk.faults.set({ searchLagMs: 0 })
    await expectOne(world, await provision(world))
  })
})

test('a create whose answer is lost is not sent again, and makes one account where it arrives late', async () => {
  const world = await openWorld({ faults: { uniqueness: 'off' } })
  world.desk.failNext({ match: 'POST /api/accounts', when: 'before', how: 'reset' })
  expect((await world.ask('POST', '/Users', PERSON)).status).toBe(503)
  // It may arrive late.
  const retried = await world.ask('POST', '/Users', PERSON)
  expect(retried.status).toBe(503)
  expect(Number(retried.headers.get('retry-after'))).toBeGreaterThan(10)
  brownfield(world, LOGIN)
  expect((await world.ask('POST', '/Users', PERSON)).status).toBe(201)
  expect(world.logins(LOGIN)).toHaveLength(1)
})

test('after a search that has used up the lease nothing is sent', async () => {
  const world = await openWorld({ faults: { uniqueness: 'off' } })
  const other = world.open()
  let answered: number | undefined
  const slow = async (input: string, init: RequestInit): Promise<Response> => {
    const response = await world.desk.fetch(input, init)
    if (answered === undefined) {
      answered = 0
      world.clock.now += 10 * MINUTE_MS
      answered = (await other.scim(world.scim, 'POST', '/Users', PERSON)).status
    }
    return response
  }
  const late = await openIsolate(world.clock, slow).scim(world.scim, 'POST', '/Users', PERSON)
  expect(answered).toBe(201)
  expect([409, 503]).toContain(late.status)
  expect(world.logins(LOGIN)).toHaveLength(1)
})

test('sixty concurrent POSTs for one person make one account and one resource', async () => {
  for (const uniqueness of ['enforced', 'off'] as const) {
    const world = await openWorld({ faults: { uniqueness } })
    const isolates = [world.open(), world.open()]
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        isolates[i % 2]?.scim(world.scim, 'POST', '/Users', PERSON),
      ),
    )
    const created = answers.filter((answer) => answer?.status === 201)
    expect(created.length).toBeGreaterThan(0)
    expect(new Set(created.map((answer) => answer?.body.id)).size).toBe(1)
    for (const answer of answers) expect([201, 409, 503]).toContain(answer?.status)
    await expectOne(world, created[0]?.body.id)
  }
})

test('forty concurrent first readers of one account are told one id', async () => {
  const { open, scim } = await openWorld({ seed: true })
  const isolates = [open(), open()]
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, i) => isolates[i % 2]?.scim(scim, 'GET', '/Users?count=1')),
  )
  expect(new Set(answers.map((answer) => answer?.body.Resources[0].id)).size).toBe(1)
})
