/** Mappings at the admin API: what is refused, at which path, and a trial before anything is saved. */
import { describe, expect, test } from 'vitest'
import type { AttributeSpec } from '../../src/adapter/contract.ts'
import { openMemoryApp } from '../support/memory-app.ts'
import { openWorld, person } from '../support/world.ts'

const TEXT = { type: 'string', write: 'always' } as const
const ATTRIBUTES: Readonly<Record<string, AttributeSpec>> = {
  lang: TEXT,
  level: { type: 'number', write: 'always' },
  vip: { type: 'boolean', write: 'always' },
  tags: { type: 'string', multiValued: true, write: 'always' },
  made: { type: 'string', write: 'never' },
}
const NAMES = { userName: 'login', 'name.givenName': 'first_name', 'name.familyName': 'last_name' }
const MAPPING = {
  User: {
    ...NAMES,
    userType: { app: 'level', values: { 1: 'Employee', 2: 'Guest' } },
    'roles.value': 'tags',
    '=lang': { from: '$Coalesce(preferredLanguage, "fo")' },
    '=vip': { value: true },
  },
}

const open = () => openWorld({ ...openMemoryApp(ATTRIBUTES), mapping: MAPPING })
const sharedWorld = open()

describe('a mapping that can never work is refused', () => {
  test.each<[Record<string, unknown>, string, string]>([
    [{ title: 7 }, 'title', 'name of an app attribute'],
    [{ title: {} }, 'title.app', ''],
    [{ title: { app: 'nope' } }, 'title', 'no attribute "nope"'],
    [{ title: { app: 'lang', colour: 'red' } }, 'title.colour', 'unknown key'],
    [{ title: { app: 'lang', apply: 'never' } }, 'title.apply', '"always" or "create"'],
    [{ title: { app: 'lang', clear: 'no' } }, 'title.clear', '"keep"'],
    [{ title: { app: 'level', clear: 'empty' } }, 'title.clear', 'write "null"'],
    [{ title: { app: 'last_name', clear: 'null' } }, 'title.clear', 'write "keep"'],
    [{ title: { app: 'lang', default: 7 } }, 'title.default', 'must be a string'],
    [{ title: { app: 'lang', default: ['a'] } }, 'title.default', 'one value'],
    [{ title: { app: 'lang', values: {} } }, 'title.values', 'must have a value'],
    [{ title: { app: 'lang', values: { a: true } } }, 'title.values.a', 'string'],
    [{ active: { app: 'lang', values: { a: 'yes' } } }, 'active.values.a', 'boolean'],
    [{ title: { app: 'level', values: { one: 'a' } } }, 'title.values.one', 'is a number'],
    [{ title: { app: 'vip', values: { yes: 'a' } } }, 'title.values.yes', 'is a boolean'],
    [{ name: { app: 'lang', values: { a: 'b' } } }, 'name.values', 'one value'],
    [{ 'roles.value': 'tags', roles: 'lang' }, 'roles', 'the same values as "roles.value"'],
    [
      { 'roles[primary eq true].value': 'lang', 'roles.value': 'tags' },
      'roles.value',
      'the same values',
    ],
    [{ title: 'lang', Title: 'lang' }, 'Title', 'the same attribute as "title"'],
    [{ '=lang': 'x' }, '=lang', '"from"'],
    [{ '=lang': {} }, '=lang', '"from"'],
    [{ '=nope': { value: 'x' } }, '=nope', 'no attribute "nope"'],
    [{ '=lang': { app: 'level', value: 'x' } }, '=lang.app', 'left out'],
    [{ '=lang': { value: 7 } }, '=lang.value', 'must be a string'],
    [{ '=tags': { value: 'x' } }, '=tags.value', 'must be a list'],
    [{ '=lang': { value: 'x', from: 'title' } }, '=lang', 'one of them'],
    [{ '=made': { value: 'x' } }, '=made', 'nobody write'],
    [{ '=lang': { from: 'title.(' } }, '=lang.from', 'JSONata'],
    [{ '=lang': { from: '$match(title, /a+/)' } }, '=lang.from', '$contains'],
    [{ '=lang': { from: '$Guid()' } }, '=lang.from', 'not the same each time'],
    [{ '=lang': { from: '$join(title)', value: null } }, '=lang.value', ''],
    [{ '=lang': { value: 'x' }, title: 'lang' }, 'title', 'which "=lang" writes'],
    [{ displayName: { from: 'title' } }, 'displayName.app', 'required'],
    [{ nope: { app: 'lang', from: 'title' } }, 'nope', 'no such attribute'],
  ])('%j at %s', async (entries, path, message) => {
    const { admin } = await sharedWorld
    const mapping = { User: { ...NAMES, ...entries } }
    const refused = await admin('POST', '/mapping/try', { mapping, resource: person('a.b@x.io') })
    expect(refused.status).toBe(422)
    const at = (refused.body.errors as { path: string; message: string }[]).find(
      (one) => one.path === `mapping.User.${path}`,
    )
    expect(at?.message ?? refused.body.errors).toContain(message)
  })

  test('by the connection itself as well, and nothing of it is stored', async () => {
    const { admin } = await sharedWorld
    const mapping = { User: { '=lang': { from: '$now()' } } }
    const refused = await admin('PATCH', '', { mapping })
    expect(refused.status).toBe(422)
    expect(refused.body.errors).toMatchObject([{ path: 'mapping.User.=lang.from' }])
    expect((await admin('GET', '')).body.mapping).toEqual(MAPPING)
  })

  test('where people could not be found any more', async () => {
    const { admin } = await sharedWorld
    const { userName: _, ...rest } = NAMES
    const made = { User: { ...rest, userName: null, '=login': { from: 'userName' } } }
    const refused = await admin('PATCH', '', { mapping: made })
    expect(refused.body.errors).toMatchObject([
      { path: 'mapping.User.=login', message: expect.stringContaining('"match"') },
    ])
    const tabled = await admin('PATCH', '', {
      policy: { match: [{ scim: 'userType', auto: true }] },
    })
    expect(tabled.body.errors).toMatchObject([
      { path: 'policy.match.0.scim', message: expect.stringContaining('table of values') },
    ])
  })

  test('an expression at a SCIM path works one way and names the app’s attribute', async () => {
    const { admin } = await sharedWorld
    const mapping = { User: { ...NAMES, displayName: { app: 'lang', from: 'displayName & "!"' } } }
    const resource = person('a.b@x.io', { displayName: 'A' })
    const { body } = await admin('POST', '/mapping/try', { mapping, resource })
    expect(body.app.attributes).toMatchObject({ lang: 'A!' })
    expect(body.resource.displayName).toBe('A')
  })
})

describe('a trial of a mapping', () => {
  test('shows what the app would get and what the client reads back, and writes nothing', async () => {
    const world = await open()
    const resource = person('a.b@x.io', {
      userType: 'guest',
      roles: [{ value: 'Editor', display: 'The editor' }],
      shoeSize: 43,
    })
    const { status, body } = await world.admin('POST', '/mapping/try', { resource })
    expect(status).toBe(200)
    expect(body).toEqual({
      app: {
        attributes: {
          login: 'a.b@x.io',
          first_name: 'a',
          last_name: 'b',
          level: 2,
          tags: ['Editor'],
          lang: 'fo',
          vip: true,
        },
        active: true,
      },
      resource: {
        userName: 'a.b@x.io',
        name: { givenName: 'a', familyName: 'b' },
        active: true,
        userType: 'guest',
        roles: [{ value: 'Editor', display: 'The editor' }],
      },
      ignored: ['shoeSize'],
      errors: [],
    })
    expect((await world.ask('GET', '/Users')).body.totalResults).toBe(0)
  })

  test('names every entry that cannot be applied, and shows the rest', async () => {
    const { admin } = await sharedWorld
    const mapping = {
      User: { ...MAPPING.User, '=lang': { from: '$number(title)' }, '=vip': { from: 'title' } },
    }
    const resource = person('a.b@x.io', { title: 'x', userType: 'Robot' })
    const { status, body } = await admin('POST', '/mapping/try', { mapping, resource })
    expect(status).toBe(200)
    expect(body.app.attributes).toMatchObject({ login: 'a.b@x.io' })
    expect(body.errors.map((one: { path: string }) => one.path)).toEqual([
      'mapping.User.userType',
      'mapping.User.=lang',
      'mapping.User.=vip',
    ])
    expect(body.errors[2].message).toContain('gives a string where a boolean is needed')
    expect((await admin('GET', '')).body.mapping).toEqual(MAPPING)
  })

  test('shows an account of the app as a client would read it', async () => {
    const app = openMemoryApp(ATTRIBUTES)
    const attributes = { login: 'a@x.io', level: 1, tags: ['A', 'B'], lang: 'fo' }
    app.accounts.set('7', { id: '7', active: false, attributes })
    const { admin } = await openWorld({ ...app, mapping: MAPPING })
    const { body } = await admin('POST', '/mapping/try', { nativeId: '7' })
    expect(body).toEqual({
      app: { attributes, active: false },
      resource: {
        userName: 'a@x.io',
        userType: 'Employee',
        roles: [{ value: 'A' }, { value: 'B' }],
        active: false,
      },
      errors: [],
    })
    const { body: none } = await admin('POST', '/mapping/try', { nativeId: '8' })
    expect(none.errors).toMatchObject([{ path: 'nativeId' }])
  })

  test('tells what the app would be told of somebody who is linked, and tells it nothing', async () => {
    const world = await open()
    const sent = person('L.Inked@x.io', { userType: 'Guest', title: 'Head' })
    const { body: made } = await world.ask('POST', '/Users', sent)
    const mapping = { User: { ...MAPPING.User, title: 'lang', '=lang': undefined } }
    for (const who of ['l.inked@x.io', made.id]) {
      const { body } = await world.admin('POST', '/mapping/try', { mapping, person: who })
      expect(body.changes).toEqual([{ attribute: 'lang', now: 'fo', next: 'Head' }])
      expect(body.app.attributes).toMatchObject({ login: 'L.Inked@x.io', lang: 'Head' })
    }
    const { body: same } = await world.admin('POST', '/mapping/try', { person: made.id })
    expect(same.changes).toEqual([])
    const broken = { User: { ...MAPPING.User, '=lang': { from: '$number(title)' } } }
    const { body: failed } = await world.admin('POST', '/mapping/try', {
      ...{ mapping: broken, person: made.id },
    })
    expect(failed.errors).toMatchObject([{ path: 'mapping.User.=lang' }])
    expect((await world.ask('GET', `/Users/${made.id}`)).body.meta).toEqual(made.meta)
    const nobody = await world.admin('POST', '/mapping/try', { person: 'nobody@x.io' })
    expect(nobody.status).toBe(422)
    expect(nobody.body.errors).toMatchObject([{ path: 'person' }])
  })

  test.each<[object, string]>([
    [{}, ''],
    [{ resource: {}, nativeId: '1' }, ''],
    [{ resource: {}, person: 'a' }, ''],
    [{ resource: [] }, 'resource'],
    [{ resource: {}, resourceType: 'Printer' }, 'resourceType'],
    [{ resource: {}, colour: 1 }, 'colour'],
  ])('%j is 422 at "%s"', async (body, path) => {
    const { admin } = await sharedWorld
    const refused = await admin('POST', '/mapping/try', body)
    expect(refused.status).toBe(422)
    expect(refused.body.errors).toMatchObject([{ path }])
  })

  test('a sample that no client could send says why', async () => {
    const { admin } = await sharedWorld
    const { status, body } = await admin('POST', '/mapping/try', { resource: { active: 'maybe' } })
    expect(status).toBe(200)
    expect(body.errors).toMatchObject([{ path: 'resource' }])
  })
})
