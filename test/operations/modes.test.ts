/** The modes of a connection: no mode answers a success that did not happen. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { admin } from '../support/gateway.ts'
import {
  brownfield,
  GROUP_SCHEMA,
  idOf,
  match,
  openWorld,
  patch,
  person,
  type World,
} from '../support/world.ts'

const LOGIN = 'Uma.Lind@example.com'
const HOUR_MS = 3_600_000

/** Everything that a write could leave behind; reads may mint discovered links. */
async function traces({ scim }: World) {
  const of = (table: string, where = '') =>
    env.DB.prepare(
      `SELECT t.* FROM ${table} t JOIN connection c ON c.id = t.connection
        WHERE c.name = ? ${where}`,
    )
      .bind(scim.name)
      .all()
      .then(({ results }) => results)
  return {
    links: await of('link', `AND t.state <> 'discovered'`),
    claims: await of('claim'),
    intents: await of('intent'),
    edges: await of('edge'),
  }
}

async function audited({ scim }: World) {
  const { results } = await env.DB.prepare(
    `SELECT a.op, a.decision, a.link, a.detail FROM audit a JOIN connection c ON c.id = a.connection
      WHERE c.name = ? AND a.decision = 'gated' ORDER BY a.seq`,
  )
    .bind(scim.name)
    .all<{ op: string; decision: string; link: string; detail: string }>()
  return results.map((row) => ({ ...row, detail: JSON.parse(row.detail) }))
}

/** To another mode, whatever came before. */
async function setMode({ scim }: World, mode: string, more: object = {}) {
  const changed = await admin('PATCH', `/connections/${scim.name}`, { mode, ...more })
  expect(changed.status).toBe(200)
  return changed.body
}

test('"observe" answers reads, and refuses each write with 400 without planning it', async () => {
  const world = await openWorld({ policy: { mode: 'observe' } })
  brownfield(world, LOGIN)
  const listed = await world.ask('GET', '/Users')
  expect(listed.body.totalResults).toBe(1)
  const path = `/Users/${listed.body.Resources[0].id}`
  const answers = [
    await world.ask('POST', '/Users', person('new@example.com')),
    await world.ask('PATCH', path, patch({ op: 'replace', path: 'active', value: false })),
    await world.ask('PUT', path, person(LOGIN)),
    await world.ask('DELETE', path),
    await world.ask('POST', '/Groups', { schemas: [GROUP_SCHEMA], displayName: 'Line 4' }),
  ]
  for (const { status, body } of answers) {
    expect(status).toBe(400)
    expect(body.detail).toContain('only observes')
  }
  expect(world.changes()).toBe(0)
})

describe('"gate" answers 400 with what would have happened, and writes nothing', () => {
  async function gated(options: Parameters<typeof openWorld>[0] = {}) {
    const world = await openWorld({ ...options, policy: { ...options.policy, mode: 'gate' } })
    const ask = async (method: string, path: string, body?: unknown) => {
      const changes = world.changes()
      const before = await traces(world)
      const answer = await world.ask(method, path, body)
      expect(world.changes()).toBe(changes)
      expect(await traces(world)).toEqual(before)
      return answer
    }
    return { world, ask }
  }

  test('a POST for nobody in the app would create', async () => {
    const { world, ask } = await gated()
    const { status, body } = await ask('POST', '/Users', person(LOGIN))
    expect(status).toBe(400)
    expect(body.scimType).toBeUndefined()
    expect(body.detail).toContain('a new User would be created')
    expect(await audited(world)).toEqual([
      { op: 'create', decision: 'gated', link: '', detail: { would: 'create' } },
    ])
  })

  test('a POST for an account names it, the match rule, and what would change', async () => {
    const { world, ask } = await gated()
    const { account_no } = brownfield(world, LOGIN.toLowerCase(), { job_title: 'Welder' })
    const { status, body } = await ask('POST', '/Users', person(LOGIN, { title: 'Smith' }))
    expect(status).toBe(400)
    expect(body.detail).toContain(`account ${account_no} of the app would be adopted`)
    expect(body.detail).toContain('match rule "userName"')
    expect(body.detail).toMatch(/Attributes that would change: .*title/)
    expect(body.detail).not.toContain('Smith')
  })

  test('a POST that several accounts match says so, and is a finding', async () => {
    const { world, ask } = await gated({ faults: { uniqueness: 'off' } })
    brownfield(world, LOGIN)
    brownfield(world, LOGIN.toUpperCase())
    const { status, body } = await ask('POST', '/Users', person(LOGIN))
    expect(status).toBe(400)
    expect(body.detail).toContain('the answer would be 409: 2 accounts')
    const { items } = (await admin('GET', `/connections/${world.scim.name}/findings`)).body
    expect(items).toMatchObject([{ kind: 'ambiguous' }])
  })

  test('what live would refuse is refused in the same way', async () => {
    const policy = { protected: ['root@*'] }
    const { world, ask } = await gated({ policy })
    brownfield(world, 'root@example.com')
    await setMode(world, 'live')
    const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
    idOf(await world.ask('POST', '/Users', person('other@example.com')))
    const root = idOf({
      ...(await world.ask('GET', match('userName', 'root@example.com'))),
      body: (await world.ask('GET', match('userName', 'root@example.com'))).body.Resources[0],
    })
    const requests = [
      ['POST', '/Users', person(LOGIN)],
      ['POST', '/Users', person('root@example.com')],
      ['POST', '/Users', { schemas: [], displayName: 'No name' }],
      [
        'PATCH',
        `/Users/${id}`,
        patch({ op: 'replace', path: 'userName', value: 'other@example.com' }),
      ],
      ['PATCH', `/Users/${id}`, patch({ op: 'frobnicate', path: 'title', value: 'x' })],
      ['PATCH', `/Users/${root}`, patch({ op: 'replace', path: 'title', value: 'x' })],
      ['DELETE', `/Users/${root}`],
      ['DELETE', `/Users/${crypto.randomUUID()}`],
    ] as const
    const live = []
    for (const [method, path, body] of requests) live.push(await world.ask(method, path, body))
    expect(live.map(({ status }) => status)).toEqual([409, 400, 400, 409, 400, 400, 400, 404])
    await setMode(world, 'gate')
    for (const [at, [method, path, body]] of requests.entries()) {
      const answer = await ask(method, path, body)
      expect(answer.status).toBe(live[at]?.status)
      expect(answer.body).toEqual(live[at]?.body)
    }
  })

  test('a PATCH or PUT names attributes and the switch; one that changes nothing is 200', async () => {
    const { world, ask } = await gated()
    await setMode(world, 'live')
    const sent = person(LOGIN, { title: 'Smith' })
    const id = idOf(await world.ask('POST', '/Users', sent))
    await setMode(world, 'gate')
    const off = await ask(
      'PATCH',
      `/Users/${id}`,
      patch({ op: 'replace', value: { active: false } }),
    )
    expect(off.status).toBe(400)
    expect(off.body.detail).toContain('The User would be disabled.')
    expect(off.body.detail).not.toContain('Attributes')
    const title = await ask('PUT', `/Users/${id}`, person(LOGIN, { title: 'Welder' }))
    expect(title.body.detail).toContain('Attributes that would change: title.')
    const same = await ask('PUT', `/Users/${id}`, sent)
    expect(same).toMatchObject({ status: 200, body: { id, title: 'Smith' } })
    const gatedOps = (await audited(world)).map(({ op, detail }) => [op, detail.changed])
    expect(gatedOps).toEqual([
      ['update', ['active']],
      ['update', ['title']],
    ])
  })

  test('members are counted, whoever holds them', async () => {
    for (const mode of ['native', 'record']) {
      const { world, ask } = await gated({ policy: { groups: { mode } } })
      await setMode(world, 'live')
      const [one, two] = [
        idOf(await world.ask('POST', '/Users', person(LOGIN))),
        idOf(await world.ask('POST', '/Users', person('two.lind@example.com'))),
      ]
      const body = { schemas: [GROUP_SCHEMA], displayName: 'Line 4', members: [{ value: one }] }
      const id = idOf(await world.ask('POST', '/Groups', body))
      await setMode(world, 'gate')
      const members = (...ids: string[]) =>
        patch({ op: 'add', path: 'members', value: ids.map((value) => ({ value })) })
      const more = await ask('PATCH', `/Groups/${id}`, members(one, two))
      expect(more.status).toBe(400)
      expect(more.body.detail).toContain('1 member would change')
      expect((await ask('PATCH', `/Groups/${id}`, members(one))).status).toBe(204)
      const unknown = await ask('PATCH', `/Groups/${id}`, members(crypto.randomUUID()))
      expect(unknown.body.scimType).toBe('invalidValue')
    }
  })

  test('a DELETE says what the policy makes of it', async () => {
    for (const [onDelete, words] of [
      ['native', 'would be deleted'],
      ['deactivate', 'would be disabled'],
      ['refuse', 'refuses deletes'],
    ]) {
      const { world, ask } = await gated({ policy: { deprovision: { onDelete } } })
      await setMode(world, 'live')
      const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
      await setMode(world, 'gate')
      const answer = await ask('DELETE', `/Users/${id}`)
      expect(answer.status).toBe(400)
      expect(answer.body.detail).toContain(words)
      expect((await ask('GET', `/Users/${id}`)).status).toBe(200)
    }
  })

  test('each operation of a bulk request is answered so', async () => {
    const { ask } = await gated()
    const { status, body } = await ask('POST', '/Bulk', {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
      Operations: [
        { method: 'POST', path: '/Users', bulkId: 'a', data: person(LOGIN) },
        { method: 'DELETE', path: `/Users/${crypto.randomUUID()}` },
      ],
    })
    expect(status).toBe(200)
    expect(body.Operations.map((o: { status: string }) => o.status)).toEqual(['400', '404'])
    expect(body.Operations[0].response.detail).toContain('would be created')
  })

  test('a disable that was cut off before is left for live to finish', async () => {
    const { world, ask } = await gated()
    await setMode(world, 'live')
    const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
    const off = patch({ op: 'replace', path: 'active', value: false })
    world.desk.failNext({ match: 'POST /api/accounts/{no}/suspend', how: 'reset' })
    expect((await world.ask('PATCH', `/Users/${id}`, off)).status).toBe(503)
    const cut = (await traces(world)).intents.filter(({ state }) => state === 'unknown')
    expect(cut).toHaveLength(1)
    await setMode(world, 'gate')
    world.clock.now += HOUR_MS
    expect((await ask('PATCH', `/Users/${id}`, off)).body.detail).toContain('disabled')
    expect((await ask('DELETE', `/Users/${id}`)).body.detail).toContain('deleted')
  })

  test('an account that only the app knows would be adopted by its first change', async () => {
    const { world, ask } = await gated()
    const { account_no } = brownfield(world, LOGIN)
    const found = await world.ask('GET', match('userName', LOGIN))
    const path = `/Users/${found.body.Resources[0].id}`
    const answer = await ask('PATCH', path, patch({ op: 'add', path: 'title', value: 'x' }))
    expect(answer.body.detail).toContain(`Account ${account_no} of the app would be adopted.`)
  })
})

describe('a mode that ends', () => {
  test('is followed by "paused", never by "live", and by one finding', async () => {
    const world = await openWorld({ policy: { mode: 'gate' } })
    const name = `/connections/${world.scim.name}`
    const { body } = await admin('GET', name)
    const until = Date.parse(body.modeUntil)
    expect(Math.abs(until - Date.now() - 24 * HOUR_MS)).toBeLessThan(60_000)
    expect((await world.ask('GET', '/Users')).status).toBe(200)

    world.clock.now = until
    for (const method of ['GET', 'POST']) {
      const answer = await world.ask(
        method,
        '/Users',
        method === 'POST' ? person(LOGIN) : undefined,
      )
      expect(answer.status).toBe(503)
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(answer.body.detail).toContain(body.modeUntil)
    }
    await world.tick()
    await world.tick()
    expect((await admin('GET', name)).body).toMatchObject({
      mode: 'paused',
      modeUntil: body.modeUntil,
      policy: { mode: 'paused' },
    })
    const found = async (state: string) =>
      (await admin('GET', `${name}/findings?kind=mode-ended&state=${state}`)).body.items
    expect(await found('open')).toMatchObject([{ detail: { mode: 'gate', until: body.modeUntil } }])

    await setMode(world, 'live')
    expect((await admin('GET', name)).body.modeUntil).toBeNull()
    world.clock.now += 120_000
    // The modes of other tests' connections end with the clock as well.
    await world.tick()
    await world.tick()
    expect(await found('open')).toEqual([])
    expect(await found('closed')).toHaveLength(1)
  })

  test('has its end moved by who sets it, at most 7 days ahead', async () => {
    const world = await openWorld()
    const name = `/connections/${world.scim.name}`
    const at = (ms: number) => new Date(Date.now() + ms).toISOString()
    const until = at(2 * HOUR_MS)
    expect((await setMode(world, 'observe', { modeUntil: until })).modeUntil).toBe(until)
    // Who says the same again, or changes something else, does not move it.
    expect((await setMode(world, 'observe')).modeUntil).toBe(until)
    expect((await admin('PATCH', name, { policy: { maxPage: 5 } })).body.modeUntil).toBe(until)
    const later = at(3 * HOUR_MS)
    expect((await admin('PATCH', name, { modeUntil: later })).body.modeUntil).toBe(later)
    for (const [body, words] of [
      [{ modeUntil: at(-1000) }, 'future'],
      [{ modeUntil: at(8 * 24 * HOUR_MS) }, '7 days'],
      [{ mode: 'live', modeUntil: later }, 'has no end'],
      [{ modeUntil: 'tomorrow' }, ''],
    ] as const) {
      const refused = await admin('PATCH', name, body)
      expect(refused.status).toBe(422)
      expect(refused.body.errors[0].path).toBe('modeUntil')
      expect(refused.body.errors[0].message).toContain(words)
    }
  })
})

test('"paused" is 503 with Retry-After for reads as well', async () => {
  const world = await openWorld({ policy: { mode: 'paused' } })
  for (const method of ['GET', 'POST']) {
    const answer = await world.ask(method, '/Users', method === 'POST' ? person(LOGIN) : undefined)
    expect(answer.status).toBe(503)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  }
})

test('a write meets a mode that another isolate has just set', async () => {
  const world = await openWorld()
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
  await setMode(world, 'observe')
  const title = patch({ op: 'add', path: 'title', value: 'x' })
  expect((await world.ask('PATCH', `/Users/${id}`, title)).status).toBe(400)
})

test('what was cut off is not finished while the connection is not live', async () => {
  const world = await openWorld()
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
  world.desk.failNext({ match: 'DELETE /api/accounts/{no}', how: 'reset' })
  expect((await world.ask('DELETE', `/Users/${id}`)).status).toBe(503)
  await setMode(world, 'observe')
  world.clock.now += 3_600_000
  await world.tick()
  expect(world.logins(LOGIN)).toHaveLength(1)
  await setMode(world, 'live')
  world.clock.now += 3_600_000
  await world.tick()
  expect(world.logins(LOGIN)).toEqual([])
})
