/** What a mapping may say beside pairs: tables, defaults, constants and expressions, over HTTP. */
import { describe, expect, test } from 'vitest'
import type { AttributeSpec } from '../../src/adapter/contract.ts'
import { type MemoryApp, openMemoryApp } from '../support/memory-app.ts'
import { idOf, match, openWorld, patch, person } from '../support/world.ts'

const TEXT = { type: 'string', write: 'always' } as const
const NAMES = { userName: 'login', 'name.givenName': 'first_name', 'name.familyName': 'last_name' }

/** An app with these attributes beside, whose mapping has these entries beside. */
async function world(
  attributes: Readonly<Record<string, AttributeSpec>>,
  entries: Readonly<Record<string, unknown>>,
  more: { app?: MemoryApp; policy?: Readonly<Record<string, unknown>> } = {},
) {
  const app = more.app ?? openMemoryApp(attributes)
  const { policy } = more
  const opened = await openWorld({
    ...app,
    mapping: { User: { ...NAMES, ...entries } },
    ...(policy && { policy }),
  })
  const held = (name: string) => [...app.accounts.values()].at(-1)?.attributes[name] ?? null
  const nativeId = () => [...app.accounts.keys()].at(-1) ?? ''
  return { ...opened, app, held, nativeId }
}

const replace = (path: string, value: unknown) => patch({ op: 'Replace', path, value })

describe('a table of values', () => {
  const STATUS = { status: { type: 'number', write: 'always' } } as const
  const values = { 1: 'Employee', 2: 'Guest', 3: 'Guest' }

  test('works both ways, by the app’s own type', async () => {
    const { ask, held, app, nativeId } = await world(STATUS, {
      userType: { app: 'status', values },
    })
    const id = idOf(await ask('POST', '/Users', person('a.b@x.io', { userType: 'guest' })))
    expect(held('status')).toBe(2)
    expect((await ask('GET', `/Users/${id}`)).body.userType).toBe('guest')
    app.change(nativeId(), { status: 1 })
    expect((await ask('GET', `/Users/${id}`)).body.userType).toBe('Employee')
  })

  test('of several of the app’s values for one of SCIM’s, the app’s own stays', async () => {
    const { ask, app, nativeId } = await world(STATUS, { userType: { app: 'status', values } })
    const id = idOf(await ask('POST', '/Users', person('a.b@x.io', { userType: 'Guest' })))
    app.change(nativeId(), { status: 3 })
    const calls = app.told.length
    await ask('PATCH', `/Users/${id}`, replace('userType', 'Guest'))
    expect(app.told).toHaveLength(calls)
  })

  test('a value that is not in it is refused before anything is written, and never shown', async () => {
    const { ask, app, nativeId } = await world(STATUS, { userType: { app: 'status', values } })
    const refused = await ask('POST', '/Users', person('a.b@x.io', { userType: 'Robot' }))
    expect(refused.status).toBe(400)
    expect(refused.body.detail).toContain('"userType" must be one of "Employee", "Guest"')
    expect(app.accounts.size).toBe(0)
    const id = idOf(await ask('POST', '/Users', person('a.b@x.io', { userType: 'Guest' })))
    app.change(nativeId(), { status: 9 })
    expect((await ask('GET', `/Users/${id}`)).body.userType).toBeUndefined()
  })

  test('a filter on it is answered in the client’s words', async () => {
    const { ask } = await world(STATUS, { userType: { app: 'status', values } })
    await ask('POST', '/Users', person('a.b@x.io', { userType: 'Guest' }))
    await ask('POST', '/Users', person('c.d@x.io', { userType: 'Employee' }))
    const found = (await ask('GET', match('userType', 'Guest'))).body
    expect(found.Resources.map((one: { userName: string }) => one.userName)).toEqual(['a.b@x.io'])
  })

  test('makes the switch of an app that has a state instead', async () => {
    const app = openMemoryApp({ state: TEXT })
    const opened = await openWorld({
      ...app,
      capabilities: { active: 'none' },
      mapping: {
        User: { ...NAMES, active: { app: 'state', values: { open: true, locked: false } } },
      },
    })
    const id = idOf(await opened.ask('POST', '/Users', person('a.b@x.io')))
    const state = () => [...app.accounts.values()][0]?.attributes['state']
    expect(state()).toBe('open')
    await opened.ask('PATCH', `/Users/${id}`, replace('active', 'False'))
    expect(state()).toBe('locked')
    expect((await opened.ask('GET', `/Users/${id}`)).body.active).toBe(false)
  })
})

describe('default, apply and clear', () => {
  test('a default is for a create alone, and the client does not see what it did not send', async () => {
    const { ask, held, app } = await world(
      { lang: TEXT },
      { preferredLanguage: { app: 'lang', default: 'fo' } },
    )
    const id = idOf(await ask('POST', '/Users', person('a.b@x.io')))
    expect(held('lang')).toBe('fo')
    expect((await ask('GET', `/Users/${id}`)).body.preferredLanguage).toBeUndefined()
    await ask('PATCH', `/Users/${id}`, replace('preferredLanguage', 'de'))
    await ask('PATCH', `/Users/${id}`, patch({ op: 'Remove', path: 'preferredLanguage' }))
    expect(app.told.slice(1)).toEqual([
      { set: { lang: 'de' }, unset: [] },
      { set: {}, unset: ['lang'] },
    ])
  })

  test('what is told at the create alone is echoed afterwards, and its change is no drift', async () => {
    const { ask, held, app, nativeId, admin } = await world(
      { lang: TEXT },
      { preferredLanguage: { app: 'lang', apply: 'create' } },
    )
    const id = idOf(await ask('POST', '/Users', person('a.b@x.io', { preferredLanguage: 'fo' })))
    await ask('PATCH', `/Users/${id}`, replace('preferredLanguage', 'de'))
    expect(held('lang')).toBe('fo')
    expect(app.told).toHaveLength(1)
    expect((await ask('GET', `/Users/${id}`)).body.preferredLanguage).toBe('de')
    app.change(nativeId(), { lang: 'da' })
    expect((await ask('GET', `/Users/${id}`)).body.preferredLanguage).toBe('da')
    const scan = (await admin('POST', '/reconcile', {})).body
    const done = await admin('POST', `/reconcile/${scan.id}/advance`, {})
    expect(done.body).toMatchObject({ state: 'done' })
    expect((await admin('GET', '/findings')).body.items).toEqual([])
  })

  test.each([
    ['null', { set: {}, unset: ['lang'] }],
    ['empty', { set: { lang: '' }, unset: [] }],
    ['keep', undefined],
  ])('a value that is taken away is told as "clear": "%s" says', async (clear, told) => {
    const { ask, app } = await world({ lang: TEXT }, { preferredLanguage: { app: 'lang', clear } })
    const id = idOf(await ask('POST', '/Users', person('a.b@x.io', { preferredLanguage: 'fo' })))
    const answer = await ask('PATCH', `/Users/${id}`, replace('preferredLanguage', ''))
    expect(answer.status).toBe(200)
    expect(app.told.slice(1)).toEqual(told ? [told] : [])
    expect((await ask('GET', `/Users/${id}`)).body.preferredLanguage).toBeUndefined()
  })
})

describe('typed elements', () => {
  test.each([
    'emails[type eq "work"].value',
    'emails[type eq "Work"].Value',
    'emails[Type EQ "work"].value',
    'urn:ietf:params:scim:schemas:core:2.0:User:emails[type eq "work"].value',
  ])('%s is the pair that the mapping means', async (path) => {
    const { ask, held } = await world({ mail: TEXT }, { 'emails[type eq "work"].value': 'mail' })
    const id = idOf(await ask('POST', '/Users', person('a.b@x.io')))
    await ask('PATCH', `/Users/${id}`, patch({ op: 'Add', path, value: 'a@x.io' }))
    expect(held('mail')).toBe('a@x.io')
    await ask('PATCH', `/Users/${id}`, patch({ op: 'replace', value: { [path]: 'b@x.io' } }))
    expect(held('mail')).toBe('b@x.io')
    await ask('PATCH', `/Users/${id}`, patch({ op: 'Remove', path: path.replace(/\.value$/i, '') }))
    expect(held('mail')).toBeNull()
  })
})

describe('lists', () => {
  const MAILS = { mails: { type: 'string', multiValued: true, write: 'always' } } as const
  const emails = [
    { type: 'work', primary: true, value: 'A@x.io' },
    { type: 'home', value: 'b@x.io', display: 'Home' },
  ]

  test('what stands beside a value lives with the link, where the app rewrites values too', async () => {
    const app = openMemoryApp(MAILS, (value) =>
      Array.isArray(value) ? value.map((one) => String(one).toLowerCase()).reverse() : value,
    )
    const { ask, held } = await world(MAILS, { 'emails.value': 'mails' }, { app })
    const id = idOf(await ask('POST', '/Users', person('a.b@x.io', { emails })))
    expect(held('mails')).toEqual(['b@x.io', 'a@x.io'])
    expect((await ask('GET', `/Users/${id}`)).body.emails).toEqual(emails)
    await ask('PATCH', `/Users/${id}`, replace('emails', emails.toReversed()))
    expect(app.told).toHaveLength(1)
  })

  test('a label that changes is kept, and nothing is sent', async () => {
    const { ask, app } = await world(MAILS, { 'emails.value': 'mails' })
    const id = idOf(await ask('POST', '/Users', person('a.b@x.io', { emails })))
    await ask('PATCH', `/Users/${id}`, replace('emails[type eq "home"].display', 'Cottage'))
    expect(app.told).toHaveLength(1)
    expect((await ask('GET', `/Users/${id}`)).body.emails[1].display).toBe('Cottage')
  })

  test('are not refused by a policy that refuses what the app cannot hold', async () => {
    const policy = { attributes: { '*': 'reject' } }
    const { ask, held } = await world(MAILS, { 'emails.value': 'mails' }, { policy })
    const created = await ask('POST', '/Users', person('a.b@x.io', { emails }))
    expect(created.body.emails).toEqual(emails)
    expect(held('mails')).toEqual(['A@x.io', 'b@x.io'])
  })
})

describe('constants and expressions', () => {
  const SPECS = { plan: TEXT, since: { type: 'string', write: 'create' }, shown: TEXT } as const
  const ENTRIES = {
    '=plan': { value: 'standard' },
    '=since': { value: 'scim', apply: 'create' },
    '=shown': { from: '$Join(" ", name.givenName, $ToUpper(name.familyName), title)' },
  }

  test('reach the app at the create, and the client reads back what it sent', async () => {
    const { ask, app } = await world(SPECS, ENTRIES)
    const sent = person('ilse.vargaard@x.io', { title: 'Chef' })
    const created = await ask('POST', '/Users', sent)
    expect(app.told[0]).toMatchObject({
      plan: 'standard',
      since: 'scim',
      shown: 'ilse VARGAARD Chef',
    })
    expect(created.body).toMatchObject({ title: 'Chef', name: sent.name })
    expect(created.body.displayName).toBeUndefined()
  })

  test('a change of what an expression reads sends it again; any other change does not', async () => {
    const { ask, app } = await world(SPECS, ENTRIES)
    const id = idOf(await ask('POST', '/Users', person('ilse.vargaard@x.io')))
    await ask('PATCH', `/Users/${id}`, replace('nickName', 'I'))
    await ask('PATCH', `/Users/${id}`, replace('userName', 'ilse@x.io'))
    await ask('PATCH', `/Users/${id}`, replace('title', 'Chef'))
    await ask('PATCH', `/Users/${id}`, replace('title', 'Chef'))
    expect(app.told.slice(1)).toEqual([
      { set: { login: 'ilse@x.io' }, unset: [] },
      { set: { shown: 'ilse VARGAARD Chef' }, unset: [] },
    ])
  })

  test('what somebody writes over them in the app stays until what they are made of changes', async () => {
    const { ask, held, app, nativeId } = await world(SPECS, ENTRIES)
    const id = idOf(await ask('POST', '/Users', person('ilse.vargaard@x.io')))
    app.change(nativeId(), { shown: 'Ilse', plan: 'gold' })
    await ask('PATCH', `/Users/${id}`, replace('nickName', 'I'))
    expect([held('shown'), held('plan')]).toEqual(['Ilse', 'gold'])
    await ask('PATCH', `/Users/${id}`, replace('title', 'Chef'))
    expect([held('shown'), held('plan')]).toEqual(['ilse VARGAARD Chef', 'gold'])
  })

  test('an account that is adopted is told them, but not what is for a create alone', async () => {
    const { ask, app } = await world(SPECS, ENTRIES)
    app.accounts.set('7', {
      id: '7',
      attributes: { login: 'a.b@x.io', first_name: 'a', last_name: 'b' },
      active: true,
    })
    expect((await ask('POST', '/Users', person('a.b@x.io'))).status).toBe(201)
    expect(app.told).toEqual([{ set: { plan: 'standard', shown: 'a B' }, unset: [] }])
  })

  test('a second identical PUT sends nothing', async () => {
    const { ask, app } = await world(SPECS, ENTRIES)
    const sent = person('ilse.vargaard@x.io', { title: 'Chef' })
    const id = idOf(await ask('POST', '/Users', sent))
    for (let i = 0; i < 2; i++) expect((await ask('PUT', `/Users/${id}`, sent)).status).toBe(200)
    expect(app.told).toHaveLength(1)
  })

  test('under a new mapping they come along with the next change', async () => {
    const { ask, app, admin } = await world(SPECS, ENTRIES)
    const id = idOf(await ask('POST', '/Users', person('a.b@x.io')))
    const mapping = { User: { '=plan': { value: 'gold' } } }
    expect((await admin('PATCH', '', { mapping })).status).toBe(200)
    await ask('PATCH', `/Users/${id}`, replace('name.givenName', 'Z'))
    expect(app.told.at(-1)).toEqual({
      set: { first_name: 'Z', plan: 'gold', shown: 'Z B' },
      unset: [],
    })
  })

  test('an expression without a value sends nothing, and takes away what it had sent', async () => {
    const { ask, app } = await world(SPECS, { '=shown': { from: 'title' } })
    const id = idOf(await ask('POST', '/Users', person('a.b@x.io')))
    expect(app.told[0]).not.toHaveProperty('shown')
    await ask('PATCH', `/Users/${id}`, replace('title', 'Chef'))
    await ask('PATCH', `/Users/${id}`, patch({ op: 'Remove', path: 'title' }))
    expect(app.told.slice(1)).toEqual([
      { set: { shown: 'Chef' }, unset: [] },
      { set: {}, unset: ['shown'] },
    ])
  })

  test('one that fails is a 400 that names the attribute and no value, and nothing is written', async () => {
    const { ask, app } = await world(SPECS, { '=shown': { from: '$number(title)' } })
    const sent = person('a.b@x.io', { title: 'Geheim' })
    const refused = await ask('POST', '/Users', sent)
    expect(refused.status).toBe(400)
    expect(refused.body).toMatchObject({
      scimType: 'invalidValue',
      detail: expect.stringContaining('"shown"'),
    })
    expect(refused.body.detail).not.toContain('Geheim')
    expect(app.told).toEqual([])
    const id = idOf(await ask('POST', '/Users', { ...sent, title: undefined }))
    expect((await ask('PATCH', `/Users/${id}`, replace('title', 'x'))).status).toBe(400)
    expect((await ask('GET', `/Users/${id}`)).body.title).toBeUndefined()
    // What is refused does not stand in the way of the next change.
    expect((await ask('PATCH', `/Users/${id}`, replace('active', false))).status).toBe(200)
    expect((await ask('PATCH', `/Users/${id}`, replace('title', '7'))).status).toBe(400)
  })

  test('one that fails for a person under a new mapping does not keep a leaver on', async () => {
    const { ask, app, admin } = await world(SPECS, {})
    const id = idOf(await ask('POST', '/Users', person('a.b@x.io', { title: 'x' })))
    const mapping = { User: { '=shown': { from: '$number(title)' } } }
    expect((await admin('PATCH', '', { mapping })).status).toBe(200)
    expect((await ask('PATCH', `/Users/${id}`, replace('active', false))).status).toBe(200)
    expect([...app.accounts.values()][0]?.active).toBe(false)
  })

  test('in mode gate a value that the mapping has no form of is refused in the same words', async () => {
    const { ask, admin } = await world(SPECS, { '=shown': { from: '$number(title)' } })
    const id = idOf(await ask('POST', '/Users', person('a.b@x.io')))
    const live = await ask('PATCH', `/Users/${id}`, replace('title', 'x'))
    expect(live.status).toBe(400)
    await admin('PATCH', '', { mode: 'gate' })
    expect((await ask('PATCH', `/Users/${id}`, replace('title', 'x'))).body).toEqual(live.body)
  })

  test('one value for an attribute that holds several is a list of it', async () => {
    const tags = { tags: { type: 'string', multiValued: true, write: 'always' } } as const
    const { ask, held } = await world(tags, { '=tags': { from: 'emails.value' } })
    const emails = [{ type: 'work', value: 'a@x.io' }]
    const id = idOf(await ask('POST', '/Users', person('a.b@x.io', { emails })))
    expect(held('tags')).toEqual(['a@x.io'])
    const added = patch({ op: 'Add', path: 'emails', value: [{ type: 'home', value: 'b@x.io' }] })
    await ask('PATCH', `/Users/${id}`, added)
    expect(held('tags')).toEqual(['a@x.io', 'b@x.io'])
  })

  test('never read a secret', async () => {
    const { ask, app } = await world(SPECS, {
      '=shown': { from: '$exists(password) ? "yes" : "no"' },
    })
    await ask('POST', '/Users', person('a.b@x.io', { password: 'Geheim-123' }))
    expect(app.told[0]).toMatchObject({ shown: 'no' })
  })

  test('a filter on what an expression reads is answered from the client’s words', async () => {
    const { ask } = await world(SPECS, ENTRIES)
    await ask('POST', '/Users', person('a.b@x.io', { title: 'Chef' }))
    await ask('POST', '/Users', person('c.d@x.io', { title: 'Cook' }))
    expect((await ask('GET', match('title', 'Chef'))).body.totalResults).toBe(1)
  })
})
