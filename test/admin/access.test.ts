/** Who has which account, since when, and through what. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { driveToEnd } from '../support/reconcile.ts'
import {
  brownfield,
  GROUP_SCHEMA,
  idOf,
  match,
  openWorld,
  patch,
  person,
  type World,
} from '../support/world.ts'

const DAY_MS = 24 * 3_600_000

async function scan(world: World): Promise<void> {
  const { body } = await world.admin('POST', '/reconcile', {})
  await driveToEnd(world.admin, body.id)
}

describe('an access review', () => {
  test('says since when and through what, in which groups, and when it was changed', async () => {
    const world = await openWorld()
    const began = new Date(world.clock.now).toISOString()
    const made = idOf(await world.ask('POST', '/Users', person('ada.lund@example.com')))
    brownfield(world, 'Jon.Falk@example.com')
    const { body: found } = await world.ask('GET', match('userName', 'Jon.Falk@example.com'))
    const adopted = idOf(await world.ask('POST', '/Users', person('jon.falk@example.com')))
    expect(found.Resources[0].id).toBe(adopted)
    const members = [{ value: made }]
    const group = { schemas: [GROUP_SCHEMA], displayName: '=Line 4', members }
    await world.ask('POST', '/Groups', group)
    world.clock.now += DAY_MS
    const off = patch({ op: 'replace', path: 'active', value: false })
    await world.ask('PATCH', `/Users/${adopted}`, off)
    const changed = new Date(world.clock.now).toISOString()

    const { body } = await world.admin('GET', '/access')
    const [ada, jon] = [made, adopted].map((id) =>
      body.items.find((one: { id: string }) => one.id === id),
    )
    expect(body.items).toHaveLength(2)
    expect(ada).toMatchObject({
      kind: 'managed',
      userName: 'ada.lund@example.com',
      active: true,
      how: 'created',
      rule: null,
      since: began,
      groups: [{ display: '=Line 4' }],
      lastChange: began,
      notKnown: [],
    })
    expect(ada.told).toMatch(/^The account was created by the client \(token /)
    expect(jon).toMatchObject({
      how: 'adopted',
      rule: 'userName',
      active: false,
      inactiveSince: changed,
      lastChange: changed,
      lastSeen: changed,
    })
    expect(jon.told).toContain('found by the match rule "userName"')

    const inactive = async (days: number) =>
      (await world.admin('GET', `/access?inactiveDays=${days}`)).body.items.length
    expect(await inactive(0)).toBe(1)
    expect(await inactive(7)).toBe(0)
    world.clock.now += 8 * DAY_MS
    expect(await inactive(7)).toBe(1)

    const { body: text } = await world.admin('GET', '/access?format=csv')
    expect(text.split('\r\n')).toHaveLength(4)
    expect(text).toContain("'=Line 4")
  })

  test('says what is not known, when the audit has forgotten it', async () => {
    const world = await openWorld()
    const id = idOf(await world.ask('POST', '/Users', person('ada.lund@example.com')))
    await env.DB.prepare('DELETE FROM audit WHERE link = ?').bind(id).run()
    const { body } = await world.admin('GET', '/access')
    expect(body.items[0]).toMatchObject({ how: 'created', lastChange: null })
    expect(body.items[0].notKnown).toContain('lastChange')
    expect(body.notes[0]).toContain('90 days')
  })

  test('lists accounts that no client manages, by the last scan', async () => {
    const world = await openWorld()
    await world.ask('POST', '/Users', person('ada.lund@example.com'))
    brownfield(world, 'stranger@example.com')
    const before = (await world.admin('GET', '/access?orphans=true')).body
    expect(before).toMatchObject({ items: [], scan: null })
    expect(before.notes[0]).toContain('No scan has finished')
    await scan(world)
    const { body } = await world.admin('GET', '/access?orphans=true')
    expect(body.items).toMatchObject([
      { kind: 'orphan', nativeId: String(world.logins('stranger@example.com')[0]), how: 'none' },
    ])
    expect((await world.admin('GET', '/access?orphans=true&inactiveDays=3')).status).toBe(422)
  })

  test('names the administrator who has decided', async () => {
    const world = await openWorld({ policy: { match: [{ scim: 'userName', auto: false }] } })
    brownfield(world, 'jon.falk@example.com')
    await world.ask('POST', '/Users', person('jon.falk@example.com'))
    const { body: findings } = await world.admin('GET', '/findings')
    const nativeId = String(world.logins('jon.falk@example.com')[0])
    const decision = { decision: 'link', nativeId }
    const path = `/findings/${findings.items[0].id}/decide`
    expect((await world.admin('POST', path, decision)).status).toBe(200)
    idOf(await world.ask('POST', '/Users', person('jon.falk@example.com')))
    const { body } = await world.admin('GET', '/access')
    expect(body.items).toMatchObject([{ how: 'decided', by: 'Administrator bootstrap' }])
    const { body: audit } = await world.admin('GET', '/audit?op=decide')
    expect(audit.items[0]).toMatchObject({ actor: { kind: 'administrator', id: 'bootstrap' } })
  })
})
