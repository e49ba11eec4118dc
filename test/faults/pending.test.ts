/**
 * Invitations and jobs, cut at every step outside in every way. Asserted on the app's own data: one
 * open invitation or one account, and one live link.
 */
import { env } from 'cloudflare:workers'
import { describe, expect, test, vi } from 'vitest'
import { accept } from '../../examples/legacy-app/later.ts'
import type { Cut } from '../support/isolate.ts'
import { connectionId } from '../support/tables.ts'
import {
  CYCLE_MS,
  cutsOf,
  idOf,
  MINUTE_MS,
  match,
  openWorld,
  patch,
  person,
  type World,
  type WorldOptions,
} from '../support/world.ts'

// Dozens of worlds a test, on machines of any speed.
vi.setConfig({ testTimeout: 180_000 })

const LOGIN = 'Nia.Okafor@example.com'
const PERSON = person(LOGIN, { externalId: 'nia', title: 'Clerk' })
const MATCH = match('userName', LOGIN.toLowerCase())
const OFF = patch({ op: 'replace', path: 'active', value: false })
const ON = patch({ op: 'replace', path: 'active', value: true })
const INVITED: WorldOptions = { adapter: 'example-invite', faults: { uniqueness: 'off' } }

const openInvitations = ({ desk }: World) =>
  desk.store.invitations.filter(({ state }) => state === 'open')

async function liveLinks(world: World): Promise<{ id: string; state: string }[]> {
  const { results } = await env.DB.prepare(
    "SELECT id, state FROM link WHERE connection = ? AND state <> 'tombstone'",
  )
    .bind(await connectionId(world.scim.name))
    .all<{ id: string; state: string }>()
  return results
}

/** Entra asks first and creates on zero hits; a failure is tried again in the next cycle. */
async function provision({ ask, clock }: World, cycles = 5): Promise<string> {
  for (let cycle = 0; cycle < cycles; cycle++) {
    const found = await ask('GET', MATCH)
    if (found.status === 200 && found.body.totalResults === 1) return found.body.Resources[0].id
    if (found.status === 200) {
      expect(found.body.totalResults).toBe(0)
      const created = await ask('POST', '/Users', PERSON)
      if (created.status === 201) return created.body.id
      expect([409, 503]).toContain(created.status)
    } else expect(found.status).toBe(503)
    clock.now += CYCLE_MS
  }
  throw new Error('the cycles did not provision the person')
}

async function expectLinked(world: World, id: string): Promise<void> {
  expect(await liveLinks(world)).toEqual([{ id, state: 'linked' }])
  const listed = await world.ask('GET', '/Users')
  expect(listed.body.Resources).toMatchObject([{ id, userName: LOGIN, active: true }])
  expect(world.logins(LOGIN)).toHaveLength(1)
}

/** The person accepts the one invitation there is, and the cron hears of it. */
async function comeTrue(world: World, id: string): Promise<void> {
  const [open, ...others] = openInvitations(world)
  expect(others).toEqual([])
  accept(world.desk.store, open?.invitation_no ?? 0)
  world.clock.now += 2 * 60 * MINUTE_MS
  await world.tick()
  await expectLinked(world, id)
}

/** Every cut of what `act` does in a world that `prepare` made. */
async function forEachCut(
  prepare: () => Promise<{ world: World; id: string }>,
  act: (world: World, id: string, cut?: Cut) => Promise<number>,
  then: (world: World, id: string) => Promise<void>,
): Promise<void> {
  const whole = await prepare()
  const steps = await act(whole.world, whole.id)
  expect(steps).toBeGreaterThan(2)
  for (const cut of cutsOf(steps, undefined, 2)) {
    const { world, id } = await prepare()
    await act(world, id, cut)
    await then(world, id)
  }
}

async function request(
  { open, scim }: World,
  method: string,
  path: string,
  body: unknown,
  cut?: Cut,
): Promise<number> {
  const isolate = open(cut)
  await isolate.scim(scim, method, path, body)
  return isolate.steps()
}

async function tickCut(world: World, cut?: Cut): Promise<number> {
  await world.holdOthers()
  const isolate = world.open(cut)
  await isolate.tick().catch(() => undefined)
  return isolate.steps()
}

const nobody = async (options: WorldOptions = INVITED) => ({
  world: await openWorld(options),
  id: '',
})
async function somebody(options: WorldOptions = INVITED) {
  const world = await openWorld(options)
  return { world, id: idOf(await world.ask('POST', '/Users', PERSON)) }
}
async function somebodyOff() {
  const { world, id } = await somebody()
  expect((await world.ask('PATCH', `/Users/${id}`, OFF)).status).toBe(200)
  return { world, id }
}

const post = (world: World, _: string, cut?: Cut) => request(world, 'POST', '/Users', PERSON, cut)

describe('a POST that invites, cut at any step, then retried', () => {
  test('ends with one invitation and one person', async () => {
    await forEachCut(nobody, post, async (world) => comeTrue(world, await provision(world)))
  })

  test('a list that meets the provisional account before the commit changes nothing', async () => {
    await forEachCut(nobody, post, async (world) => {
      await world.ask('GET', '/Users')
      await comeTrue(world, await provision(world))
    })
  })

  test('the sweeper keeps what is there, and invites nobody', async () => {
    await forEachCut(nobody, post, async (world) => {
      const before = world.desk.store.invitations.length
      world.clock.now += 10 * MINUTE_MS
      await world.tick()
      expect(world.desk.store.invitations).toHaveLength(before)
      await comeTrue(world, await provision(world))
    })
  })
})

test('a job whose start was lost is not started again for a day, unless it has ended', async () => {
  const options: WorldOptions = {
    adapter: 'example-async',
    faults: { uniqueness: 'off', jobDelayMs: 1e9 },
  }
  await forEachCut(
    () => nobody(options),
    post,
    async (world) => {
      for (let cycle = 0; cycle < 6; cycle++) {
        const found = await world.ask('GET', MATCH)
        if (found.status === 200 && found.body.totalResults === 0) {
          await world.ask('POST', '/Users', PERSON)
        }
        expect(world.desk.store.jobs.length).toBeLessThanOrEqual(1)
        world.clock.now += CYCLE_MS
      }
      world.desk.faults.set({ jobDelayMs: 0 })
      const id = await provision(world, 50)
      world.clock.now += 3 * 60 * MINUTE_MS
      await world.tick()
      await expectLinked(world, id)
    },
  )
})

test('a poll that is cut at any step is taken up again', async () => {
  const accepted = async () => {
    const { world, id } = await somebody()
    await world.ask('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'title', value: 'Head' }))
    accept(world.desk.store, 5001)
    world.clock.now += 5 * MINUTE_MS
    return { world, id }
  }
  await forEachCut(
    accepted,
    (world, _, cut) => tickCut(world, cut),
    async (world, id) => {
      world.clock.now += 2 * 60 * MINUTE_MS
      await world.tick()
      await expectLinked(world, id)
      expect(world.desk.store.accountsBy('login', LOGIN)).toMatchObject([{ job_title: 'Head' }])
    },
  )
})

test('a withdrawal that is cut at any step, then asked for again, leaves no invitation', async () => {
  await forEachCut(
    somebody,
    (world, id, cut) => request(world, 'PATCH', `/Users/${id}`, OFF, cut),
    async (world, id) => {
      for (let n = 0; n < 3; n++) {
        world.clock.now += CYCLE_MS
        const answer = await world.ask('PATCH', `/Users/${id}`, OFF)
        if (answer.status === 200) break
        expect(answer.status).toBe(503)
      }
      expect(openInvitations(world)).toEqual([])
      expect((await world.ask('GET', `/Users/${id}`)).body.active).toBe(false)
      expect(await liveLinks(world)).toEqual([{ id, state: 'pending' }])
    },
  )
})

test('a withdrawal that is cut, and not asked for again, ends as the app has it', async () => {
  await forEachCut(
    somebody,
    (world, id, cut) => request(world, 'PATCH', `/Users/${id}`, OFF, cut),
    async (world, id) => {
      world.clock.now += CYCLE_MS
      await world.tick()
      const links = await liveLinks(world)
      const read = await world.ask('GET', `/Users/${id}`)
      if (openInvitations(world).length > 0) {
        expect(read.body.active).toBe(true)
        await comeTrue(world, id)
      } else if (links.length > 0) expect(read.body.active).toBe(false)
      // Withdrawn, and nobody knew it: the id has ended, and the client creates again.
      else await comeTrue(world, await provision(world))
    },
  )
})

test('a second invitation that is cut at any step, then asked for again, is one', async () => {
  await forEachCut(
    somebodyOff,
    (world, id, cut) => request(world, 'PATCH', `/Users/${id}`, ON, cut),
    async (world, id) => {
      for (let n = 0; n < 4; n++) {
        const answer = await world.ask('PATCH', `/Users/${id}`, ON)
        if (answer.status === 200) break
        expect([503]).toContain(answer.status)
        world.clock.now += CYCLE_MS
      }
      await comeTrue(world, id)
    },
  )
})

describe('a DELETE that is cut at any step', () => {
  const remove = (world: World, id: string, cut?: Cut) =>
    request(world, 'DELETE', `/Users/${id}`, undefined, cut)

  test('then retried, leaves nobody and no invitation', async () => {
    await forEachCut(somebody, remove, async (world, id) => {
      world.clock.now += CYCLE_MS
      expect([204, 404]).toContain((await world.ask('DELETE', `/Users/${id}`)).status)
      expect(openInvitations(world)).toEqual([])
      expect(await liveLinks(world)).toEqual([])
      expect(await provision(world)).not.toBe(id)
    })
  })

  test('is finished by the sweeper where it has begun, also after the person has accepted', async () => {
    await forEachCut(somebody, remove, async (world, id) => {
      const [open] = openInvitations(world)
      if (open) accept(world.desk.store, open.invitation_no)
      const hasBegun = (await world.ask('GET', `/Users/${id}`)).status === 404
      for (let n = 0; n < 3; n++) {
        world.clock.now += 15 * MINUTE_MS
        await world.tick()
      }
      if (hasBegun) {
        expect(world.logins(LOGIN)).toEqual([])
        expect(await liveLinks(world)).toEqual([])
      } else await expectLinked(world, id)
    })
  })
})

test('two isolates that poll at once link the person once', async () => {
  for (let round = 0; round < 5; round++) {
    const { world, id } = await somebody()
    accept(world.desk.store, 5001)
    world.clock.now += 5 * MINUTE_MS
    await world.holdOthers()
    await Promise.all([world.open().tick(), world.open().tick(), world.ask('GET', MATCH)])
    await expectLinked(world, id)
    const { results } = await env.DB.prepare(
      "SELECT decision FROM audit WHERE link = ? AND decision = 'activated'",
    )
      .bind(id)
      .all()
    expect(results).toHaveLength(1)
  }
})

test('a PATCH while the cron links the person is not lost', async () => {
  const { world, id } = await somebody()
  accept(world.desk.store, 5001)
  world.clock.now += 5 * MINUTE_MS
  await world.holdOthers()
  const title = patch({ op: 'replace', path: 'title', value: 'Head' })
  const [, answer] = await Promise.all([
    world.open().tick(),
    world.open().scim(world.scim, 'PATCH', `/Users/${id}`, title),
  ])
  expect(answer.status).toBe(200)
  world.clock.now += 5 * MINUTE_MS
  await world.tick()
  await expectLinked(world, id)
  expect(world.desk.store.accountsBy('login', LOGIN)).toMatchObject([{ job_title: 'Head' }])
})

test('sixty concurrent POSTs for one person make one invitation and one resource', async () => {
  const world = await openWorld(INVITED)
  const isolates = [world.open(), world.open()]
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, i) =>
      isolates[i % 2]?.scim(world.scim, 'POST', '/Users', PERSON),
    ),
  )
  const created = answers.filter((answer) => answer?.status === 201)
  expect(new Set(created.map((answer) => answer?.body.id)).size).toBe(1)
  for (const answer of answers) expect([201, 409, 503]).toContain(answer?.status)
  await comeTrue(world, created[0]?.body.id)
})
