import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { Access } from '../../src/access/authenticate.ts'
import { Sealing } from '../../src/access/seal.ts'
import { aName } from '../db/stored-connection.ts'
import { noKeySets } from '../support/key-sets.ts'
import { admin, BASE_URL, CRM, faults, NOW } from './admin.ts'

const { call } = admin()

function access(now = NOW) {
  return new Access({
    db: env.DB,
    sealing: new Sealing(env.POSTERN_SEALING_KEY),
    keySets: noKeySets,
    now: () => now,
    waitUntil: () => {},
    lost: () => {},
  })
}

async function create(body: Record<string, unknown> = { adapter: 'sandbox' }) {
  const name = aName()
  const answer = await call('POST', '/connections', { name, ...body })
  expect(answer.text).toContain(name)
  expect(answer.status).toBe(201)
  return { name, token: answer.body.token as string, answer }
}

/** Every text that the control tables hold. */
async function everythingStored(): Promise<string> {
  const tables = ['connection', 'connection_secret', 'token']
  const rows = await Promise.all(
    tables.map((table) => env.DB.prepare(`SELECT * FROM ${table}`).all()),
  )
  return JSON.stringify(rows.map((r) => r.results))
}

const DEVICE = {
  resourceTypes: [{ name: 'Device', endpoint: '/Devices', schema: 'urn:example:Device' }],
  extensions: [
    {
      resourceType: 'Device',
      required: true,
      schema: { id: 'urn:example:Device', attributes: [{ name: 'serial', type: 'string' }] },
    },
  ],
}
const BADGE = {
  resourceType: 'User',
  schema: { id: 'urn:example:Badge', attributes: [{ name: 'badge', type: 'string' }] },
}

describe('creating a connection', () => {
  test('answers with its SCIM base URL, a token that works, and every default', async () => {
    const { name, token, answer } = await create()
    expect(answer.headers.get('location')).toBe(`${BASE_URL}/admin/api/connections/${name}`)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.body).toMatchObject({
      name,
      adapter: 'sandbox',
      scimBaseUrl: `${BASE_URL}/scim/${name}/v2`,
      settings: {},
      mapping: {},
      mode: 'live',
      policy: { profile: 'tolerant', mode: 'live', maxPage: 100 },
      extensions: [],
      resourceTypes: [],
      createdAt: new Date(NOW).toISOString(),
    })
    expect(token).toMatch(/^pst_/)
    expect((await access().admit(name, `Bearer ${token}`, 'fresh')).connection.name).toBe(name)
  })

  test('hands settings, secrets, mapping and policy on to the operations', async () => {
    const { name, token } = await create({
      ...CRM,
      mapping: {
        User: {
          userName: 'login',
          'emails[type eq "work"].value': 'mail',
          'urn:example:Badge:badge': 'title',
        },
      },
      policy: { mode: 'gate', match: [{ scim: 'userName', app: 'mail', auto: false }] },
      extensions: [BADGE],
    })
    const { connection } = await access().admit(name, `Bearer ${token}`, 'fresh')
    expect(connection.settings).toEqual({ url: 'https://crm.example' })
    expect(await connection.secrets()).toEqual(CRM.secrets)
    expect(connection.mapping?.['User']).toMatchObject({ userName: 'login' })
    expect(connection.policy.mode).toBe('gate')
    expect(connection.policy.match).toEqual([{ scim: 'userName', app: 'mail', auto: false }])
    expect(connection.definitions.get('User')?.extension('urn:example:Badge')).toBeDefined()
  })

  test('stores neither token nor secret in a form that can be read', async () => {
    const { name, token, answer } = await create({ ...CRM })
    const stored = await everythingStored()
    expect(stored).toContain(name)
    for (const value of [token, token.slice(4), ...Object.values(CRM.secrets)]) {
      expect(stored).not.toContain(value)
    }
    expect(answer.text).not.toContain(CRM.secrets.apiKey)
    for (const path of [`/connections/${name}`, '/connections', `/connections/${name}/tokens`]) {
      const { text } = await call('GET', path)
      for (const value of [token, ...Object.values(CRM.secrets)]) expect(text).not.toContain(value)
    }
  })

  test('under a name that is taken is 409', async () => {
    const { name } = await create()
    const answer = await call('POST', '/connections', { name, adapter: 'sandbox' })
    expect(answer.status).toBe(409)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.body).toMatchObject({ type: 'about:blank', title: 'Conflict', status: 409 })
  })

  test('with types of its own is for adapters that declare none', async () => {
    const { name } = await create({ adapter: 'sandbox', ...DEVICE })
    expect((await call('GET', `/connections/${name}`)).body.resourceTypes).toEqual(
      DEVICE.resourceTypes,
    )
    const refused = await call('POST', '/connections', { name: aName(), ...CRM, ...DEVICE })
    expect(faults(refused)).toEqual(['resourceTypes'])
  })

  const refusals: [string, Record<string, unknown>, string[]][] = [
    ['a name with capitals', { name: 'Acme', adapter: 'sandbox' }, ['name']],
    ['a name that begins with a hyphen', { name: '-acme', adapter: 'sandbox' }, ['name']],
    ['a name of 64 characters', { name: 'a'.repeat(64), adapter: 'sandbox' }, ['name']],
    ['no adapter', {}, ['adapter']],
    ['an adapter that there is not', { adapter: 'nope' }, ['adapter']],
    ['an unknown member', { adapter: 'sandbox', colour: 'red' }, ['colour']],
    [
      'missing settings and secrets',
      { adapter: 'crm' },
      ['secrets.apiKey', 'secrets.pin', 'settings.url'],
    ],
    [
      'settings of the wrong type',
      { ...CRM, settings: { url: 'https://crm.example', region: 'moon' } },
      ['settings.region'],
    ],
    [
      'an unknown setting',
      { ...CRM, settings: { url: 'https://crm.example', regoin: 'eu' } },
      ['settings.regoin'],
    ],
    [
      'a secret among the settings',
      { ...CRM, settings: { ...CRM.settings, apiKey: 'k' } },
      ['settings.apiKey'],
    ],
    [
      'an app URL that must not be called',
      { ...CRM, settings: { url: 'https://internal' } },
      ['settings.url'],
    ],
    ['an unknown secret', { ...CRM, secrets: { ...CRM.secrets, other: 'x' } }, ['secrets.other']],
    ['an empty secret', { ...CRM, secrets: { ...CRM.secrets, pin: '' } }, ['secrets.pin']],
    [
      'an unknown key of the policy',
      { adapter: 'sandbox', policy: { guard: { max: 1 } } },
      ['policy.guard.max'],
    ],
    ['an unknown mode', { adapter: 'sandbox', mode: 'off' }, ['mode']],
    [
      'an unknown mode within the policy',
      { adapter: 'sandbox', policy: { mode: 'off' } },
      ['policy.mode'],
    ],
    ['two modes', { adapter: 'sandbox', mode: 'gate', policy: { mode: 'live' } }, ['mode']],
    ['a mapping of an unknown type', { ...CRM, mapping: { Robot: {} } }, ['mapping.Robot']],
    ['a mapping that is no object', { ...CRM, mapping: { User: 'all' } }, ['mapping.User']],
    [
      'a mapping of a broken path',
      { ...CRM, mapping: { User: { 'emails[': 'mail' } } },
      ['mapping.User.emails['],
    ],
    [
      'a mapping of an unknown SCIM attribute',
      { ...CRM, mapping: { User: { shoe: 'mail' } } },
      ['mapping.User.shoe'],
    ],
    [
      'a mapping to an attribute that the app lacks',
      { ...CRM, mapping: { User: { title: 'titel' } } },
      ['mapping.User.title'],
    ],
    [
      'a mapping to no attribute at all',
      { ...CRM, mapping: { User: { title: 1 } } },
      ['mapping.User.title'],
    ],
    [
      'a mapping of one SCIM attribute in two spellings',
      { ...CRM, mapping: { User: { title: 'title', Title: 'mail' } } },
      ['mapping.User.Title'],
    ],
    [
      'a match rule on what the app lacks',
      { ...CRM, policy: { match: [{ scim: 'userName', app: 'x' }] } },
      ['policy.match.0.app'],
    ],
    [
      'a match rule on what SCIM lacks',
      { ...CRM, policy: { match: [{ scim: 'shoe' }] } },
      ['policy.match.0.scim'],
    ],
    [
      'a policy for an unknown attribute',
      { ...CRM, policy: { attributes: { shoe: 'drop' } } },
      ['policy.attributes.shoe'],
    ],
    [
      'an extension that is no schema',
      { adapter: 'sandbox', extensions: [{ resourceType: 'User', schema: { id: 'x' } }] },
      ['extensions.0.schema.attributes', 'extensions.0.schema.id'],
    ],
    [
      'a member that grew too large',
      { adapter: 'sandbox', policy: { attributes: { ['x'.repeat(300_000)]: 'drop' } } },
      ['policy'],
    ],
  ]
  test.each(refusals)('refuses %s, and says where', async (_, body, paths) => {
    const answer = await call('POST', '/connections', { name: aName(), ...body })
    expect(answer.status).toBe(422)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    for (const path of paths) expect(faults(answer)).toContain(path)
    expect(answer.text).not.toContain(CRM.secrets.apiKey)
  })

  test('names every fault of the request at once', async () => {
    const answer = await call('POST', '/connections', {
      name: aName(),
      adapter: 'crm',
      settings: { url: 'no url' },
      secrets: { pin: '1' },
      policy: { maxPage: 0 },
      mapping: { User: { title: 'x' } },
    })
    expect(faults(answer)).toEqual([
      'mapping.User.title',
      'policy.maxPage',
      'secrets.apiKey',
      'settings.url',
    ])
  })

  test('without a sealing key says which setting is missing, and stores nothing', async () => {
    const name = aName()
    const { call, reported } = admin({ sealing: new Sealing(undefined) })
    const answer = await call('POST', '/connections', { name, ...CRM })
    expect(answer.status).toBe(500)
    expect(answer.body.detail).toContain('POSTERN_SEALING_KEY')
    expect(reported).toHaveLength(1)
    expect((await call('GET', `/connections/${name}`)).status).toBe(404)
  })
})

describe('reading connections', () => {
  test('goes by name, and an unknown one is 404', async () => {
    const { name } = await create()
    expect((await call('GET', `/connections/${name}`)).body).toMatchObject({ name, mode: 'live' })
    expect((await call('GET', `/connections/${aName()}`)).status).toBe(404)
  })

  test('as a list goes page by page, each connection once, in the order of names', async () => {
    const mine = []
    for (let i = 0; i < 103; i++) mine.push((await create()).name)
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const { body, status } = await call('GET', `/connections${cursor ? `?cursor=${cursor}` : ''}`)
      expect(status).toBe(200)
      expect(body.items.length).toBeLessThanOrEqual(100)
      seen.push(...body.items.map((item: { name: string }) => item.name))
      cursor = body.nextCursor
    } while (cursor)
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).toEqual([...seen].sort())
    expect(seen).toEqual(expect.arrayContaining(mine))
  })

  test.each(['x', 'bnVsbA', 'WzFd'])(
    'from the cursor %j, which the list never gave, is 400',
    async (cursor) => {
      const answer = await call('GET', `/connections?cursor=${cursor}`)
      expect(answer.status).toBe(400)
      expect(faults(answer)).toEqual(['cursor'])
    },
  )
})

describe('patching a connection', () => {
  test('merges each member, and null takes a key back to its default', async () => {
    const { name } = await create({ ...CRM, policy: { maxPage: 10, guard: { maxCount: 1 } } })
    const first = await call('PATCH', `/connections/${name}`, {
      settings: { region: 'us' },
      policy: { guard: { maxPercent: 5 }, maxPage: null },
      mapping: { User: { title: 'title' } },
      extensions: [BADGE],
      mode: 'paused',
    })
    expect(first.status).toBe(200)
    expect(first.body).toMatchObject({
      settings: { url: 'https://crm.example', region: 'us' },
      mapping: { User: { title: 'title' } },
      extensions: [BADGE],
      mode: 'paused',
    })
    expect(first.body.policy).toMatchObject({
      maxPage: 100,
      mode: 'paused',
      guard: { maxCount: 1, maxPercent: 5 },
    })
    const second = await call('PATCH', `/connections/${name}`, {
      settings: { region: null },
      mapping: null,
      extensions: null,
      policy: { mode: null },
    })
    expect(second.body).toMatchObject({ settings: CRM.settings, mapping: {}, extensions: [] })
    expect(second.body.mode).toBe('live')
    expect((await call('GET', `/connections/${name}`)).body).toEqual(second.body)
  })

  test('counts the mapping version up when the mapping changes, and only then', async () => {
    const { name } = await create({ ...CRM })
    const version = async (patch: object) =>
      (await call('PATCH', `/connections/${name}`, patch)).body.mappingVersion
    expect(await version({ mapping: { User: { title: 'title' } } })).toBe(2)
    expect(await version({ mapping: { User: { title: 'title' } } })).toBe(2)
    expect(await version({ mode: 'gate' })).toBe(2)
    expect(await version({ mapping: { User: null } })).toBe(3)
  })

  test('that changes nothing writes nothing', async () => {
    const { call, clock } = admin()
    const { name, answer } = await create({ ...CRM, policy: { maxPage: 10 } })
    clock.now += 1000
    const same = { policy: { maxPage: 10 }, settings: CRM.settings, mode: 'live' }
    const { body } = await call('PATCH', `/connections/${name}`, same)
    expect(body.updatedAt).toBe(answer.body.updatedAt)
  })

  test('replaces secrets by key and leaves the others', async () => {
    const { name, token } = await create({ ...CRM })
    const isolate = access()
    const secrets = async () =>
      (await isolate.admit(name, `Bearer ${token}`, 'fresh')).connection.secrets()
    expect(await secrets()).toEqual(CRM.secrets)
    const patched = await call('PATCH', `/connections/${name}`, { secrets: { pin: 'n3w' } })
    expect(patched.status).toBe(200)
    expect(patched.text).not.toContain('n3w')
    expect(await secrets()).toEqual({ ...CRM.secrets, pin: 'n3w' })
  })

  test('cannot remove a secret that the adapter requires', async () => {
    const { name } = await create({ ...CRM })
    const answer = await call('PATCH', `/connections/${name}`, { secrets: { pin: null } })
    expect(answer.status).toBe(422)
    expect(faults(answer)).toEqual(['secrets.pin'])
  })

  test.each([
    [{ name: 'other' }, 'name'],
    [{ adapter: 'sandbox' }, 'adapter'],
    [{ token: 'x' }, 'token'],
    [{ resourceTypes: [] }, 'resourceTypes'],
    [{ settings: { url: null } }, 'settings.url'],
    [{ policy: { mode: 'off' } }, 'policy.mode'],
    [{ mode: 'gate', policy: { mode: 'live' } }, 'mode'],
    [{ settings: 'all' }, 'settings'],
  ])('with %j is refused, and says where', async (patch, path) => {
    const { name, answer } = await create({ ...CRM })
    const refused = await call('PATCH', `/connections/${name}`, patch)
    expect(refused.status).toBe(422)
    expect(faults(refused)).toEqual([path])
    const { token: _, tokenId: __, ...before } = answer.body
    expect((await call('GET', `/connections/${name}`)).body).toEqual(before)
  })

  test('with something that is no object is refused as a whole', async () => {
    const { name } = await create()
    expect(faults(await call('PATCH', `/connections/${name}`, []))).toEqual([''])
  })

  test('that takes away what a mapping needs is refused at the mapping', async () => {
    const { name } = await create({
      ...CRM,
      extensions: [BADGE],
      mapping: { User: { 'urn:example:Badge:badge': 'title' } },
    })
    const answer = await call('PATCH', `/connections/${name}`, { extensions: [] })
    expect(answer.status).toBe(422)
    expect(faults(answer)).toEqual(['mapping.User.urn:example:Badge:badge'])
  })

  test('can pause a connection whose adapter went away, but not change its settings', async () => {
    const { name } = await create({ ...CRM })
    const { call } = admin({ describeAdapter: () => undefined })
    const paused = await call('PATCH', `/connections/${name}`, { mode: 'paused' })
    expect(paused.status).toBe(200)
    expect(paused.body.mode).toBe('paused')
    const refused = await call('PATCH', `/connections/${name}`, { settings: { region: 'us' } })
    expect(faults(refused)).toEqual(['adapter'])
  })

  test('by many at once loses no change', async () => {
    const { name } = await create()
    const patches = [{ maxPage: 7 }, { profile: 'strict' }]
    const answers = await Promise.all(
      patches.map((policy) => call('PATCH', `/connections/${name}`, { policy })),
    )
    expect(answers.map((a) => a.status)).toEqual([200, 200])
    const { body } = await call('GET', `/connections/${name}`)
    expect(body.policy).toMatchObject({ maxPage: 7, profile: 'strict' })
  })

  test('of an unknown connection is 404', async () => {
    expect((await call('PATCH', `/connections/${aName()}`, {})).status).toBe(404)
  })
})

describe('off-boarding a connection', () => {
  test('is 202, ends its tokens at once, and frees its name', async () => {
    const { name, token } = await create({ ...CRM })
    const answer = await call('DELETE', `/connections/${name}`)
    expect(answer.status).toBe(202)
    expect(answer.body).toMatchObject({ name, state: 'offboarding' })
    await expect(access().admit(name, `Bearer ${token}`, 'fresh')).rejects.toMatchObject({
      status: 401,
    })
    expect((await call('GET', `/connections/${name}`)).status).toBe(404)
    expect((await call('DELETE', `/connections/${name}`)).status).toBe(404)
    expect((await call('POST', '/connections', { name, adapter: 'sandbox' })).status).toBe(201)
    await expect(access().admit(name, `Bearer ${token}`, 'fresh')).rejects.toMatchObject({
      status: 401,
    })
  })
})
