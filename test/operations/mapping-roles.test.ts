/** App roles in each of Entra's three expressions, for an app with one role and for one with many. */
import { describe, expect, test } from 'vitest'
import { openMemoryApp } from '../support/memory-app.ts'
import { idOf, match, openWorld, patch, person } from '../support/world.ts'

const ROLE = { role: { type: 'string', write: 'always' } } as const
const ROLES = { roles: { type: 'string', multiValued: true, write: 'always' } } as const
const NAMES = { userName: 'login', 'name.givenName': 'first_name', 'name.familyName': 'last_name' }
const WAAD = 'WindowsAzureActiveDirectoryRole'

/** An app with one role each, mapped by one of the two paths. */
async function oneRole(entry: Readonly<Record<string, unknown>>) {
  const app = openMemoryApp(ROLE)
  const world = await openWorld({ ...app, mapping: { User: { ...NAMES, ...entry } } })
  const role = () => [...app.accounts.values()][0]?.attributes['role'] ?? null
  return { app, ...world, role }
}

async function manyRoles() {
  const app = openMemoryApp(ROLES)
  const world = await openWorld({
    ...app,
    mapping: { User: { ...NAMES, 'roles.value': 'roles' } },
  })
  const roles = () => [...app.accounts.values()][0]?.attributes['roles'] ?? null
  return { app, ...world, roles }
}

/** A role as Entra writes it into a string in its legacy dialect. */
const inText = (value: string) => ({
  value: JSON.stringify({ id: `id-${value}`, value, displayName: `The ${value}` }),
})
const single = (value: string) => [{ primary: true, type: WAAD, value }]
const complex = (...values: string[]) =>
  values.map((value) => ({ primary: false, type: WAAD, displayName: `The ${value}`, value }))
const assertive = (...values: string[]) =>
  values.map((value) => ({ primary: false, type: WAAD, display: `The ${value}`, value }))

describe('SingleAppRoleAssignment', () => {
  test.each(['roles[primary eq "True"].value', 'roles[primary eq true].value', 'roles.value'])(
    '"%s" gives an app with one role the role, changes it and takes it away',
    async (path) => {
      const { ask, role, app } = await oneRole({ [path]: 'role' })
      const created = await ask(
        'POST',
        '/Users',
        person('ilse.v@x.io', { roles: single('Editor') }),
      )
      const id = idOf(created)
      expect(role()).toBe('Editor')
      expect(created.body.roles).toEqual(single('Editor'))

      for (const primary of ['"True"', 'true', '"true"']) {
        const to = `Admin ${primary}`
        const at = `roles[primary eq ${primary}].value`
        const changed = patch({ op: 'Replace', path: at, value: to })
        expect((await ask('PATCH', `/Users/${id}`, changed)).status).toBe(200)
        expect(role()).toBe(to)
        const { roles } = (await ask('GET', `/Users/${id}`)).body
        expect(roles).toEqual([{ primary: true, type: WAAD, value: to }])
        const calls = app.told.length
        expect((await ask('PATCH', `/Users/${id}`, changed)).status).toBe(200)
        expect(app.told).toHaveLength(calls)
      }
      const gone = patch({ op: 'Remove', path: 'roles[primary eq "True"].value' })
      expect((await ask('PATCH', `/Users/${id}`, gone)).status).toBe(200)
      expect(role()).toBeNull()
      expect((await ask('GET', `/Users/${id}`)).body.roles).toBeUndefined()
    },
  )

  test.each([
    { op: 'Remove', path: 'roles[primary eq "True"]' },
    { op: 'Replace', path: 'roles[primary eq "True"].value', value: '' },
    { op: 'Replace', path: 'roles', value: [] },
    { op: 'Remove', path: 'roles' },
    { op: 'Remove', path: 'roles', value: [{ value: 'Editor' }] },
  ])('%j takes the role away', async (operation) => {
    const { ask, role } = await oneRole({ 'roles[primary eq "True"].value': 'role' })
    const id = idOf(await ask('POST', '/Users', person('ilse.v@x.io', { roles: single('Editor') })))
    expect((await ask('PATCH', `/Users/${id}`, patch(operation))).status).toBe(200)
    expect(role()).toBeNull()
    expect((await ask('GET', `/Users/${id}`)).body.roles).toBeUndefined()
  })

  test('a role as JSON in a string, which the legacy dialect adds, is the app’s role', async () => {
    const { ask, role } = await oneRole({ 'roles.value': 'role' })
    const id = idOf(await ask('POST', '/Users', person('ilse.v@x.io', { roles: [] })))
    expect(role()).toBeNull()
    const added = patch({ op: 'Add', path: 'roles', value: [inText('Editor')] })
    expect((await ask('PATCH', `/Users/${id}`, added)).status).toBe(200)
    expect(role()).toBe('Editor')
  })

  test('an app with many roles takes it as a set of one', async () => {
    const { ask, roles } = await manyRoles()
    const id = idOf(await ask('POST', '/Users', person('ilse.v@x.io', { roles: single('Editor') })))
    expect(roles()).toEqual(['Editor'])
    const path = 'roles[primary eq "True"].value'
    await ask('PATCH', `/Users/${id}`, patch({ op: 'Replace', path, value: 'Admin' }))
    expect(roles()).toEqual(['Admin'])
  })
})

describe('AppRoleAssignmentsComplex', () => {
  test('roles that are added reach an app with many, JSON in a string and objects alike', async () => {
    const { ask, roles, app } = await manyRoles()
    const created = await ask('POST', '/Users', person('ilse.v@x.io', { roles: complex('A') }))
    const id = idOf(created)
    expect(roles()).toEqual(['A'])
    expect(created.body.roles).toEqual([{ primary: false, type: WAAD, value: 'A' }])

    for (const value of [[inText('B')], complex('C'), [inText('B')]]) {
      const added = patch({ op: 'Add', path: 'roles', value })
      expect((await ask('PATCH', `/Users/${id}`, added)).status).toBe(200)
    }
    expect(roles()).toEqual(['A', 'B', 'C'])
    expect(app.told.slice(1)).toEqual([
      { set: { roles: ['A', 'B'] }, unset: [] },
      { set: { roles: ['A', 'B', 'C'] }, unset: [] },
    ])
    const shown = (await ask('GET', `/Users/${id}`)).body.roles
    expect(shown).toEqual([
      { primary: false, type: WAAD, value: 'A' },
      { value: 'B' },
      { primary: false, type: WAAD, value: 'C' },
    ])
  })

  test('of several roles an app with one takes the last, which is the newest', async () => {
    const { ask, role } = await oneRole({ 'roles.value': 'role' })
    const id = idOf(
      await ask('POST', '/Users', person('ilse.v@x.io', { roles: complex('A', 'B') })),
    )
    expect(role()).toBe('B')
    await ask('PATCH', `/Users/${id}`, patch({ op: 'Add', path: 'roles', value: [inText('C')] }))
    expect(role()).toBe('C')
    const shown = (await ask('GET', `/Users/${id}`)).body.roles as { value: string }[]
    expect(shown.map(({ value }) => value)).toEqual(['A', 'B', 'C'])
    expect((await ask('GET', match('roles.value', 'A'))).body.totalResults).toBe(1)
    expect((await ask('GET', match('roles.value', 'C'))).body.totalResults).toBe(1)
    expect((await ask('GET', match('roles.value', 'Z'))).body.totalResults).toBe(0)
  })

  test('of several roles an app with one takes the one that is primary', async () => {
    const { ask, role } = await oneRole({ 'roles.value': 'role' })
    const sent = [...single('A'), ...complex('B')]
    const id = idOf(await ask('POST', '/Users', person('ilse.v@x.io', { roles: sent })))
    expect(role()).toBe('A')
    const path = 'roles[value eq "B"].primary'
    await ask('PATCH', `/Users/${id}`, patch({ op: 'Replace', path, value: 'True' }))
    expect(role()).toBe('B')
  })

  test('of several roles an app with one takes the highest of the table', async () => {
    const values = { adm: 'Admin', ed: 'Editor', rd: 'Reader' }
    const { ask, role } = await oneRole({ 'roles.value': { app: 'role', values } })
    const sent = complex('Reader', 'Editor')
    const id = idOf(await ask('POST', '/Users', person('ilse.v@x.io', { roles: sent })))
    expect(role()).toBe('ed')
    await ask(
      'PATCH',
      `/Users/${id}`,
      patch({ op: 'Add', path: 'roles', value: [inText('Admin')] }),
    )
    expect(role()).toBe('adm')
    const refused = patch({ op: 'Replace', path: 'roles', value: complex('Owner') })
    const answer = await ask('PATCH', `/Users/${id}`, refused)
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({
      scimType: 'invalidValue',
      detail: expect.stringContaining('"Admin", "Editor", "Reader"'),
    })
    expect(role()).toBe('adm')
  })
})

describe('AssertiveAppRoleAssignmentsComplex', () => {
  test('the roles that are sent are the roles, and no others', async () => {
    const { ask, roles, app } = await manyRoles()
    const sent = assertive('A', 'B')
    const created = await ask('POST', '/Users', person('ilse.v@x.io', { roles: sent }))
    const id = idOf(created)
    expect(created.body.roles).toEqual(sent)
    for (const [now, told] of [
      [assertive('B', 'C'), ['B', 'C']],
      [assertive('C', 'B'), undefined],
      [assertive('C'), ['C']],
    ] as const) {
      const calls = app.told.length
      const replaced = patch({ op: 'replace', path: 'roles', value: now })
      expect((await ask('PATCH', `/Users/${id}`, replaced)).status).toBe(200)
      expect(app.told.slice(calls)).toEqual(told ? [{ set: { roles: told }, unset: [] }] : [])
      // RFC 7643 §2.4: order has no meaning.
      const shown = (await ask('GET', `/Users/${id}`)).body.roles
      expect(new Set(shown)).toEqual(new Set(now))
    }
    const none = patch({ op: 'replace', path: 'roles', value: [] })
    expect((await ask('PATCH', `/Users/${id}`, none)).status).toBe(200)
    expect(roles()).toBeNull()
    expect((await ask('GET', `/Users/${id}`)).body.roles).toBeUndefined()
  })

  test('an app with one role follows the set', async () => {
    const { ask, role } = await oneRole({ 'roles.value': 'role' })
    const roles = assertive('A', 'B')
    const id = idOf(await ask('POST', '/Users', person('ilse.v@x.io', { roles })))
    expect(role()).toBe('B')
    await ask(
      'PATCH',
      `/Users/${id}`,
      patch({ op: 'replace', path: 'roles', value: assertive('A') }),
    )
    expect(role()).toBe('A')
    await ask('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'roles', value: null }))
    expect(role()).toBeNull()
  })

  test('roles that were changed in the app show as the app has them', async () => {
    const { ask, app } = await manyRoles()
    const roles = assertive('A', 'B')
    const id = idOf(await ask('POST', '/Users', person('ilse.v@x.io', { roles })))
    const [account] = app.accounts.keys()
    app.change(account ?? '', { roles: ['B', 'X'] })
    const shown = (await ask('GET', `/Users/${id}`)).body.roles
    expect(shown).toEqual([...assertive('B'), { value: 'X' }])
    app.change(account ?? '', { roles: [] })
    expect((await ask('GET', `/Users/${id}`)).body.roles).toBeUndefined()
  })
})

describe('drift of a role', () => {
  test('what was chosen of several is put back, not another one of them', async () => {
    const app = openMemoryApp(ROLE)
    const values = { r: 'Reader', a: 'Admin' }
    const mapping = { User: { ...NAMES, 'roles.value': { app: 'role', values } } }
    const policy = { drift: { '*': 'restore' } }
    const { ask, admin } = await openWorld({ ...app, mapping, policy })
    const roles = [...complex('Reader'), ...single('Admin')]
    const id = idOf(await ask('POST', '/Users', person('ilse.v@x.io', { roles })))
    const [account = ''] = app.accounts.keys()
    const role = () => app.accounts.get(account)?.attributes['role']
    expect(role()).toBe('a')

    app.change(account, { role: 'r' })
    expect((await ask('GET', `/Users/${id}`)).body.roles).toEqual([
      { primary: false, type: WAAD, value: 'Reader' },
    ])
    const { body: scan } = await admin('POST', '/reconcile', {})
    expect((await admin('POST', `/reconcile/${scan.id}/advance`, {})).body.state).toBe('done')
    expect(role()).toBe('a')
    const shown = (await ask('GET', `/Users/${id}`)).body.roles as { value: string }[]
    expect(shown.map(({ value }) => value).sort()).toEqual(['Admin', 'Reader'])
  })
})
