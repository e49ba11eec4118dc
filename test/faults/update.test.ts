/** PATCH and PUT, cut at every step outside and retried in the next cycle. */
import { describe, expect, test, vi } from 'vitest'
import {
  CYCLE_MS,
  cutsOf,
  idOf,
  match,
  openWorld,
  patch,
  person,
  type World,
} from '../support/world.ts'

// Dozens of worlds a test, on machines of any speed.
vi.setConfig({ testTimeout: 120_000 })

const OLD = 'Ida.Holm@example.com'
const NEW = 'Ida.Berg@example.com'
const RENAME = patch(
  { op: 'Replace', path: 'userName', value: NEW },
  { op: 'Replace', path: 'name.familyName', value: 'Berg' },
  { op: 'Replace', path: 'nickName', value: 'Idi' },
)
const DISABLE = patch({ op: 'Replace', path: 'active', value: 'False' })
const BOTH = patch(...RENAME.Operations, ...DISABLE.Operations)

async function open(): Promise<{ world: World; id: string }> {
  const world = await openWorld()
  return { world, id: idOf(await world.ask('POST', '/Users', person(OLD, { title: 'Smith' }))) }
}

async function stepsOf(body: object): Promise<number> {
  const { world, id } = await open()
  const isolate = world.open()
  expect((await isolate.scim(world.scim, 'PATCH', `/Users/${id}`, body)).status).toBe(200)
  return isolate.steps()
}

async function retry({ ask, clock }: World, id: string, body: object): Promise<void> {
  for (let cycle = 0; cycle < 4; cycle++) {
    clock.now += CYCLE_MS
    if ((await ask('PATCH', `/Users/${id}`, body)).status === 200) return
  }
  throw new Error('four cycles did not change the person')
}

test('a rename cut at any step, then retried, moves the person and frees the old name', async () => {
  for (const cut of cutsOf(await stepsOf(RENAME))) {
    const { world, id } = await open()
    const { ask, logins } = world
    await world.open(cut).scim(world.scim, 'PATCH', `/Users/${id}`, RENAME)
    await retry(world, id, RENAME)
    expect(logins(OLD)).toEqual([])
    expect(logins(NEW)).toHaveLength(1)
    const read = await ask('GET', `/Users/${id}`)
    expect(read.body).toMatchObject({
      userName: NEW,
      nickName: 'Idi',
      name: { familyName: 'Berg' },
    })
    const found = await ask('GET', match('userName', NEW))
    expect(found.body.Resources.map((r: { id: string }) => r.id)).toEqual([id])
    expect((await ask('POST', '/Users', person(NEW))).status).toBe(409)
    expect((await ask('POST', '/Users', person(OLD))).status).toBe(201)
    expect(logins(NEW)).toHaveLength(1)
    expect(logins(OLD)).toHaveLength(1)
  }
})

test('a disable cut at any step, then retried, disables in the app', async () => {
  for (const body of [DISABLE, BOTH]) {
    for (const cut of cutsOf(await stepsOf(body))) {
      const { world, id } = await open()
      const [account] = world.logins(OLD)
      await world.open(cut).scim(world.scim, 'PATCH', `/Users/${id}`, body)
      await retry(world, id, body)
      expect(world.desk.store.account(account ?? 0)?.state).toBe('suspended')
      expect((await world.ask('GET', `/Users/${id}`)).body.active).toBe(false)
    }
  }
})

test('a rename or disable cut at any step is finished by the sweeper, or has not begun', async () => {
  for (const body of [RENAME, DISABLE, BOTH]) {
    let finished = 0
    for (const cut of cutsOf(await stepsOf(body))) {
      const { world, id } = await open()
      const { ask, clock, logins } = world
      const [account = 0] = logins(OLD)
      await world.open(cut).scim(world.scim, 'PATCH', `/Users/${id}`, body)
      clock.now += CYCLE_MS
      await world.tick()
      const changed = world.desk.store.account(account)
      const isRenamed = body === DISABLE ? false : logins(NEW).length === 1
      const isOff = body === RENAME ? false : changed?.state === 'suspended'
      if (body === BOTH) expect(isRenamed).toBe(isOff)
      const read = await ask('GET', `/Users/${id}`)
      expect(read.body).toMatchObject({
        userName: isRenamed ? NEW : OLD,
        active: !isOff,
        ...(isRenamed && { nickName: 'Idi', name: { familyName: 'Berg' } }),
      })
      if (isRenamed || isOff) finished += 1
      // Nothing is left open: the next write of this person waits for nobody.
      const title = patch({ op: 'replace', path: 'title', value: 'Dr' })
      expect((await ask('PATCH', `/Users/${id}`, title)).status).toBe(200)
      const free = isRenamed ? OLD : NEW
      expect((await ask('POST', '/Users', person(free))).status).toBe(201)
    }
    // At the least where it was written down and the call of the app, or the commit, was cut off.
    expect(finished).toBeGreaterThanOrEqual(2)
  }
})

test('what a client changed after a disable that was cut off is not undone by its end', async () => {
  for (const cut of cutsOf(await stepsOf(DISABLE))) {
    const { world, id } = await open()
    const [account = 0] = world.logins(OLD)
    await world.open(cut).scim(world.scim, 'PATCH', `/Users/${id}`, DISABLE)
    world.clock.now += CYCLE_MS
    await retry(world, id, patch({ op: 'Replace', path: 'title', value: 'Dr' }))
    await retry(world, id, patch({ op: 'Replace', path: 'active', value: 'True' }))
    world.clock.now += CYCLE_MS
    await world.tick()
    expect(world.desk.store.account(account)).toMatchObject({ state: 'enabled', job_title: 'Dr' })
    expect((await world.ask('GET', `/Users/${id}`)).body).toMatchObject({
      active: true,
      title: 'Dr',
    })
  }
})

test('a DELETE finishes a disable that was cut off, and the sweeper undoes neither', async () => {
  for (const cut of cutsOf(await stepsOf(DISABLE))) {
    const { world, id } = await open()
    await world.open(cut).scim(world.scim, 'PATCH', `/Users/${id}`, DISABLE)
    world.clock.now += CYCLE_MS
    expect((await world.ask('DELETE', `/Users/${id}`)).status).toBe(204)
    await world.tick()
    expect(world.logins(OLD)).toEqual([])
  }
})

test('an update that is under way is waited for, and told apart from one that was cut off', async () => {
  const { world, id } = await open()
  const steps = await stepsOf(DISABLE)
  const dead = { step: steps - 2, how: 'dies' as const }
  await world.open(dead).scim(world.scim, 'PATCH', `/Users/${id}`, DISABLE)
  const enable = patch({ op: 'Replace', path: 'active', value: 'True' })
  const answer = await world.ask('PATCH', `/Users/${id}`, enable)
  expect(answer.status).toBe(503)
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  world.clock.now += 2 * 60_000
  expect((await world.ask('PATCH', `/Users/${id}`, enable)).status).toBe(200)
  expect((await world.ask('GET', `/Users/${id}`)).body.active).toBe(true)
})

test('a rename that was cut off is not done over what somebody changed in the app since', async () => {
  const { world, id } = await open()
  const [no = 0] = world.logins(OLD)
  const steps = await stepsOf(RENAME)
  await world
    .open({ step: steps - 1, how: 'refused' })
    .scim(world.scim, 'PATCH', `/Users/${id}`, RENAME)
  const account = world.desk.store.account(no)
  if (account) world.desk.store.updateAccount(account, { login: 'chosen@example.com' })
  world.clock.now += CYCLE_MS
  await world.tick()
  expect(world.desk.store.account(no)).toMatchObject({
    login: 'chosen@example.com',
    last_name: 'Berg',
  })
})

test('a rename that the app refuses after the crash gives its name back', async () => {
  const { world, id } = await open()
  const steps = await stepsOf(RENAME)
  await world
    .open({ step: steps - 1, how: 'refused' })
    .scim(world.scim, 'PATCH', `/Users/${id}`, RENAME)
  world.clock.now += CYCLE_MS
  const match = 'PATCH /api/accounts/{no}'
  world.desk.failNext({ match, how: 'status', status: 422, when: 'before', times: 1 })
  await world.tick()
  expect(world.logins(OLD)).toHaveLength(1)
  expect((await world.ask('POST', '/Users', person(NEW))).status).toBe(201)
})

test('a success that was answered is never undone by what was cut off before it', async () => {
  for (const cut of cutsOf(await stepsOf(RENAME))) {
    const { world, id } = await open()
    await world.open(cut).scim(world.scim, 'PATCH', `/Users/${id}`, RENAME)
    world.clock.now += CYCLE_MS
    // The directory has changed its mind meanwhile.
    await retry(world, id, patch({ op: 'Replace', path: 'userName', value: OLD }))
    expect(world.logins(OLD)).toHaveLength(1)
    expect(world.logins(NEW)).toEqual([])
    world.clock.now += CYCLE_MS
    expect((await world.ask('POST', '/Users', person(NEW))).status).toBe(201)
    expect((await world.ask('POST', '/Users', person(OLD))).status).toBe(409)
  }
})

describe('two clients at once', () => {
  test('of many renames to one name, one wins and the others are told 409', async () => {
    const { ask, scim, open: isolate, logins } = await openWorld({ faults: { uniqueness: 'off' } })
    const ids: string[] = []
    for (let n = 0; n < 10; n++) ids.push(idOf(await ask('POST', '/Users', person(`p${n}.q@x.io`))))
    const isolates = [isolate(), isolate()]
    const to = patch({ op: 'replace', path: 'userName', value: NEW })
    const answers = await Promise.all(
      ids.map((id, n) => isolates[n % 2]?.scim(scim, 'PATCH', `/Users/${id}`, to)),
    )
    const won = answers.filter((answer) => answer?.status === 200)
    expect(won).toHaveLength(1)
    for (const answer of answers) expect([200, 409]).toContain(answer?.status)
    expect(logins(NEW)).toHaveLength(1)
  })

  test('concurrent PATCHes of different attributes all take effect', async () => {
    const { world, id } = await open()
    const paths = ['nickName', 'title', 'displayName', 'locale', 'timezone']
    const answers = await Promise.all(
      paths.map((path) =>
        world
          .open()
          .scim(
            world.scim,
            'PATCH',
            `/Users/${id}`,
            patch({ op: 'add', path, value: `v-${path}` }),
          ),
      ),
    )
    for (const { status } of answers) expect([200, 503]).toContain(status)
    const { body } = await world.ask('GET', `/Users/${id}`)
    for (const [n, path] of paths.entries()) {
      if (answers[n]?.status === 200) expect(body[path]).toBe(`v-${path}`)
    }
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(2)
  })

  test('a DELETE beside PATCHes is never answered with a person who is still there', async () => {
    const { world, id } = await open()
    const change = patch({ op: 'replace', path: 'title', value: 'Dr' })
    const [, deleted] = await Promise.all([
      world.open().scim(world.scim, 'PATCH', `/Users/${id}`, change),
      world.open().scim(world.scim, 'DELETE', `/Users/${id}`),
      world.open().scim(world.scim, 'PATCH', `/Users/${id}`, change),
    ])
    expect([204, 503]).toContain(deleted?.status)
    if (deleted?.status === 204) expect(world.logins(OLD)).toEqual([])
  })
})
