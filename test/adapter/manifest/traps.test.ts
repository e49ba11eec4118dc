/** Habits of real user APIs, each as the app that has it answers. */
import { describe, expect, test } from 'vitest'
import { AdapterFailure } from '../../../src/adapter/failure.ts'
import { manifestSchema } from '../../../src/adapter/manifest/schema.ts'
import { empty, manifestWith, ok, openApp } from './app.ts'

const QUALITY = { exact: true, caseExact: false, includesInactive: true, lagMs: 0 }
const people = [1, 2, 3, 4, 5].map((id) => ({ id, login: `p${id}` }))

async function failure(call: Promise<unknown> | undefined): Promise<AdapterFailure> {
  const error = await call?.catch((e: unknown) => e)
  if (!(error instanceof AdapterFailure)) throw error
  return error
}

function faultsOf(manifest: object): string[] {
  const { error } = manifestSchema.safeParse(manifest)
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`)
}

describe('a look-up that answers with one object', () => {
  const byName = (more: object = {}) =>
    manifestWith({
      lookups: [
        {
          attribute: 'login',
          method: 'GET',
          path: '/users/by-name/{value}',
          item: '/user',
          rules: [{ status: 404, at: '/error', equals: 'no such user', means: 'absent' }],
          ...QUALITY,
          ...more,
        },
      ],
    })
  const none = () => ok({ error: 'no such user' }, { status: 404 })

  test('finds whom it shows, and nobody where the app says so', async () => {
    const { User } = openApp(byName(), ({ url }) =>
      url.pathname.endsWith('/ann') ? ok({ user: { id: 7, login: 'ann' } }) : none(),
    )
    expect(await User.find('login', 'ann')).toMatchObject([{ id: '7' }])
    expect(await User.find('login', 'bob')).toEqual([])
  })

  test.each([
    ['an empty 404', () => empty(404)],
    ['an answer without the object', () => ok({})],
    ['an empty list', () => ok([])],
  ])('believes nothing else: %s', async (_, answer) => {
    const { User } = openApp(byName(), answer)
    expect(await failure(User.find('login', 'ann'))).toMatchObject({ code: 'protocol' })
  })

  test('that shows too little is read by its id', async () => {
    const shown = { item: '', partial: true, object: { id: '{item}' } }
    const { User, asked } = openApp(byName(shown), ({ url }) =>
      url.pathname.endsWith('/by-name/ann') ? ok(7) : ok({ id: 7, login: 'ann' }),
    )
    expect(await User.find('login', 'ann')).toMatchObject([{ attributes: { login: 'ann' } }])
    expect(asked).toHaveLength(2)
  })

  test('is no search: "absent" of a search and "items" of one object are refused', () => {
    const { item: _, ...search } = { ...QUALITY, item: '' }
    const absent = [{ status: 404, body: 'empty', means: 'absent' }]
    const lookup = { attribute: 'login', method: 'GET', path: '/s', ...search, rules: absent }
    expect(faultsOf(manifestWith({ lookups: [lookup] })).join()).toContain('say "item"')
    expect(faultsOf(byName({ items: '/rows' })).join()).toContain('leave out "items"')
  })
})

describe('an app that answers a credential without rights with nothing', () => {
  const checked = manifestWith(
    { lookups: [{ attribute: 'login', method: 'GET', path: '/users', ...QUALITY }] },
    {
      check: {
        method: 'GET',
        path: '/me',
        rules: [{ at: '/admin', equals: false, means: { fail: 'auth' } }],
      },
    },
  )
  const appOf = (admin: boolean, rows: object[]) =>
    openApp(checked, ({ url }) => (url.pathname.endsWith('/me') ? ok({ admin }) : ok(rows)))

  test('is not believed: neither a search nor a list without anybody', async () => {
    const { User } = appOf(false, [])
    expect(await failure(User.find('login', 'ann'))).toMatchObject({ code: 'auth' })
    expect(await failure(User.list({ pageSize: 10 }))).toMatchObject({ code: 'auth' })
  })

  test('is believed once it shows its rights, and asked only where the answer is empty', async () => {
    const empty = appOf(true, [])
    expect(await empty.User.find('login', 'ann')).toEqual([])
    expect(empty.asked).toHaveLength(2)
    const full = appOf(true, people)
    await full.User.find('login', 'p1')
    await full.User.list({ pageSize: 2 })
    expect(full.asked).toHaveLength(2)
  })
})

describe('the switch', () => {
  const blocked = manifestWith({
    active: {
      at: '/blocked_at',
      on: null,
      off: 'never',
      otherwise: false,
      enable: { method: 'POST', path: '/on/{id}' },
      disable: { method: 'POST', path: '/off/{id}' },
    },
  })

  test.each([
    [{ blocked_at: null }, true],
    [{}, true],
    [{ blocked_at: '2026-01-01' }, false],
  ])('may be the time of a lock, and %j is %j', async (more, active) => {
    const { User } = openApp(blocked, () => ok({ id: 1, login: 'ann', ...more }))
    expect(await User.get('1')).toMatchObject({ active })
  })
})

describe('an app that only marks what it deletes', () => {
  const marked = manifestWith({
    absentWhen: [{ at: '/deleted', equals: true }],
    lookups: [{ attribute: 'login', method: 'GET', path: '/users', ...QUALITY }],
  })
  const rows = [people[0], { ...people[1], deleted: true }]

  test('has nobody there: not by id, not in a search, not in a list', async () => {
    const { User } = openApp(marked, ({ url }) => ok(url.pathname.endsWith('/2') ? rows[1] : rows))
    expect(await User.get('2')).toBe(null)
    expect(await User.find('login', 'p1')).toMatchObject([{ id: '1' }])
    expect(await User.find('login', 'p2')).toMatchObject([{ id: '1' }])
    const page = await User.list({ pageSize: 10 })
    expect(page.items).toHaveLength(1)
    expect(page.total).toBeUndefined()
  })
})

describe('an app that leaves the list out where it is empty', () => {
  const rules = [{ status: 200, at: '/entries', exists: false, means: 'empty' }]
  const query = { page: '{page}', count: '{limit}' }
  const request = { method: 'GET', path: '/users', query, rules }
  const manifest = manifestWith({
    list: { ...request, items: '/entries', pager: { kind: 'page', total: '/total_size' } },
    lookups: [{ attribute: 'login', ...request, ...QUALITY }],
  })

  test('has nobody there by a rule "empty"', async () => {
    const { User } = openApp(manifest, () => ok({ start: 0, total_size: 0 }))
    expect(await User.find('login', 'ann')).toEqual([])
    expect(await User.list({ pageSize: 10 })).toEqual({ items: [], total: 0 })
  })

  test('has no such rule by the status alone, nor where it reads one object', () => {
    const get = { method: 'GET', path: '/users/{id}', rules }
    expect(faultsOf(manifestWith({ get })).join()).toContain('"empty" is no answer')
    const list = { method: 'GET', path: '/users', rules: [{ status: 404, means: 'empty' }] }
    expect(faultsOf(manifestWith({ list })).join()).toContain('must say by "at" or "body"')
  })
})

describe('lists', () => {
  test('a total in a header counts, and one that is missing is no count', async () => {
    const manifest = manifestWith({
      list: {
        method: 'GET',
        path: '/users',
        query: { page: '{page}', per: '{limit}' },
        pager: { kind: 'page', total: { header: 'X-Total' } },
        maxPage: 2,
      },
    })
    const page = (headers: Record<string, string>) =>
      openApp(manifest, () => ok(people.slice(0, 2), { headers })).User.list({ pageSize: 2 })
    expect(await page({ 'x-total': '5' })).toMatchObject({ total: 5, next: '2' })
    expect(await failure(page({}))).toMatchObject({ code: 'protocol' })
  })

  test('an opaque "continue" goes back as it came, beside what was asked', async () => {
    const manifest = manifestWith({
      list: {
        method: 'GET',
        path: '/api.php',
        query: { list: 'all', n: '{limit}' },
        items: '/rows',
        pager: { kind: 'link', next: '/continue' },
        maxPage: 2,
      },
    })
    const { User, asked } = openApp(manifest, ({ url }) => {
      const at = Number(url.searchParams.get('from') ?? 0)
      const more = { continue: { from: String(at + 2), continue: '-||' } }
      return ok({ rows: people.slice(at, at + 2), ...(at + 2 < 5 && more) })
    })
    const ids: string[] = []
    let cursor: string | undefined
    do {
      const page = await User.list({ pageSize: 2, ...(cursor !== undefined && { cursor }) })
      ids.push(...page.items.map(({ id }) => id))
      cursor = page.next
    } while (cursor !== undefined)
    expect(ids).toEqual(['1', '2', '3', '4', '5'])
    expect(asked[1]?.url.search).toBe('?list=all&n=2&from=2&continue=-%7C%7C')
  })

  test('items that are ids and nothing else are read one by one', async () => {
    const manifest = manifestWith({
      id: '/login',
      list: { method: 'GET', path: '/names', partial: true, object: { login: '{item}' } },
      lookups: [{ attribute: 'login', method: 'GET', path: '/names', partial: true, ...QUALITY }],
    })
    const { User, asked } = openApp(manifest, ({ url }) => {
      const name = decodeURIComponent(url.pathname.split('/').at(-1) ?? '')
      return ok(name === 'names' ? ['ann', 'Bob'] : { login: name })
    })
    expect((await User.list({ pageSize: 10 })).items.map(({ id }) => id)).toEqual(['ann', 'Bob'])
    asked.length = 0
    expect(await User.find('login', 'bob')).toMatchObject([{ id: 'Bob' }])
    expect(asked).toHaveLength(2)
  })
})

test('an app that says why by the name of each field blames those', async () => {
  const { User } = openApp(
    manifestWith({
      create: {
        method: 'POST',
        path: '/users',
        body: { json: '{attributes}' },
        rules: [
          { status: 400, at: '/why', exists: true, means: { fail: 'invalid', attributes: '/why' } },
        ],
      },
    }),
    () => ok({ why: { mail: 'is no mail', other: 'x' } }, { status: 400 }),
  )
  const made = User.create?.({ attributes: { login: 'ann' }, idempotencyKey: 'k' })
  expect(await failure(made)).toMatchObject({ code: 'invalid', attributes: ['mail'] })
})

describe('an app of commands that answer 0 and 1', () => {
  const command = (name: string, json: object) => ({
    method: 'POST',
    path: `/${name}`,
    body: { json },
    safe: true,
  })
  const names = { ...command('registered_users', {}), object: { login: '{item}' } }
  const manifest = manifestWith(
    {
      id: '/login',
      attributes: { login: { required: true, write: 'create' } },
      get: {
        ...command('check_account', { user: '{id}' }),
        rules: [{ at: '', equals: 1, means: 'absent' }],
        object: { login: '{id}' },
      },
      list: names,
      lookups: [{ attribute: 'login', ...names, ...QUALITY, exact: false }],
      create: {
        id: 'login',
        method: 'POST',
        path: '/register',
        body: { json: { user: '{attributes.login}', password: '{password}' } },
      },
    },
    {
      Group: {
        id: '/name',
        idsReused: true,
        attributes: { name: {} },
        naming: 'name',
        mapping: { displayName: 'name' },
        get: { ...command('srg_get_info', { group: '{id}' }), object: { name: '{id}' } },
        list: { ...command('srg_list', {}), object: { name: '{item}' } },
        membership: {
          kind: 'add-remove',
          members: {
            ...command('members', { group: '{group}' }),
            id: '',
            idIn: '{id}@chat.example',
          },
          add: command('join', { user: '{member}', group: '{group}' }),
          remove: command('leave', { user: '{member}', group: '{group}' }),
        },
      },
    },
  )
  const appOf = (held: Set<string>) =>
    openApp(manifest, ({ url, json }) => {
      switch (url.pathname.split('/').at(-1)) {
        case 'check_account':
          return ok(held.has(json.user) ? 0 : 1)
        case 'register':
          held.add(json.user)
          return ok(`User ${json.user}@chat.example successfully registered`)
        case 'members':
          return ok([...held].map((name) => `${name}@chat.example`))
        default:
          return ok([...held])
      }
    })

  test('has objects that the manifest makes of ids and names', async () => {
    const { User } = appOf(new Set(['ann']))
    expect(await User.get('ann')).toEqual({ id: 'ann', attributes: { login: 'ann' } })
    expect(await User.get('bob')).toBe(null)
    expect(await User.find('login', 'ANN')).toMatchObject([{ id: 'ann' }])
    expect((await User.list({ pageSize: 5 })).items).toMatchObject([{ id: 'ann' }])
  })

  test('makes somebody, who is read by the id that the name is', async () => {
    const held = new Set<string>()
    const made = await appOf(held).User.create?.({
      attributes: { login: 'ann' },
      idempotencyKey: 'k',
    })
    expect(made).toEqual({ kind: 'created', object: { id: 'ann', attributes: { login: 'ann' } } })
  })

  test('shows members by a longer text than their id; another form is not understood', async () => {
    const group = appOf(new Set(['ann'])).port('Group')
    expect((await group.members?.('team', { pageSize: 5 }))?.items).toEqual([
      { type: 'User', id: 'ann' },
    ])
    const foreign = openApp(manifest, () => ok(['ann@other.example'])).port('Group')
    expect(await failure(foreign.members?.('team', { pageSize: 5 }))).toMatchObject({
      code: 'protocol',
    })
  })

  test('cannot answer a write with an object that has to be made', () => {
    const get = { method: 'GET', path: '/users/{id}', object: { id: '{id}' } }
    const create = { method: 'POST', path: '/users', body: { json: '{attributes}' } }
    expect(faultsOf(manifestWith({ get, create })).join()).toContain('User.create.returns: must be')
  })
})
