/** What a manifest can say of a request and of the app: anchors, passwords, repeated names, limits. */
import { describe, expect, test } from 'vitest'
import { AdapterFailure } from '../../../src/adapter/failure.ts'
import { randomPassword } from '../../../src/adapter/manifest/password.ts'
import { manifestSchema } from '../../../src/adapter/manifest/schema.ts'
import { empty, MINIMAL, manifestWith, ok, openApp } from './app.ts'

const ANN = { id: 7, login: 'ann' }
const CREATE = { method: 'POST', path: '/users', body: { json: { '...': '{attributes}' } } }

function faultsOf(manifest: unknown): string {
  const parsed = manifestSchema.safeParse(manifest)
  return parsed.success
    ? ''
    : parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('\n')
}

describe('an anchor', () => {
  const lookup = {
    attribute: 'ext',
    method: 'GET',
    path: '/users',
    query: { ext: '{value}' },
    exact: true,
    caseExact: true,
    includesInactive: true,
    lagMs: 0,
  }
  const anchored = (more: object = {}) =>
    manifestWith({
      attributes: { ...MINIMAL.resources.User.attributes, ext: {} },
      anchor: 'ext',
      create: CREATE,
      lookups: [lookup],
      ...more,
    })

  test('is a capability, which the core stamps the SCIM id on', () => {
    const { adapter } = openApp(anchored(), () => ok(ANN))
    expect(adapter.resources['User']?.capabilities.anchor).toBe('ext')
  })

  test.each([
    ['a look-up that is not exact', { lookups: [{ ...lookup, exact: false }] }, 'needs a look-up'],
    ['one that hides who is off', { lookups: [{ ...lookup, includesInactive: false }] }, 'needs a'],
    ['no look-up', { lookups: [] }, 'needs a look-up of "ext"'],
    ['no such attribute', { anchor: 'nope' }, '"nope" is not declared'],
    [
      'one that nobody can write',
      { attributes: { login: {}, ext: { write: 'never' } } },
      'must be one text that "create" can write',
    ],
  ])('is refused with %s', (_, more, fault) => {
    expect(faultsOf(anchored(more))).toContain(`resources.User.anchor: ${fault}`)
  })
})

describe('a password that nobody keeps', () => {
  const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes)

  test('has every class that policies ask for, begins with a letter, and is another one each time', () => {
    const seen = new Set<string>()
    for (let i = 0; i < 200; i++) {
      const password = randomPassword({ length: 12, symbols: '-!' }, random)
      for (const one of [/[A-Z]/, /[a-z]/, /\d/, /[-!]/, /^[A-Za-z]/, /^[A-Za-z0-9!-]{12}$/]) {
        expect(password).toMatch(one)
      }
      seen.add(password)
    }
    expect(seen.size).toBe(200)
  })

  test('is the same wherever one create places it, and another one in the next', async () => {
    const manifest = manifestWith({
      create: {
        ...CREATE,
        password: { length: 16, symbols: '' },
        body: { json: { '...': '{attributes}', pw: '{password}', again: '{password}' } },
      },
    })
    const { User, asked } = openApp(manifest, () => ok(ANN))
    await User.create?.({ attributes: { login: 'ann' }, idempotencyKey: 'k' })
    await User.create?.({ attributes: { login: 'ann' }, idempotencyKey: 'k' })
    const [first, second] = asked.map(({ json }) => json)
    expect(first.pw).toMatch(/^[A-Za-z0-9]{16}$/)
    expect(first.again).toBe(first.pw)
    expect(second.pw).not.toBe(first.pw)
  })

  test('has a place in a create alone, and rules only where it has one', () => {
    const update = { method: 'PUT', path: '/u/{id}', body: { json: { p: '{password}' } } }
    expect(faultsOf(manifestWith({ update }))).toContain('nothing is called {password} here')
    const create = { ...CREATE, password: { length: 16 } }
    expect(faultsOf(manifestWith({ create }))).toContain('create.password: the request must place')
  })
})

describe('a name that repeats', () => {
  test('in a query, a form and the next page of a link', async () => {
    const manifest = manifestWith({
      list: {
        method: 'GET',
        path: '/users',
        query: { 'status[]': ['on', 'off'], one: ['{limit}'], none: [] },
        pager: { kind: 'link' },
      },
      create: { ...CREATE, body: { form: { login: '{attributes.login}', tag: ['a', '{key}'] } } },
    })
    const link = '<https://app.example/base/users?at=1&status[]=on&status[]=off>; rel="next"'
    const { User, asked } = openApp(manifest, ({ method, url }) =>
      method === 'POST'
        ? ok(ANN)
        : ok([ANN], { headers: url.searchParams.has('at') ? {} : { link } }),
    )
    const { next } = await User.list({ pageSize: 5 })
    await User.list({ pageSize: 5, ...(next !== undefined && { cursor: next }) })
    await User.create?.({ attributes: { login: 'ann' }, idempotencyKey: 'k' })
    expect(asked.map(({ url, text }) => decodeURIComponent(url.search + text))).toEqual([
      '?status[]=on&status[]=off&one=5',
      '?at=1&status[]=on&status[]=off',
      'login=ann&tag=a&tag=k',
    ])
  })

  test('{members} in a query is one for each, and has no place in a path', async () => {
    const Group = (path: string, query: object) => ({
      Group: {
        ...MINIMAL.resources.User,
        attributes: { name: {} },
        naming: 'name',
        mapping: { displayName: 'name' },
        membership: {
          kind: 'add-remove',
          batch: 10,
          members: { method: 'GET', path: '/m/{group}', id: '/id' },
          add: { method: 'PUT', path, query },
          remove: { method: 'DELETE', path: '/m/{group}/{member}' },
        },
      },
    })
    const { port, asked } = openApp(
      manifestWith({}, Group('/m/{group}', { id: '{members}' })),
      () => empty(204),
    )
    const members = ['5', '6'].map((id) => ({ type: 'User', id }))
    await port('Group').addMembers?.('1', members)
    expect(asked[0]?.url.search).toBe('?id=5&id=6')
    expect(faultsOf(manifestWith({}, Group('/m/{members}', {})))).toContain('no place here')
  })
})

describe('limits', () => {
  const limits = {
    perSecond: 5,
    concurrent: 2,
    headers: { remaining: 'X-Left', reset: 'X-Again-In' },
  }

  test('are carried, and the reset of the app is believed first', async () => {
    const { User, adapter } = openApp(manifestWith({}, { limits }), () =>
      empty(429, { 'x-again-in': '7', 'retry-after': '60' }),
    )
    expect(adapter.limits).toEqual({
      perSecond: 5,
      concurrent: 2,
      remainingHeader: 'X-Left',
      resetHeader: 'X-Again-In',
    })
    const failure = await User.get('7').catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'rate', retryAfterSeconds: 7 })
  })

  test('a 403 with no calls left is one of too many calls; any other is one of rights', async () => {
    const answer = (left: string) =>
      openApp(manifestWith({}, { limits }), () => empty(403, { 'x-left': left }))
        .User.get('7')
        .catch((error: unknown) => error)
    expect(await answer('0')).toMatchObject({ code: 'rate' })
    expect(await answer('3')).toMatchObject({ code: 'forbidden' })
    expect(await answer('3')).toBeInstanceOf(AdapterFailure)
  })

  test('a limit that is none is refused', () => {
    expect(faultsOf(manifestWith({}, { limits: { concurrent: 0 } }))).toContain('limits.concurrent')
  })
})
