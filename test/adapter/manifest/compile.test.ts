import { describe, expect, test } from 'vitest'
import { AdapterFailure } from '../../../src/adapter/failure.ts'
import { type Answers, empty, manifestWith, ok, openApp } from './app.ts'

const ANN = { id: 7, login: 'ann', mail: 'ann@x.example' }

async function failure(call: Promise<unknown>): Promise<AdapterFailure> {
  const error = await call.then(
    (value) => new Error(`it was ${JSON.stringify(value)}`),
    (e: unknown) => e,
  )
  if (!(error instanceof AdapterFailure)) throw error
  return error
}

const paged = (pager: object, query: object, more: object = {}) =>
  manifestWith({ list: { method: 'GET', path: '/users', query, pager, maxPage: 2, ...more } })

async function walk(manifest: ReturnType<typeof manifestWith>, answers: Answers) {
  const { User, asked } = openApp(manifest, answers)
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const page = await User.list({ pageSize: 10, ...(cursor !== undefined && { cursor }) })
    ids.push(...page.items.map(({ id }) => id))
    cursor = page.next
  } while (cursor !== undefined)
  return { ids, queries: asked.map(({ url }) => url.search) }
}

const people = [1, 2, 3, 4, 5].map((id) => ({ id, login: `p${id}` }))
const ALL = ['1', '2', '3', '4', '5']

describe('pagers', () => {
  const number = (url: URL, name: string) => Number(url.searchParams.get(name))

  test('page numbers without a total end at an empty page, even where the app lowers the limit', async () => {
    const manifest = paged({ kind: 'page' }, { p: '{page}', n: '{limit}' })
    const { ids, queries } = await walk(manifest, ({ url }) => {
      const at = number(url, 'p') - 1
      return ok(people.slice(at, at + 1))
    })
    expect(ids).toEqual(ALL)
    expect(queries.at(-1)).toBe('?p=6&n=2')
  })

  test('a page that is smaller than asked for, with more behind it, is refused: people would be missed', async () => {
    const manifest = paged(
      { kind: 'page', total: '/n' },
      { p: '{page}', n: '{limit}' },
      { items: '/rows' },
    )
    const { User } = openApp(manifest, () => ok({ n: 5, rows: people.slice(0, 1) }))
    expect(await failure(User.list({ pageSize: 2 }))).toMatchObject({ code: 'protocol' })
  })

  test('an offset goes on after what came, not after what was asked for', async () => {
    const manifest = paged({ kind: 'offset' }, { from: '{offset}', n: '{limit}' })
    const { ids } = await walk(manifest, ({ url }) => {
      const at = number(url, 'from')
      return ok(people.slice(at, at + 1))
    })
    expect(ids).toEqual(ALL)
  })

  test('a cursor is left out of the first request, and a repeated one is refused', async () => {
    const manifest = paged(
      { kind: 'cursor', next: '/next' },
      { after: '{cursor}' },
      { items: '/rows' },
    )
    const { ids, queries } = await walk(manifest, ({ url }) => {
      const at = Number(url.searchParams.get('after') ?? 0)
      return ok({ rows: people.slice(at, at + 2), next: at + 2 < 5 ? at + 2 : null })
    })
    expect(ids).toEqual(ALL)
    expect(queries).toEqual(['', '?after=2', '?after=4'])
    const loop = openApp(manifest, () => ok({ rows: people, next: 'x' }))
    expect(await failure(loop.User.list({ pageSize: 2, cursor: 'x' }))).toMatchObject({
      code: 'protocol',
    })
  })

  test('of a Link header only the query is followed: the credential goes nowhere else', async () => {
    const { ids, queries } = await walk(paged({ kind: 'link' }, {}), ({ url }) => {
      expect(`${url.origin}${url.pathname}`).toBe('https://app.example/base/users')
      const at = Number(url.searchParams.get('at') ?? 0)
      const next = at + 2 < 5 ? `<https://evil.example/steal?at=${at + 2}>; rel="next"` : ''
      const link = `<https://app.example/x?at=0>; rel="first"${next && `, ${next}`}`
      return ok(people.slice(at, at + 2), { headers: { link } })
    })
    expect(ids).toEqual(ALL)
    expect(queries).toEqual(['', '?at=2', '?at=4'])
  })

  test('a keyset asks for what is after the last one, until there is nothing', async () => {
    const manifest = paged({ kind: 'keyset', key: '/id' }, { id_after: '{after}' })
    const { ids } = await walk(manifest, ({ url }) => {
      const at = Number(url.searchParams.get('id_after') ?? 0)
      return ok(people.slice(at, at + 2))
    })
    expect(ids).toEqual(ALL)
  })

  test('a whole list is cut into pages here, and skips', async () => {
    const { User, adapter } = openApp(manifestWith({}), () => ok(people))
    expect(adapter.resources['User']?.capabilities.list.skip).toBe(true)
    const page = await User.list({ pageSize: 2, skip: 2 })
    expect(page).toMatchObject({ items: [{ id: '3' }, { id: '4' }], next: '4', total: 5 })
  })

  test('parts are walked one after the other, empty ones left out, and what they assume is so', async () => {
    const manifest = manifestWith({
      active: {
        at: '/state',
        on: 1,
        off: 3,
        enable: { method: 'POST', path: '/on/{id}' },
        disable: { method: 'POST', path: '/off/{id}' },
      },
      list: {
        method: 'GET',
        path: '/users',
        parts: [1, 2, 3].map((state) => ({
          query: { state },
          assume: [{ at: '/state', is: state === 2 ? 3 : state }],
        })),
      },
    })
    const byState: Record<string, object[]> = { 1: people.slice(0, 2), 2: [], 3: people.slice(2) }
    const { User } = openApp(manifest, ({ url }) =>
      ok(byState[url.searchParams.get('state') ?? '']),
    )
    const first = await User.list({ pageSize: 10 })
    expect(first.items.map(({ active }) => active)).toEqual([true, true])
    const second = await User.list({ pageSize: 10, cursor: first.next ?? '' })
    expect(second.items.map(({ id, active }) => [id, active])).toEqual([
      ['3', false],
      ['4', false],
      ['5', false],
    ])
    expect(second.next).toBeUndefined()
  })
})

describe('what an answer means', () => {
  const withRules = (rules: readonly object[]) =>
    manifestWith({
      get: { method: 'GET', path: '/users/{id}', rules },
      create: { method: 'POST', path: '/users', body: { json: { user: '{attributes}' } }, rules },
    })

  test('an error inside HTTP 200 is an error', async () => {
    const { User } = openApp(
      withRules([
        {
          at: '/error/data',
          contains: 'ALREADY exists',
          means: { fail: 'conflict', attributes: ['login'] },
        },
      ]),
      () => ok({ error: { data: 'User "ann" already exists.' } }),
    )
    const create = User.create?.({ attributes: { login: 'ann' }, idempotencyKey: 'k' })
    expect(await failure(create ?? Promise.resolve())).toMatchObject({
      code: 'conflict',
      effect: 'none',
      attributes: ['login'],
    })
  })

  test('a sign-in page with 200 is a failure, and a text with 429 still says how long', async () => {
    const page = openApp(withRules([]), () => new Response('<html>'))
    expect(await failure(page.User.get('7'))).toMatchObject({ code: 'protocol' })
    const busy = openApp(
      withRules([]),
      () => new Response('Too many', { status: 429, headers: { 'retry-after': '59' } }),
    )
    expect(await failure(busy.User.get('7'))).toMatchObject({ code: 'rate', retryAfterSeconds: 59 })
  })

  test('an empty 404 is "no such object" only where the manifest says so', async () => {
    const rules = [{ status: 404, body: 'empty', means: 'absent' }]
    const get = { method: 'GET', path: '/users/{id}', rules }
    const said = openApp(manifestWith({ get }), () => empty(404))
    expect(await said.User.get('7')).toBe(null)
    const silent = openApp(manifestWith({}), () => empty(404))
    expect(await failure(silent.User.get('7'))).toMatchObject({ code: 'protocol', effect: 'none' })
  })

  test('somebody else in place of the one asked for is not believed', async () => {
    const { User } = openApp(manifestWith({}), () => ok(ANN))
    expect(await User.get('7')).toMatchObject({ id: '7', attributes: { login: 'ann' } })
    expect(await failure(User.get('ann'))).toMatchObject({ code: 'protocol' })
  })

  test.each(['', '.', '..'])('the id %j never reaches the collection', async (id) => {
    const { User, asked } = openApp(manifestWith({}), () => ok([]))
    await failure(User.get(id))
    expect(asked).toEqual([])
  })

  test('a search without an end is a failure, never a short list', async () => {
    const manifest = manifestWith({
      list: {
        method: 'GET',
        path: '/users',
        query: { p: '{page}', n: '{limit}' },
        pager: { kind: 'page' },
      },
      lookups: [
        {
          attribute: 'login',
          method: 'GET',
          path: '/users',
          query: { q: '{value}', p: '{page}', n: '{limit}' },
          exact: true,
          caseExact: false,
          includesInactive: true,
          lagMs: 0,
        },
      ],
    })
    const { User } = openApp(manifest, () => ok(people))
    expect(await failure(User.find('login', 'x'))).toMatchObject({ code: 'unavailable' })
  })
})

describe('what is sent', () => {
  const full = {
    create: {
      method: 'PUT',
      path: '/users/{attributes.login}',
      body: { json: { '...': '{attributes}', tags: [] } },
      returns: 'location',
    },
    update: {
      method: 'PUT',
      path: '/users/{id}',
      body: { json: { hash: '{current/hash}', '...': '{attributes}' } },
      send: 'full',
    },
  }

  test('a value with the marks of a template is placed as it is', async () => {
    const { User, asked } = openApp(
      manifestWith({
        create: {
          method: 'POST',
          path: '/users',
          body: { json: { user: { '...': '{attributes}', on: true } } },
        },
      }),
      ({ json }) => ok({ id: 1, ...json.user }, { status: 201 }),
    )
    const login = '{id}"}{config.key}../'
    await User.create?.({ attributes: { login }, idempotencyKey: 'k' })
    expect(asked[0]?.json).toEqual({ user: { login, on: true } })
  })

  test('an app that replaces the whole is sent the whole, with what only the app knows', async () => {
    const { User, asked } = openApp(manifestWith(full), ({ method }) =>
      method === 'GET' ? ok({ ...ANN, hash: 'h' }) : empty(204),
    )
    expect(await User.update?.('7', { set: { login: 'anne' }, unset: ['mail'] })).toEqual({
      kind: 'ok',
    })
    expect(asked.at(-1)?.json).toEqual({ hash: 'h', login: 'anne', mail: null })
  })

  test('an id that is only in the Location is read again; if that fails, the effect is unknown', async () => {
    const made = (get: () => Response) =>
      openApp(manifestWith(full), ({ method }) =>
        method === 'GET' ? get() : empty(201, { location: '/users/7' }),
      ).User.create?.({ attributes: { login: 'a/n' }, idempotencyKey: 'k' }) ?? Promise.resolve()
    expect(await made(() => ok(ANN))).toMatchObject({ kind: 'created', object: { id: '7' } })
    expect(await failure(made(() => empty(500)))).toMatchObject({ effect: 'unknown' })
  })

  test('values travel in the words of the app, both ways', async () => {
    const manifest = manifestWith({
      idType: 'number',
      attributes: {
        login: {},
        role: { values: [{ app: 2, is: 'editor' }] },
        age: { type: 'number', as: 'string' },
        mails: { multiValued: true, at: '/contact/mails', each: '/address' },
        note: { clear: '' },
      },
      update: { method: 'PATCH', path: '/users/{id}', body: { form: { no: '{id}' } } },
    })
    const { resources } = manifest as { resources: { User: object } }
    const json = {
      ...manifest,
      resources: {
        User: {
          ...resources.User,
          update: {
            method: 'PATCH',
            path: '/users/{id}',
            body: { json: { no: '{id}', '...': '{attributes}' } },
          },
        },
      },
    }
    const { User, asked } = openApp(json, ({ method }) =>
      method === 'GET'
        ? ok({
            id: 7,
            login: 'ann',
            role: 2,
            age: '41',
            contact: { mails: [{ address: 'a@x' }] },
            note: '',
          })
        : empty(204),
    )
    const attributes = { login: 'ann', role: 'editor', age: 41, mails: ['a@x'] }
    expect((await User.get('7'))?.attributes).toEqual(attributes)
    await User.update?.('7', { set: { role: 'editor', age: 42, mails: ['b@x'] }, unset: ['note'] })
    expect(asked.at(-1)?.json).toEqual({
      no: 7,
      role: 2,
      age: '42',
      contact: { mails: [{ address: 'b@x' }] },
      note: '',
    })
  })

  test('a form is a form', async () => {
    const { User, asked } = openApp(
      manifestWith({
        update: {
          method: 'POST',
          path: '/users/{id}',
          body: { form: { login: '{attributes.login}', mail: '{attributes.mail}', all: 'x{id}' } },
        },
      }),
      () => empty(204),
    )
    await User.update?.('7', { set: { login: 'a&b' }, unset: [] })
    expect(asked[0]?.text).toBe('login=a%26b&all=x7')
    expect(asked[0]?.headers.get('content-type')).toBe('application/x-www-form-urlencoded')
  })

  test('GraphQL is a document as it is written, and variables', async () => {
    const graphql = 'query ($id: ID!) { user(id: $id) {id login} }'
    const { User, asked } = openApp(
      manifestWith({
        get: {
          method: 'POST',
          safe: true,
          path: '/graphql',
          item: '/data/user',
          body: { graphql, variables: { id: '{id}' } },
          rules: [
            { at: '/errors/0', exists: true, means: { fail: 'unavailable' } },
            { at: '/data/user', exists: false, means: 'absent' },
          ],
        },
      }),
      ({ json }) =>
        json.variables.id === '7' ? ok({ data: { user: ANN } }) : ok({ data: { user: null } }),
    )
    expect(await User.get('7')).toMatchObject({ id: '7' })
    expect(await User.get('8')).toBe(null)
    expect(asked[0]?.json).toEqual({ query: graphql, variables: { id: '7' } })
  })

  test('JSON-RPC: the credential is in the body, and an error in a 200', async () => {
    const rpc = (method: string, params: object) => ({
      json: { jsonrpc: '2.0', method, params, id: 1 },
    })
    const manifest = manifestWith(
      {
        id: '/userid',
        attributes: { username: {} },
        naming: 'username',
        mapping: { userName: 'username' },
        get: {
          method: 'POST',
          safe: true,
          path: '/rpc',
          body: rpc('user.get', { userids: '{id}' }),
          item: '/result/0',
          rules: [{ at: '/result/0', exists: false, means: 'absent' }],
        },
        remove: { method: 'POST', path: '/rpc', body: rpc('user.delete', ['{id}']), kind: 'hard' },
      },
      {
        auth: { kind: 'body', at: '/auth', secret: 'key' },
        rules: [
          { at: '/error/data', contains: 're-login', means: { fail: 'auth' } },
          { at: '/error', exists: true, means: { fail: 'invalid' } },
        ],
      },
    )
    const { User, asked } = openApp(manifest, ({ json }) => {
      if (json.auth !== 's3cret')
        return ok({ error: { data: 'Session terminated, re-login, please.' } })
      if (json.method === 'user.delete') return ok({ error: { code: -32500 } })
      return ok({ result: json.params.userids === '3' ? [{ userid: '3', username: 'al' }] : [] })
    })
    expect(await User.get('3')).toMatchObject({ id: '3', attributes: { username: 'al' } })
    expect(await User.get('4')).toBe(null)
    expect(await failure(User.remove?.('3') ?? Promise.resolve())).toMatchObject({
      code: 'invalid',
    })
    expect(asked.at(-1)?.json).toMatchObject({ auth: 's3cret', params: ['3'] })
    const wrong = openApp(manifest, () =>
      ok({ error: { data: 'Session terminated, re-login, please.' } }),
    )
    expect(await failure(wrong.User.get('3'))).toMatchObject({ code: 'auth' })
  })
})

describe('credentials', () => {
  const seen = async (auth: object, config: object = {}) => {
    const { User, asked } = openApp(
      manifestWith(
        {},
        {
          auth,
          config: {
            url: { label: 'u', kind: 'url' },
            key: { label: 'k', secret: true },
            ...config,
          },
        },
      ),
      () => ok(ANN),
      { secret: 'pä' },
    )
    await User.get('7')
    const [{ headers, url } = { headers: new Headers(), url: new URL('x:y') }] = asked
    return { headers, url }
  }

  test('basic is UTF-8 (RFC 7617), a header has its prefix, a query its name', async () => {
    expect(
      (await seen({ kind: 'basic', user: 'me', secret: 'key' })).headers.get('authorization'),
    ).toBe('Basic bWU6cMOk')
    expect((await seen({ kind: 'query', name: 'api_key', secret: 'key' })).url.search).toBe(
      '?api_key=p%C3%A4',
    )
  })

  const oauth = manifestWith(
    {},
    {
      auth: {
        kind: 'oauth2',
        tokenUrl: 'https://login.example/t/oauth',
        clientId: 'me',
        secret: 'key',
        scope: 'users',
      },
      config: { url: { label: 'u', kind: 'url' }, key: { label: 'k', secret: true } },
    },
  )

  test('an OAuth token is asked for once, until it expires or is refused', async () => {
    const clock = { now: 1_000_000 }
    let issued = 0
    let refused = ''
    const { User, asked, connect } = openApp(
      oauth,
      ({ url, headers, text }) => {
        if (url.host === 'login.example') {
          expect(text).toBe('grant_type=client_credentials&scope=users')
          expect(headers.get('authorization')).toBe('Basic bWU6czNjcmV0')
          issued += 1
          return ok({ access_token: `t${issued}`, expires_in: 600 })
        }
        return headers.get('authorization') === `Bearer ${refused}` ? empty(401) : ok(ANN)
      },
      { clock },
    )
    await User.get('7')
    await connect()['User']?.get('7')
    expect(issued).toBe(1)
    clock.now += 571_000
    await User.get('7')
    expect(issued).toBe(2)
    refused = 't2'
    await User.get('7')
    expect(issued).toBe(3)
    expect(asked.at(-1)?.headers.get('authorization')).toBe('Bearer t3')
  })

  test('a refused client is auth, and the app is not asked', async () => {
    const { User, asked } = openApp(oauth, () => ok({ error: 'invalid_client' }, { status: 400 }))
    expect(await failure(User.get('7'))).toMatchObject({ code: 'auth', effect: 'none' })
    expect(asked).toHaveLength(1)
  })
})

describe('where the app may live', () => {
  const settings = (more: object, given: object) =>
    openApp(manifestWith({}, more as never), () => ok({}), { settings: given as never })

  test('what an administrator enters becomes a part of the host or a path, and nothing else', () => {
    const key = { label: 'k', secret: true }
    const base = {
      base: 'https://{config.org}.example.com/api/{config.space}',
      config: {
        key,
        url: { label: 'u', default: 'x' },
        org: { label: 'o', kind: 'label' },
        space: { label: 's' },
      },
    }
    const { adapter } = settings(base, { url: 'x', org: 'acme', space: 'a b/c' })
    expect(adapter.baseUrl({ org: 'acme', space: 'a b/c' })).toBe(
      'https://acme.example.com/api/a%20b%2Fc',
    )
    for (const org of ['evil.com/', 'a.b', 'A', 'x@y', '']) {
      expect(adapter.settings.safeParse({ org, space: 'x' }).success).toBe(false)
    }
    expect(adapter.settings.safeParse({ org: 'acme', space: '..' }).success).toBe(false)
  })

  test('a host that the manifest does not allow is refused', () => {
    const { adapter } = settings({ allowHosts: ['*.example'] }, {})
    expect(adapter.settings.safeParse({ url: 'https://app.example' }).success).toBe(true)
    for (const url of ['https://example', 'https://app.example.evil.com', 'https://evilexample']) {
      expect(adapter.settings.safeParse({ url }).success).toBe(false)
    }
  })
})

describe('members', () => {
  const group = (membership: object) => ({
    Group: {
      id: '/id',
      idsReused: false,
      attributes: { name: {} },
      naming: 'name',
      mapping: { displayName: 'name' },
      get: { method: 'GET', path: '/groups/{id}' },
      list: { method: 'GET', path: '/groups' },
      membership: {
        members: {
          method: 'GET',
          path: '/groups/{group}',
          items: '/users',
          id: '/id',
          revision: '/rev',
          edge: '/edge',
        },
        ...membership,
      },
    },
  })
  const people = {
    id: 1,
    rev: 'r1',
    users: [
      { id: 5, edge: 'e5' },
      { id: 6, edge: 'e6' },
    ],
  }
  const FIVE = { type: 'User', id: '5' }

  test('a membership with an id of its own is looked up before it is removed', async () => {
    const manifest = manifestWith(
      { idType: 'number' },
      group({
        kind: 'add-remove',
        batch: 2,
        add: {
          method: 'POST',
          path: '/groups/{group}/users',
          body: { json: { ids: '{members}' } },
        },
        remove: { method: 'DELETE', path: '/edges/{edge}' },
      }),
    )
    const { port, asked, adapter } = openApp(manifest, ({ method }) =>
      method === 'GET' ? ok(people) : empty(204),
    )
    expect(adapter.resources['Group']?.capabilities.members?.batch).toBe(2)
    expect(await port('Group').removeMembers?.('1', [FIVE])).toEqual({ kind: 'ok' })
    expect(asked.at(-1)?.url.pathname).toBe('/base/edges/e5')
    expect(await port('Group').removeMembers?.('1', [{ type: 'User', id: '9' }])).toEqual({
      kind: 'unchanged',
    })
    await port('Group').addMembers?.('1', [FIVE, { type: 'User', id: '8' }])
    expect(asked.at(-1)?.json).toEqual({ ids: [5, 8] })
  })

  test('a list of the group is read with its revision and replaced, or is stale', async () => {
    const manifest = manifestWith(
      {},
      group({
        kind: 'replace-on-group',
        replace: {
          method: 'PUT',
          path: '/groups/{group}',
          headers: { 'If-Match': '{revision}' },
          body: { json: { users: '{members}' } },
          rules: [{ status: 412, means: 'stale' }],
        },
      }),
    )
    const { port, asked } = openApp(manifest, ({ method, headers }) =>
      method === 'GET' ? ok(people) : empty(headers.get('if-match') === 'r1' ? 204 : 412),
    )
    const Group = port('Group')
    expect(await Group.members?.('1', { pageSize: 10 })).toMatchObject({
      revision: 'r1',
      items: [FIVE, { type: 'User', id: '6' }],
    })
    expect(await Group.replaceMembers?.('1', [FIVE], 'r1')).toEqual({ kind: 'ok' })
    expect(asked.at(-1)?.json).toEqual({ users: ['5'] })
    expect(await Group.replaceMembers?.('1', [], 'r0')).toEqual({ kind: 'stale' })
  })

  test('a list of the person is read and replaced, and whoever is gone is null', async () => {
    const manifest = manifestWith(
      {},
      group({
        kind: 'replace-on-user',
        single: true,
        groupsOf: {
          method: 'GET',
          path: '/users/{member}',
          items: '/roles',
          rules: [{ status: 404, body: 'empty', means: 'absent' }],
        },
        replace: {
          method: 'PUT',
          path: '/users/{member}/roles',
          body: { json: { roles: '{groups}' } },
        },
      }),
    )
    const { port, asked } = openApp(manifest, ({ method, url }) => {
      if (url.pathname.endsWith('/9')) return empty(404)
      return method === 'GET' ? ok({ roles: [1, 2] }) : empty(204)
    })
    const Group = port('Group')
    expect(await Group.groupsOf?.(FIVE)).toEqual({ groups: ['1', '2'] })
    expect(await Group.groupsOf?.({ type: 'User', id: '9' })).toBe(null)
    expect(await Group.replaceGroups?.(FIVE, ['2'], undefined)).toEqual({ kind: 'ok' })
    expect(asked.at(-1)?.json).toEqual({ roles: ['2'] })
  })
})
