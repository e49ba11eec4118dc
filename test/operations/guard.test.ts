/** The guard: more disables and deletes in a window than policy allows wait for a person. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { adminOf } from '../support/reconcile.ts'
import {
  brownfield,
  idOf,
  MINUTE_MS,
  openWorld,
  patch,
  person,
  type World,
} from '../support/world.ts'

const OFF = patch({ op: 'Replace', path: 'active', value: 'False' })
const ON = patch({ op: 'Replace', path: 'active', value: 'True' })

async function open(guard: object, people: number): Promise<{ world: World; ids: string[] }> {
  const world = await openWorld({ policy: { guard } })
  const ids: string[] = []
  for (let n = 0; n < people; n++) {
    ids.push(idOf(await world.ask('POST', '/Users', person(`p${n}.x@example.com`))))
  }
  return { world, ids }
}

const enabled = ({ desk }: World): number =>
  [...desk.store.accounts()].filter((account) => account.state === 'enabled').length

async function findings({ scim }: World) {
  const { results } = await env.DB.prepare(
    `SELECT f.id, f.kind, f.detail FROM finding f JOIN connection c ON c.id = f.connection
      WHERE c.name = ? AND f.state = 'open'`,
  )
    .bind(scim.name)
    .all<{ id: string; kind: string; detail: string }>()
  return results
}

test('the one that is too many waits, whole, and the answer names the finding', async () => {
  const { world, ids } = await open({ maxCount: 3 }, 6)
  const answers = []
  for (const id of ids.slice(0, 5)) answers.push(await world.ask('PATCH', `/Users/${id}`, OFF))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 400, 400])
  expect(enabled(world)).toBe(3)
  const [finding, ...others] = await findings(world)
  expect(others).toEqual([])
  expect(finding).toMatchObject({ kind: 'guard' })
  expect(JSON.parse(finding?.detail ?? '{}')).toMatchObject({ type: 'User', parked: 2 })
  expect(answers[4]?.body.detail).toContain(finding?.id)
  // Everything else goes on.
  const title = patch({ op: 'replace', path: 'title', value: 'Dr' })
  expect((await world.ask('PATCH', `/Users/${ids[4]}`, title)).status).toBe(200)
  expect((await world.ask('POST', '/Users', person('new.one@example.com'))).status).toBe(201)
})

test('deletes count as well, and a person who was disabled before is counted once', async () => {
  const { world, ids } = await open({ maxCount: 2 }, 4)
  const [a, b, c] = ids
  expect((await world.ask('PATCH', `/Users/${a}`, OFF)).status).toBe(200)
  expect((await world.ask('DELETE', `/Users/${a}`)).status).toBe(204)
  expect((await world.ask('DELETE', `/Users/${b}`)).status).toBe(204)
  expect((await world.ask('DELETE', `/Users/${c}`)).status).toBe(400)
  expect((await world.ask('GET', `/Users/${c}`)).status).toBe(200)
})

test('of many at once no more pass than the guard lets in', async () => {
  const { world, ids } = await open({ maxCount: 4 }, 12)
  const isolates = [world.open(), world.open()]
  const answers = await Promise.all(
    ids.map((id, n) => isolates[n % 2]?.scim(world.scim, 'PATCH', `/Users/${id}`, OFF)),
  )
  expect(answers.filter((answer) => answer?.status === 200)).toHaveLength(4)
  expect(answers.filter((answer) => answer?.status === 400)).toHaveLength(8)
  expect(enabled(world)).toBe(8)
})

test('a share counts only above twenty people, and the admin API says how many may leave', async () => {
  const guard = { maxPercent: 10 }
  const mayLeave = async ({ world }: { world: World }) =>
    (await adminOf(world.open(), world.scim)('GET', '/guard')).body.mayLeave
  const few = await open(guard, 20)
  expect(await mayLeave(few)).toBe(50)
  for (const id of few.ids.slice(0, 5)) {
    expect((await few.world.ask('PATCH', `/Users/${id}`, OFF)).status).toBe(200)
  }
  const many = await open(guard, 30)
  expect(await mayLeave(many)).toBe(3)
  const statuses: number[] = []
  for (const id of many.ids.slice(0, 4)) {
    statuses.push((await many.world.ask('DELETE', `/Users/${id}`)).status)
  }
  expect(statuses).toEqual([204, 204, 204, 400])
  expect(await mayLeave(many)).toBe(3)
})

test('when the window has passed, the next ones pass', async () => {
  const { world, ids } = await open({ maxCount: 1, windowMinutes: 10 }, 3)
  const [a, b] = ids
  expect((await world.ask('PATCH', `/Users/${a}`, OFF)).status).toBe(200)
  expect((await world.ask('PATCH', `/Users/${b}`, OFF)).status).toBe(400)
  world.clock.now += 11 * MINUTE_MS
  expect((await world.ask('PATCH', `/Users/${b}`, OFF)).status).toBe(200)
})

test('who comes back has not left', async () => {
  const { world, ids } = await open({ maxCount: 1 }, 2)
  const [a, b] = ids
  for (const body of [OFF, ON]) {
    expect((await world.ask('PATCH', `/Users/${a}`, body)).status).toBe(200)
  }
  expect((await world.ask('PATCH', `/Users/${b}`, OFF)).status).toBe(200)
})

test('a disable that the app refuses is not counted', async () => {
  const { world, ids } = await open({ maxCount: 1 }, 2)
  const [a, b] = ids
  const match = 'POST /api/accounts/{no}/suspend'
  world.desk.failNext({ match, how: 'status', status: 429, when: 'before', times: 1 })
  expect((await world.ask('PATCH', `/Users/${a}`, OFF)).status).toBe(503)
  expect((await world.ask('PATCH', `/Users/${b}`, OFF)).status).toBe(200)
})

test('a guard of 0 lets nobody leave, and one that is open all', async () => {
  const shut = await open({ maxCount: 0 }, 1)
  expect((await shut.world.ask('DELETE', `/Users/${shut.ids[0]}`)).status).toBe(400)
  const wide = await open({ maxCount: 1000, maxPercent: 100 }, 25)
  for (const id of wide.ids) {
    expect((await wide.world.ask('DELETE', `/Users/${id}`)).status).toBe(204)
  }
})

test('a share of all lets everybody leave at once, also whom no client has written to before', async () => {
  const { world } = await open({ maxCount: 1000, maxPercent: 100 }, 21)
  for (let n = 0; n < 30; n++) brownfield(world, `unseen.${n}@example.com`)
  const { body } = await world.ask('GET', '/Users?count=100')
  const ids = body.Resources.map(({ id }: { id: string }) => id)
  const answers = await Promise.all(
    ids.map((id: string) => world.ask('PATCH', `/Users/${id}`, OFF)),
  )
  expect(answers.map(({ status }) => status)).toEqual(ids.map(() => 200))
})

async function decide(world: World, decision: 'allow' | 'reject') {
  const [finding] = await findings(world)
  const ask = adminOf(world.open(), world.scim)
  return ask('POST', `/findings/${finding?.id}/decide`, { decision })
}

test('those whom a person allows pass when the client tries again, and are not counted', async () => {
  const { world, ids } = await open({ maxCount: 2 }, 6)
  for (const id of ids.slice(0, 4)) await world.ask('PATCH', `/Users/${id}`, OFF)
  expect(enabled(world)).toBe(4)
  expect(await decide(world, 'allow')).toMatchObject({ status: 200, body: { state: 'closed' } })
  for (const id of ids.slice(2, 4)) {
    expect((await world.ask('PATCH', `/Users/${id}`, OFF)).status).toBe(200)
  }
  expect(enabled(world)).toBe(2)
  // Nobody allowed the others.
  expect((await world.ask('PATCH', `/Users/${ids[4]}`, OFF)).status).toBe(400)
  world.clock.now += 61 * MINUTE_MS
  for (const id of ids.slice(4)) {
    expect((await world.ask('PATCH', `/Users/${id}`, OFF)).status).toBe(200)
  }
})

test('those whom a person rejects stay, and the client hears why', async () => {
  const { world, ids } = await open({ maxCount: 1 }, 3)
  const [a, b] = ids
  await world.ask('PATCH', `/Users/${a}`, OFF)
  expect((await world.ask('DELETE', `/Users/${b}`)).status).toBe(400)
  await decide(world, 'reject')
  world.clock.now += 120 * MINUTE_MS
  const answer = await world.ask('DELETE', `/Users/${b}`)
  expect(answer.status).toBe(400)
  expect(answer.body.detail).toContain('rejected')
  expect(await findings(world)).toEqual([])
  expect((await world.ask('GET', `/Users/${b}`)).status).toBe(200)
})

test.each(['PATCH', 'PUT'])(
  'a client that says again that somebody is on (%s) takes back its wish to disable them, and with it what was decided',
  async (method) => {
    const { world, ids } = await open({ maxCount: 0 }, 2)
    const [a, b] = ids
    const again = (n: number) => (method === 'PATCH' ? ON : person(`p${n}.x@example.com`))
    for (const id of ids) expect((await world.ask('PATCH', `/Users/${id}`, OFF)).status).toBe(400)
    expect((await world.ask(method, `/Users/${a}`, again(0))).status).toBe(200)
    const guard = async () => (await adminOf(world.open(), world.scim)('GET', '/guard')).body
    expect(await guard()).toMatchObject({ parked: 1 })
    await decide(world, 'reject')
    // What says nothing of `active` takes nothing back.
    const title = patch({ op: 'replace', path: 'title', value: 'Dr' })
    expect((await world.ask('PATCH', `/Users/${b}`, title)).status).toBe(200)
    const refused = await world.ask('PATCH', `/Users/${b}`, OFF)
    expect(refused.body.detail).toContain('rejected')
    expect((await world.ask(method, `/Users/${b}`, again(1))).status).toBe(200)
    // The next wish to disable them is a new one: it waits for a new decision.
    const waits = await world.ask('PATCH', `/Users/${b}`, OFF)
    expect(waits.body.detail).toContain('allow or reject')
    expect(await findings(world)).toHaveLength(1)
  },
)
