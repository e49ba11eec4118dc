/** Answers that must not be taken for "nobody is there", and what must not stay in a place of a list. */
import { describe, expect, test } from 'vitest'
import { manifestWith, ok, openApp } from './app.ts'

const QUALITY = { exact: true, caseExact: false, includesInactive: true, lagMs: 0 }
const search = { method: 'GET', path: '/users', query: { q: '{value}' }, ...QUALITY }

describe('a look-up', () => {
  const LOGIN = manifestWith({ lookups: [{ attribute: 'login', ...search }] })

  test('whose filter the app ignores is a failure: it shows the first of many, and not whom it has', async () => {
    const others = [
      { id: 1, login: 'bob' },
      { id: 2, login: 'cleo' },
    ]
    const { User } = openApp(LOGIN, () => ok(others))
    await expect(User.find('login', 'ann')).rejects.toMatchObject({
      code: 'protocol',
      effect: 'none',
    })
    const found = openApp(LOGIN, () => ok([...others, { id: 3, login: 'Ann' }])).User
    expect((await found.find('login', 'ann')).map(({ id }) => id)).toContain('3')
  })

  test('that finds one of a like name finds nobody else: the app folds more than we do', async () => {
    const { User } = openApp(LOGIN, () => ok([{ id: 1, login: 'josé' }]))
    expect(await User.find('login', 'jose')).toHaveLength(1)
  })

  test('of parts of a value may show others', async () => {
    const parts = { attribute: 'login', ...search, exact: false }
    const { User } = openApp(manifestWith({ lookups: [parts] }), () =>
      ok([
        { id: 1, login: 'ann-lee' },
        { id: 2, login: 'joanna' },
      ]),
    )
    expect(await User.find('login', 'ann')).toHaveLength(2)
  })

  test('reads whoever has the value beside others', async () => {
    const mails = ['ann@home.example', 'ann@app.example']
    const manifest = manifestWith({
      attributes: { login: {}, mails: { multiValued: true } },
      lookups: [{ attribute: 'mails', ...search, partial: true }],
    })
    const { User } = openApp(manifest, ({ url }) =>
      ok(url.pathname.endsWith('/users') ? [{ id: 3, mails }] : { id: 3, login: 'ann', mails }),
    )
    expect((await User.find('mails', 'ANN@app.example')).map(({ id }) => id)).toEqual(['3'])
  })
})

describe('the place of a next page', () => {
  test('holds no credential, although the app repeats it in its link', async () => {
    const manifest = manifestWith(
      {
        list: {
          method: 'GET',
          path: '/users',
          items: '/rows',
          pager: { kind: 'link', next: '/next' },
        },
      },
      { auth: { kind: 'query', name: 'api_key', secret: 'key' } },
    )
    const { User, asked } = openApp(manifest, ({ url }) =>
      url.searchParams.has('page')
        ? ok({ rows: [] })
        : ok({ rows: [{ id: 1, login: 'ann' }], next: `${url.href}&page=2` }),
    )
    const { next } = await User.list({ pageSize: 1 })
    expect(next).toBe('page=2')
    await User.list({ pageSize: 1, cursor: 'page=2' })
    expect(asked.map(({ url }) => url.searchParams.getAll('api_key'))).toEqual([
      ['s3cret'],
      ['s3cret'],
    ])
  })

  test('is none where XML says that there is no more', async () => {
    const manifest = manifestWith(
      {
        list: {
          method: 'GET',
          path: '/users',
          query: { after: '{cursor}' },
          items: '/users/user',
          pager: { kind: 'cursor', next: '/users/next', more: '/users/more' },
        },
      },
      { answers: 'xml' },
    )
    const { User } = openApp(
      manifest,
      () =>
        new Response(
          '<users><user><id>1</id><login>ann</login></user><next>7</next><more>false</more></users>',
        ),
    )
    expect((await User.list({ pageSize: 1 })).next).toBeUndefined()
  })
})
