import { describe, expect, test } from 'vitest'
import { AdapterFailure } from '../../../src/adapter/failure.ts'
import { manifestSchema } from '../../../src/adapter/manifest/schema.ts'
import { type Answers, empty, manifestWith, ok, openApp } from './app.ts'

const CREATE = {
  id: 'login',
  method: 'PUT',
  path: '/users/{attributes.login}',
  body: { json: { tags: [], '...': '{attributes}' } },
}

/** An app in which the name is the id, and a PUT makes or replaces. */
const NAMED = manifestWith({
  id: '/login',
  attributes: { login: { required: true, write: 'create' }, tags: { multiValued: true } },
  create: CREATE,
  get: {
    method: 'GET',
    path: '/users/{id}',
    rules: [{ status: 404, body: 'empty', means: 'absent' }],
  },
})

function appOf(held: Map<string, object>): Answers {
  return ({ method, url, json }) => {
    const login = decodeURIComponent(url.pathname.split('/').at(-1) ?? '')
    if (method === 'GET') return held.has(login) ? ok(held.get(login)) : empty(404)
    held.set(login, { login, ...json })
    return empty(204)
  }
}

const request = (login: string) => ({ attributes: { login }, idempotencyKey: 'k' })

describe('an app in which the name is the id', () => {
  test('a create overwrites nobody: whoever has the name is in the way', async () => {
    const held = new Map<string, object>([['a/n', { login: 'a/n', hash: 'their own' }]])
    const { User, asked } = openApp(NAMED, appOf(held))
    expect(await User.create?.(request('a/n'))).toEqual({ kind: 'exists', id: 'a/n' })
    expect(asked.map(({ method }) => method)).toEqual(['GET'])
    expect(held.get('a/n')).toEqual({ login: 'a/n', hash: 'their own' })
  })

  test('who was made is read, because such an answer is empty', async () => {
    const { User } = openApp(NAMED, appOf(new Map()))
    expect(await User.create?.(request('ann'))).toEqual({
      kind: 'created',
      object: { id: 'ann', attributes: { login: 'ann' } },
    })
  })

  test('an app may hold the name in a form of its own: the id is what it holds', async () => {
    const held = new Map<string, object>()
    const { User } = openApp(NAMED, ({ method, url }) => {
      const name = decodeURIComponent(url.pathname.split('/').at(-1) ?? '').replace('_', ' ')
      const login = name.charAt(0).toUpperCase() + name.slice(1)
      if (method === 'GET') return held.has(login) ? ok(held.get(login)) : empty(404)
      held.set(login, { login })
      return empty(204)
    })
    const made = await User.create?.(request('ann_b'))
    expect(made).toMatchObject({ kind: 'created', object: { id: 'Ann b' } })
    expect(await User.create?.(request('ann b'))).toEqual({ kind: 'exists', id: 'Ann b' })
  })

  test('a name may be part of the id, which has a form of its own on this connection', async () => {
    const manifest = manifestWith(
      {
        id: '/name',
        attributes: {
          login: { at: '/name', form: '@{value}:{config.host}', required: true, write: 'create' },
        },
        get: {
          method: 'GET',
          path: '/users/{id}',
          rules: [{ status: 404, body: 'empty', means: 'absent' }],
        },
        create: {
          id: 'login',
          method: 'PUT',
          path: '/users/{attributes.name}',
          body: { json: {} },
        },
      },
      {
        config: {
          url: { label: 'URL', kind: 'url' },
          host: { label: 'Host' },
          key: { label: 'Key', secret: true },
        },
      },
    )
    const held = new Set<string>()
    const { User, asked } = openApp(
      manifest,
      ({ method, url }) => {
        const name = decodeURIComponent(url.pathname.split('/').at(-1) ?? '')
        if (method === 'PUT') held.add(name)
        return held.has(name) ? ok({ name }) : empty(404)
      },
      { settings: { host: 'chat.example' } },
    )
    expect(await User.create?.(request('ann'))).toEqual({
      kind: 'created',
      object: { id: '@ann:chat.example', attributes: { login: 'ann' } },
    })
    expect(asked.map(({ method }) => method)).toEqual(['GET', 'PUT', 'GET'])
    held.add('@bob:other.example')
    expect((await User.get('@bob:other.example'))?.attributes).toEqual({})
  })

  test('whoever has the name in another letter case is in the way, also where only a list is read', async () => {
    const { resources } = NAMED as { resources: { User: object } }
    const manifest = manifestWith({
      ...resources.User,
      get: { method: 'GET', path: '/users', items: '' },
    })
    const { User, asked } = openApp(manifest, ({ method }) =>
      method === 'GET' ? ok([{ login: 'bob' }, { login: 'Ann' }]) : empty(204),
    )
    expect(await User.create?.(request('ann'))).toEqual({ kind: 'exists', id: 'Ann' })
    expect(asked.map(({ method }) => method)).toEqual(['GET'])
  })

  test('a name that nobody can be asked for makes nobody', async () => {
    const { User, asked } = openApp(NAMED, appOf(new Map()))
    const made = User.create?.({ attributes: {}, idempotencyKey: 'k' })
    await expect(made).rejects.toBeInstanceOf(AdapterFailure)
    expect(asked).toEqual([])
  })

  test.each([
    ['id', { attributes: { login: {} } }, 'attributes.login.write'],
    ['no attribute', { create: { ...CREATE, id: 'nick' } }, 'create.id'],
  ])('a manifest whose name changes or is not declared is refused: %s', (_, more, path) => {
    const { resources } = NAMED as { resources: { User: object } }
    const parsed = manifestSchema.safeParse({
      ...NAMED,
      resources: { User: { ...resources.User, ...more } },
    })
    expect(parsed.error?.issues.map((issue) => issue.path.join('.'))).toContain(
      `resources.User.${path}`,
    )
  })
})

describe('a create that is answered without an id', () => {
  const QUALITY = { exact: true, caseExact: false, includesInactive: true, lagMs: 0 }
  const search = { attribute: 'login', method: 'GET', path: '/search', query: { q: '{value}' } }
  const create = (returns: object) => ({
    lookups: [{ ...search, ...QUALITY }],
    create: { method: 'POST', path: '/users', body: { json: '{attributes}' }, returns },
  })
  const appWith = (returns: object, found: object[]) => {
    let isMade = false
    return openApp(manifestWith(create(returns)), ({ method }) => {
      isMade ||= method === 'POST'
      if (method === 'POST') return ok({ status: 'PASS', username: 'Ann b' })
      return ok(isMade ? found : [])
    })
  }

  test.each([
    ['what was sent', { lookup: 'login' }, 'ann_b'],
    ['what the answer shows', { lookup: 'login', at: '/username' }, 'Ann b'],
  ])('is found by a look-up of %s', async (_, returns, asked) => {
    const app = appWith(returns, [
      { id: 3, login: 'Ann b' },
      { id: 4, login: 'Ann bee' },
    ])
    const made = await app.User.create?.(request('ann_b'))
    expect(made).toMatchObject({ kind: 'created', object: { id: '3' } })
    expect(app.asked.at(-1)?.url.searchParams.get('q')).toBe(asked)
  })

  test.each([
    [[]],
    [
      [
        { id: 3, login: 'ann_b' },
        { id: 4, login: 'Ann b' },
      ],
    ],
  ])('and by nobody else: of %j the effect is unknown', async (found) => {
    const made = appWith({ lookup: 'login' }, found).User.create?.(request('ann_b'))
    await expect(made).rejects.toMatchObject({ effect: 'unknown' })
  })

  test('makes nobody of whom the look-up shows before it: it would be taken for the new one', async () => {
    const { User, asked } = openApp(manifestWith(create({ lookup: 'login' })), ({ method }) =>
      method === 'POST' ? ok({ error: 'taken' }) : ok([{ id: 3, login: 'ann_b' }]),
    )
    expect(await User.create?.(request('ann_b'))).toEqual({ kind: 'exists', id: '3' })
    expect(asked.map(({ method }) => method)).toEqual(['GET'])
  })

  test('needs that look-up', () => {
    const { error } = manifestSchema.safeParse(manifestWith(create({ lookup: 'mail' })))
    expect(error?.issues.map(({ message }) => message)).toContain('needs a look-up of "mail"')
  })
})

describe('the account that Postern itself signs in with', () => {
  const own = (equals: string) =>
    manifestWith(
      { protected: [{ at: '/login', equals }] },
      {
        config: {
          url: { label: 'URL', kind: 'url' },
          user: { label: 'Name' },
          key: { label: 'Key', secret: true },
        },
        auth: { kind: 'basic', user: '{config.user}', secret: 'key' },
      },
    )

  test('is protected by its name, which the connection says', async () => {
    const { User } = openApp(
      own('{config.user}'),
      ({ url }) => ok({ id: url.pathname.split('/').at(-1), login: 'gate' }),
      { settings: { user: 'gate' } },
    )
    expect(await User.get('1')).toMatchObject({ protected: true })
    const other = openApp(own('{config.user}'), () => ok({ id: '1', login: 'ann' }), {
      settings: { user: 'gate' },
    })
    expect((await other.User.get('1'))?.protected).toBeUndefined()
  })

  test('is never told by a secret', () => {
    const { error } = manifestSchema.safeParse(own('{config.key}'))
    expect(error?.issues[0]?.message).toContain('is a secret')
  })
})
