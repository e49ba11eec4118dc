/** Roles, cut at every step outside: the sweeper ends them, with or without the client's retry. */
import { expect, test, vi } from 'vitest'
import type { Cut } from '../support/isolate.ts'
import { changeGroups, GROUPS, openRoles, type RoleWorld, untold } from '../support/roles.ts'
import { add, remove, replace } from '../support/team.ts'
import { CYCLE_MS, cutsOf, MINUTE_MS, patch } from '../support/world.ts'

// Dozens of worlds a test, on machines of any speed.
vi.setConfig({ testTimeout: 240_000 })

interface Scene {
  readonly it: RoleWorld
  readonly leads: string
  readonly admins: string
}

/** 0 and 1 lead, 1 and 2 are admins. */
async function open(policy: object = {}): Promise<Scene> {
  const it = await openRoles(4, { policy: { groups: GROUPS, ...policy } })
  const [a = '', b = '', c = ''] = it.ids
  return { it, leads: await it.group('leads', a, b), admins: await it.group('admins', b, c) }
}
const BEFORE = ['lead', 'admin', 'admin', 'staff']

type Request = (scene: Scene) => readonly [method: string, path: string, body?: unknown]

const REQUESTS: Readonly<Record<string, [Request, string[]]>> = {
  'two who join': [
    ({ it, admins }) => ['PATCH', admins, add(it.ids[0] ?? '', it.ids[3] ?? '')],
    ['admin', 'admin', 'admin', 'admin'],
  ],
  'one who leaves': [
    ({ it, admins }) => ['PATCH', admins, remove(it.ids[1] ?? '')],
    ['lead', 'lead', 'admin', 'staff'],
  ],
  'other members': [
    ({ it, admins }) => ['PATCH', admins, replace(it.ids[2] ?? '', it.ids[3] ?? '')],
    ['lead', 'lead', 'admin', 'admin'],
  ],
  'another externalId': [
    ({ leads }) => ['PATCH', leads, patch({ op: 'replace', path: 'externalId', value: 'nothing' })],
    ['staff', 'admin', 'admin', 'staff'],
  ],
  'the end of a group': [({ admins }) => ['DELETE', admins], ['lead', 'lead', 'staff', 'staff']],
}

async function nights({ it }: Scene): Promise<void> {
  for (let runs = 0; runs < 2; runs++) {
    it.world.clock.now += CYCLE_MS
    await it.world.tick()
  }
}

function send({ it: { world } }: Scene, [method, path, body]: ReturnType<Request>, cut?: Cut) {
  const isolate = world.open(cut)
  const answer = isolate.scim(world.scim, method, path, body).catch(() => undefined)
  return { isolate, answer }
}

test.each(Object.entries(REQUESTS))(
  '%s: cut anywhere, nothing of it happens or all of it, without the client',
  async (_, [request, expected]) => {
    const first = await open()
    const whole = send(first, request(first))
    expect((await whole.answer)?.status).toBeLessThan(300)
    expect(first.it.roles()).toEqual(expected)

    for (const cut of cutsOf(whole.isolate.steps(), undefined, 2)) {
      const scene = await open()
      await send(scene, request(scene), cut).answer
      await nights(scene)
      const ends = [BEFORE, expected].map((roles) => roles.join())
      expect(ends, JSON.stringify(cut)).toContain(scene.it.roles().join())
      expect(await untold(scene.it), JSON.stringify(cut)).toEqual([])
      // The retry, if it comes, brings it about.
      await send(scene, request(scene)).answer
      expect(scene.it.roles(), JSON.stringify(cut)).toEqual(expected)
      expect(await untold(scene.it), JSON.stringify(cut)).toEqual([])
    }
  },
)

test('a person who is switched off and on, cut anywhere, has the role of the groups in the end', async () => {
  const policy = { deprovision: { onInactive: 'strip' } }
  const turn =
    (value: boolean): Request =>
    ({ it }) => ['PATCH', `/Users/${it.ids[2]}`, patch({ op: 'replace', path: 'active', value })]
  const first = await open(policy)
  const off = send(first, turn(false)(first))
  expect((await off.answer)?.status).toBe(200)
  expect(first.it.role(2)).toBe('staff')
  const on = send(first, turn(true)(first))
  expect((await on.answer)?.status).toBe(200)
  expect(first.it.roles()).toEqual(BEFORE)

  for (const [value, steps, role] of [
    [false, off.isolate.steps(), 'staff'],
    [true, on.isolate.steps(), 'admin'],
  ] as const) {
    // A step that is refused is one that nobody has taken, as the one after a death.
    for (const cut of cutsOf(steps, ['dies', 'lost'], 2)) {
      const scene = await open(policy)
      if (value) await send(scene, turn(false)(scene)).answer
      await send(scene, turn(value)(scene), cut).answer
      scene.it.world.clock.now += CYCLE_MS
      await send(scene, turn(value)(scene)).answer
      await nights(scene)
      expect(scene.it.role(2), JSON.stringify([value, cut])).toBe(role)
      expect(await untold(scene.it), JSON.stringify([value, cut])).toEqual([])
    }
  }
})

test('a changed table is followed to the end, wherever the cron is cut', async () => {
  const groups = { roleTable: [{ externalId: 'leads', app: 'role', value: 'admin' }] }
  const expected = ['admin', 'admin', 'staff', 'staff']
  const cut = async (at: Cut | undefined): Promise<void> => {
    const scene = await open()
    const { world } = scene.it
    await changeGroups(scene.it, groups)
    world.clock.now += MINUTE_MS
    await world.nightlyTick(at).catch(() => undefined)
    for (const hours of [0, 25]) {
      world.clock.now += hours * 3_600_000
      await world.nightlyTick()
    }
    expect(scene.it.roles(), JSON.stringify(at)).toEqual(expected)
    expect(await untold(scene.it)).toEqual([])
  }
  await cut(undefined)
  for (let step = 4; step < 32; step += 3) await cut({ step, how: 'dies' })
})
