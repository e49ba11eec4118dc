/** Lists: made of others, parts of others, read instead of one object, and never left empty. */
import { describe, expect, test } from 'vitest'
import type { WriteOutcome } from '../../../src/adapter/contract.ts'
import { manifestSchema } from '../../../src/adapter/manifest/schema.ts'
import { manifestWith, ok, openApp } from './app.ts'

const GET = { method: 'GET', path: '/x' }
const config = {
  url: { label: 'URL', kind: 'url' },
  key: { label: 'Key', secret: true },
  off: { label: 'Group of those who are off', default: '9' },
  rest: { label: 'Group of those who are in no other', default: '12' },
} as const

const turn = (usrgrps: object) => ({
  method: 'PUT',
  path: '/users/{id}',
  body: { json: { usrgrps } },
})

/** An app in which being off is a group, and everybody is in one. */
const byGroup = manifestWith(
  {
    active: {
      at: '/off',
      on: false,
      off: true,
      disable: turn({
        '...each': '{current/groups}',
        as: { id: '{each/id}' },
        and: [{ id: '{config.off}' }],
      }),
      enable: turn({
        '...each': '{current/groups}',
        where: [{ at: '/blocks', equals: false }],
        as: { id: '{each/id}' },
        orElse: [{ id: '{config.rest}' }],
      }),
    },
    remove: {
      method: 'DELETE',
      path: '/users/{id}',
      kind: 'hard',
      rules: [{ status: 409, means: 'occupied' }],
    },
  },
  {
    config,
    Group: {
      id: '/id',
      idsReused: false,
      attributes: { name: {} },
      naming: 'name',
      mapping: { displayName: 'name' },
      get: { ...GET, items: '/groups' },
      list: { ...GET, items: '/groups' },
      membership: {
        kind: 'replace-on-user',
        members: {
          method: 'GET',
          path: '/users',
          id: '/id',
          where: [{ at: '/role', equals: '{group}' }],
        },
        groupsOf: { method: 'GET', path: '/users/{member}', items: '/role' },
        replace: {
          method: 'PUT',
          path: '/users/{member}',
          body: { json: { groups: { '...each': '{groups}', as: { id: '{each}' } } } },
        },
        fallback: '{config.rest}',
      },
    },
  },
)

const group = (id: string, blocks = false) => ({ id, blocks })

async function turned(on: boolean, groups: unknown) {
  const { User, asked } = openApp(byGroup, ({ method }) =>
    method === 'GET' ? ok({ id: 7, login: 'ann', off: !on, groups }) : ok({}),
  )
  expect(await User.setActive?.('7', on)).toEqual({ kind: 'ok' })
  return asked.at(-1)?.json
}

describe('a list that is made of another one', () => {
  test('keeps its elements, with what stands behind them', async () => {
    expect(await turned(false, [group('7'), group('8')])).toEqual({
      usrgrps: [{ id: '7' }, { id: '8' }, { id: '9' }],
    })
  })

  test('names nothing twice', async () => {
    const { usrgrps } = await turned(false, [group('9', true), group('7')])
    expect(usrgrps).toEqual([{ id: '9' }, { id: '7' }])
  })

  test('leaves out what does not meet its conditions', async () => {
    const { usrgrps } = await turned(true, [group('9', true), group('7')])
    expect(usrgrps).toEqual([{ id: '7' }])
  })

  test('is something else instead of empty', async () => {
    expect((await turned(true, [group('9', true)])).usrgrps).toEqual([{ id: '12' }])
  })

  test('is left out where that which it is made of is missing', async () => {
    expect(await turned(false, undefined)).toEqual({})
  })

  test('is not read for somebody who is gone', async () => {
    const manifest = {
      ...byGroup,
      rules: [{ status: 404, at: '/gone', equals: true, means: 'absent' }],
    }
    const { User, asked } = openApp(manifest, () => ok({ gone: true }, { status: 404 }))
    expect(await User.setActive?.('7', false)).toEqual({ kind: 'gone' })
    expect(asked).toHaveLength(1)
  })

  test('makes the switch one that replaces: the core lets nobody else replace a list meanwhile', () => {
    const { adapter } = openApp(byGroup, () => ok({}))
    expect(adapter.resources['User']?.capabilities.switchReplaces).toBe(true)
  })
})

describe('a group for those who are in no other', () => {
  const groups = async (...ids: string[]) => {
    const { port, asked } = openApp(byGroup, () => ok({}))
    const outcome = await port('Group').replaceGroups?.({ type: 'User', id: '7' }, ids, undefined)
    expect(outcome).toEqual({ kind: 'ok' })
    return asked[0]?.json.groups
  }

  test('takes whoever leaves the last one', async () => {
    expect(await groups()).toEqual([{ id: '12' }])
  })

  test('is left by whoever joins another one', async () => {
    expect(await groups('12', '3')).toEqual([{ id: '3' }])
  })

  test('stays where it is the only one', async () => {
    expect(await groups('12')).toEqual([{ id: '12' }])
  })
})

test('one role that is no list is a list of one; none is none', async () => {
  const answers = [3, null]
  const { port } = openApp(byGroup, () => ok({ role: answers.shift() }))
  const of = () => port('Group').groupsOf?.({ type: 'User', id: '7' })
  expect(await of()).toEqual({ groups: ['3'] })
  expect(await of()).toEqual({ groups: [] })
  await expect(of()).rejects.toMatchObject({ code: 'protocol' })
})

test('members may be those who name the group themselves', async () => {
  const people = [
    { id: 1, role: 3 },
    { id: 2, role: 4 },
    { id: 3, role: '3' },
  ]
  const { port } = openApp(byGroup, () => ok(people))
  const page = await port('Group').members?.('3', { pageSize: 10 })
  expect(page?.items.map(({ id }) => id)).toEqual(['1', '3'])
})

test('an object that cannot be read alone is found in the whole list, by its id', async () => {
  const { port } = openApp(byGroup, () => ok({ groups: [{ id: 3, name: 'Three' }] }))
  expect(await port('Group').get('3')).toMatchObject({ id: '3', attributes: { name: 'Three' } })
  expect(await port('Group').get('4')).toBeNull()
  const broken = openApp(byGroup, () => ok({}))
  await expect(broken.port('Group').get('3')).rejects.toMatchObject({ code: 'protocol' })
})

test('a remove may say that members have to leave first', async () => {
  const { User } = openApp(byGroup, () => ok({}, { status: 409 }))
  expect(await User.remove?.('7')).toEqual({ kind: 'occupied' })
})

describe('an attribute that is some elements of a list', () => {
  const manifest = manifestWith(
    {
      protected: [{ at: '/login', equals: '{config.self}' }],
      attributes: {
        login: {},
        mails: {
          multiValued: true,
          at: '/media',
          where: [{ at: '/type', equals: '{config.mail}' }],
          each: '/to',
          element: { type: '{config.mail}', to: ['{value}'], loud: true },
        },
        pager: {
          at: '/media',
          where: [{ at: '/type', equals: 3 }],
          each: '/to',
          element: { type: 3, to: '{value}' },
        },
      },
      create: { method: 'POST', path: '/users', body: { json: '{attributes}' } },
      update: { method: 'PUT', path: '/users/{id}', body: { json: '{attributes}' } },
    },
    {
      config: {
        ...config,
        mail: { label: 'Type', default: '1' },
        self: { label: 'Login of ours', default: 'robot' },
      },
    },
  )
  const media = [
    { type: '5', to: 'chat' },
    { type: 1, to: ['a@x', 'b@x'], loud: false },
    { type: '1', to: ['c@x'], loud: 'rather' },
    { type: 3, to: '555' },
  ]
  const ann = { id: 7, login: 'ann', media }
  const open = () =>
    openApp(manifest, ({ method }) => (method === 'GET' ? ok(ann) : ok({ ...ann, id: 8 })))

  async function written(
    set: Readonly<Record<string, string | string[]>>,
    unset: string[] = [],
  ): Promise<unknown> {
    const { User, asked } = open()
    const outcome: WriteOutcome | undefined = await User.update?.('7', { set, unset })
    expect(outcome).toEqual({ kind: 'ok' })
    return asked.at(-1)?.json.media
  }

  test('is read from those alone', async () => {
    const found = await open().User.get('7')
    expect(found?.attributes).toEqual({ login: 'ann', mails: ['a@x', 'b@x', 'c@x'], pager: '555' })
  })

  test('is written among the others, which go back as they came', async () => {
    expect(await written({ mails: ['a@x', 'b@x', 'c@x', 'd@x'] })).toEqual([
      ...media,
      { type: '1', to: ['d@x'], loud: true },
    ])
  })

  test('a new value takes the place of one that goes, with all else in its element', async () => {
    expect(await written({ mails: ['b@x', 'c@x', 'n@x'] })).toEqual([
      media[0],
      { type: 1, to: ['b@x', 'n@x'], loud: false },
      media[2],
      media[3],
    ])
    expect(await written({ pager: '777' })).toEqual([...media.slice(0, 3), { type: 3, to: '777' }])
  })

  test('an element goes with its last value', async () => {
    expect(await written({ mails: ['a@x', 'b@x'] })).toEqual([media[0], media[1], media[3]])
    expect(await written({}, ['mails'])).toEqual([media[0], media[3]])
    expect(await written({}, ['pager'])).toEqual(media.slice(0, 3))
  })

  test('two attributes of one list are written together', async () => {
    expect(await written({ mails: ['a@x', 'b@x'], pager: '1' })).toEqual([
      media[0],
      media[1],
      { type: 3, to: '1' },
    ])
  })

  test('is made at the create, where nothing is there', async () => {
    const { User, asked } = open()
    await User.create?.({ attributes: { login: 'b', mails: ['b@x'] }, idempotencyKey: 'k' })
    expect(asked[0]?.json).toEqual({
      login: 'b',
      media: [{ type: '1', to: ['b@x'], loud: true }],
    })
  })

  test('is not read where a change does not touch it', async () => {
    const { User, asked } = open()
    await User.update?.('7', { set: { login: 'x' }, unset: [] })
    expect(asked.map(({ method, json }) => [method, json])).toEqual([['PUT', { login: 'x' }]])
  })

  test('what is entered for a connection may say who is protected', async () => {
    const answer = { ...ann, login: 'robot' }
    const { User } = openApp(manifest, () => ok(answer), { settings: { self: 'robot' } })
    expect((await User.get('7'))?.protected).toBe(true)
    expect((await open().User.get('7'))?.protected).toBeUndefined()
  })
})

describe('a manifest is refused', () => {
  const faultsOf = (manifest: unknown): string[] => {
    const { error } = manifestSchema.safeParse(manifest)
    return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`)
  }
  const update = (json: object) =>
    manifestWith({
      update: { method: 'PUT', path: '/u/{id}', body: { json: { a: '{attributes}', ...json } } },
    })

  test.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['{each} outside', update({ l: '{each}' }), 'body: nothing is called {each} here'],
    [
      'a source that is no placeholder',
      update({ l: { '...each': 'all' } }),
      'body.json.l....each: must be one placeholder',
    ],
    [
      'members of its own',
      update({ l: { '...each': '{current/x}', id: 1 } }),
      'body.json.l: Unrecognized key',
    ],
    [
      'a condition without "at"',
      update({ l: { '...each': '{current/x}', where: [{ equals: 1 }] } }),
      'body.json.l.where.0.at: ',
    ],
    [
      'a secret in a condition',
      manifestWith({ protected: [{ at: '/login', equals: '{config.key}' }] }),
      'protected.0.equals: {config.key} is a secret',
    ],
    [
      'parts that nobody can make',
      manifestWith({
        attributes: { login: { at: '/l', each: '/v', where: [{ at: '/t', equals: 1 }] } },
      }),
      'attributes.login.element: must say what a new element is',
    ],
    [
      'parts without a value',
      manifestWith({
        attributes: { login: { where: [{ at: '/t', equals: 1 }], element: { t: 1 } } },
      }),
      'attributes.login.each: must say where',
    ],
    [
      'an element of nothing',
      manifestWith({ attributes: { login: { element: { t: 1 } } } }),
      'attributes.login.element: needs "where" beside it',
    ],
  ])('for %s', (_, manifest, fault) => {
    expect(faultsOf(manifest).join('\n')).toContain(fault)
  })
})
