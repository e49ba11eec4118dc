/** What is kept of one person is erased from every table, and nobody else's. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { admin, connect } from '../support/gateway.ts'
import { adminOf, reconcile } from '../support/reconcile.ts'
import { dataTables, rowsOf } from '../support/tables.ts'
import {
  brownfield,
  GROUP_SCHEMA,
  idOf,
  match,
  openWorld,
  patch,
  person,
  type WorldOptions,
} from '../support/world.ts'

const LOGIN = 'ada.personal@example.com'
/** Everything about her that could be recognised. */
const MARKS = ['ada.personal', 'Adapersonal', 'ext-personal', 'Lundpersonal']
const her = person(LOGIN, {
  externalId: 'ext-personal',
  nickName: 'Adapersonal',
  displayName: 'Adapersonal Lundpersonal',
  name: { givenName: 'Adapersonal', familyName: 'Lundpersonal' },
})

async function open(options: WorldOptions = {}) {
  const world = await openWorld(options)
  const call = adminOf(world.open(), world.scim)
  const erase = (id: string, query = '') => call('DELETE', `/people/${id}${query}`)
  return { ...world, call, erase }
}

/** The rows of a connection that hold a mark, by table. */
async function traces(name: string, marks: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const table of await dataTables()) {
    for (const row of await rowsOf(table, name)) {
      const text = JSON.stringify(row)
      for (const mark of marks) {
        if (text.toLowerCase().includes(mark.toLowerCase())) found.push(`${table.name}: ${mark}`)
      }
    }
  }
  return found
}

describe('erasing a person', () => {
  test('leaves a bare id in no table that could recognise them, and is repeatable', async () => {
    const world = await open()
    const id = idOf(await world.ask('POST', '/Users', her))
    const other = idOf(await world.ask('POST', '/Users', person('b@c.de')))
    const members = [{ value: id }, { value: other }]
    const group = { schemas: [GROUP_SCHEMA], displayName: 'Desk', members }
    const groupId = idOf(await world.ask('POST', '/Groups', group))
    await world.ask('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'title', value: 'T' }))
    await reconcile(world.call)
    const row = { userPrincipalName: LOGIN, mail: LOGIN, accountEnabled: true }
    expect((await world.call('POST', '/preflight', { value: [row] })).status).toBe(200)
    // She leaves the app without a word to the gateway.
    const [no = 0] = world.logins(LOGIN)
    const account = world.desk.store.account(no)
    if (account) world.desk.store.deleteAccount(account)
    // The second scan that misses her makes a finding.
    for (let n = 0; n < 2; n++) {
      world.clock.now += 60_000
      await reconcile(world.call, { acceptShrink: true })
    }
    const marks = [...MARKS, `"native_id":"${no}"`, `nativeId\\":\\"${no}\\"`, `User:${id}`]
    const before = await traces(world.scim.name, marks)
    for (const table of [
      'claim',
      'finding',
      'link',
      'preflight_match',
      'preflight_person',
      'scan_account',
      'scan_key',
    ]) {
      expect(before.join('\n')).toContain(`${table}: `)
    }

    expect((await world.erase(id)).status).toBe(204)
    expect(await traces(world.scim.name, marks)).toEqual([])
    const link = await env.DB.prepare(
      'SELECT l.* FROM link l JOIN connection c ON c.id = l.connection WHERE c.name = ? AND l.id = ?',
    )
      .bind(world.scim.name, id)
      .first()
    expect(link).toMatchObject({ state: 'tombstone', native_id: null, display: null, shadow: '{}' })
    expect((await world.erase(id)).status).toBe(204)

    // The others are as they were.
    expect((await world.ask('GET', `/Users/${id}`)).status).toBe(404)
    expect((await world.ask('GET', match('userName', 'b@c.de'))).body.totalResults).toBe(1)
    const shown = (await world.ask('GET', `/Groups/${groupId}`)).body.members
    expect(shown).toMatchObject([{ value: other }])
    // Nobody gets the id again, and she may come back under a new one.
    const item = { id, nativeId: '1' }
    const { body } = await world.call('POST', '/links', { items: [item] })
    expect(body.items[0]).toMatchObject({ reason: 'id-used' })
    expect(idOf(await world.ask('POST', '/Users', her))).not.toBe(id)
  })

  test('takes findings along that name the account among others', async () => {
    const world = await open({ faults: { uniqueness: 'off' } })
    const id = idOf(await world.ask('POST', '/Users', her))
    brownfield(world, LOGIN)
    await world.ask('GET', match('userName', LOGIN))
    expect((await world.call('GET', '/findings')).body.items).toHaveLength(1)
    expect((await world.erase(id, '?force=true')).status).toBe(204)
    expect((await world.call('GET', '/findings')).body.items).toEqual([])
  })

  test('is refused while the account is in the app, and says what to do', async () => {
    const world = await open()
    const id = idOf(await world.ask('POST', '/Users', her))
    const refused = await world.erase(id)
    expect(refused).toMatchObject({ status: 409 })
    expect(refused.body.detail).toContain('force=true')
    expect((await world.ask('GET', `/Users/${id}`)).status).toBe(200)
  })

  test('by force leaves the account in the app, where the next read gives it another id', async () => {
    const world = await open()
    const id = idOf(await world.ask('POST', '/Users', her))
    expect((await world.erase(id, '?force=true')).status).toBe(204)
    expect(await traces(world.scim.name, MARKS)).toEqual([])
    expect(world.logins(LOGIN)).toHaveLength(1)
    const found = await world.ask('GET', match('userName', LOGIN))
    expect(found.body.Resources[0].id).not.toBe(id)
    expect((await world.ask('POST', '/Users', her)).status).toBe(201)
    expect(world.logins(LOGIN)).toHaveLength(1)
  })

  test('after a delete needs no force, but it does where the account was only disabled', async () => {
    const gone = await open()
    const id = idOf(await gone.ask('POST', '/Users', her))
    expect((await gone.ask('DELETE', `/Users/${id}`)).status).toBe(204)
    expect((await gone.erase(id)).status).toBe(204)
    expect(await traces(gone.scim.name, MARKS)).toEqual([])

    const kept = await open({ policy: { deprovision: { onDelete: 'deactivate' } } })
    const hidden = idOf(await kept.ask('POST', '/Users', her))
    expect((await kept.ask('DELETE', `/Users/${hidden}`)).status).toBe(204)
    expect((await kept.erase(hidden)).status).toBe(409)
    expect((await kept.erase(hidden, '?force=true')).status).toBe(204)
    expect(await traces(kept.scim.name, MARKS)).toEqual([])
  })

  test('waits for a create that was cut off, unless forced; its retry then adopts', async () => {
    const world = await open()
    const isolate = world.open({ step: 5, how: 'dies' })
    await isolate.scim(world.scim, 'POST', '/Users', her)
    const { results } = await env.DB.prepare(
      `SELECT l.id FROM link l JOIN connection c ON c.id = l.connection
        WHERE c.name = ? AND l.state = 'proposed'`,
    )
      .bind(world.scim.name)
      .all<{ id: string }>()
    const id = results[0]?.id ?? ''
    expect(id).not.toBe('')
    expect((await world.erase(id)).status).toBe(409)
    expect((await world.erase(id, '?force=true')).status).toBe(204)
    expect(await traces(world.scim.name, MARKS)).toEqual([])
    expect((await world.ask('POST', '/Users', her)).status).toBe(201)
    expect(world.logins(LOGIN)).toHaveLength(1)
  })

  test('is refused while the app cannot say whether the account is gone', async () => {
    const world = await open()
    const id = idOf(await world.ask('POST', '/Users', her))
    world.desk.failNext({ match: '*', times: 9 })
    expect((await world.erase(id)).status).toBe(409)
  })

  test('of the sandbox, by force, erases the account itself', async () => {
    const scim = await connect()
    const id = idOf(await scim('POST', '/Users', her))
    const path = `/connections/${scim.name}/people/${id}`
    expect((await admin('DELETE', path)).status).toBe(409)
    expect((await admin('DELETE', `${path}?force=true`)).status).toBe(204)
    expect(await traces(scim.name, MARKS)).toEqual([])
    expect((await scim('GET', '/Users')).body.totalResults).toBe(0)
  })

  test('of an id that was never given out is 404, and other methods are 405', async () => {
    const world = await open()
    expect((await world.erase('nobody')).status).toBe(404)
    expect((await world.call('PUT', '/people/nobody')).status).toBe(405)
    const elsewhere = await open()
    const id = idOf(await elsewhere.ask('POST', '/Users', her))
    expect((await world.erase(id, '?force=true')).status).toBe(404)
  })
})
