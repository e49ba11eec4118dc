/**
 * A real slapd behind a real gateway, in TLS, without the overlays that keep groups in order, and
 * signed in as somebody whom the size limit holds for.
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { Client } from 'ldapts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { type Started, startPostern } from '../../cli/launch.ts'
import { type RealApp, startApp } from '../acceptance/app.ts'
import { openldap } from '../acceptance/apps/openldap.ts'

const BASE = 'dc=example,dc=com'
const PEOPLE = `ou=people,${BASE}`
const GROUPS = `ou=groups,${BASE}`
const USER = 'urn:ietf:params:scim:schemas:core:2.0:User'
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group'
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
/** More than the directory lets an ordinary account read at once. */
const CROWD = 700

const isInstalled = ['/usr/sbin/slapd', '/usr/bin/ldapwhoami', '/usr/bin/openssl'].every(existsSync)
if (!isInstalled) console.log('skipped: slapd, ldap-utils or openssl is not installed')

interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: bodies of many shapes
  readonly body: any
}
type Scim = (method: string, path: string, body?: unknown) => Promise<Answer>

describe.skipIf(!isInstalled)('a directory', () => {
  let app: RealApp
  let gateway: Started
  let port: number
  let scim: Scim

  async function connect(name: string, settings: object, secrets: object = {}): Promise<Scim> {
    const { adminToken, scimBaseUrl: demo } = gateway.now
    const defaults = openldap.connection(app)
    const response = await fetch(`${new URL(demo).origin}/admin/api/connections`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        name,
        adapter: 'openldap',
        settings: { ...defaults.settings, ...settings },
        secrets: { ...defaults.secrets, ...secrets },
      }),
    })
    const created: unknown = await response.json()
    const { scimBaseUrl, token } = z
      .object({ scimBaseUrl: z.string(), token: z.string() })
      .parse(created)
    return async (method, route, body) => {
      const answer = await fetch(scimBaseUrl + route, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      return {
        status: answer.status,
        headers: answer.headers,
        body: text === '' ? {} : JSON.parse(text),
      }
    }
  }

  /** As an administrator of the directory, with another client. */
  async function inside<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client({ url: app.url })
    try {
      await client.bind(`cn=admin,${BASE}`, 'Adm1n-s3cret')
      return await work(client)
    } finally {
      await client.unbind()
    }
  }

  async function valuesOf(dn: string, attribute: string): Promise<string[] | undefined> {
    return inside(async (client) => {
      const { searchEntries } = await client
        .search(dn, { scope: 'base', attributes: [attribute] })
        .catch(() => ({ searchEntries: [] }))
      const value = searchEntries[0]?.[attribute]
      return value === undefined ? undefined : [value].flat().map(String).sort()
    })
  }

  const person = (userName: string, more: object = {}) => ({
    schemas: [USER],
    userName,
    name: { givenName: 'Ada', familyName: 'Quill' },
    active: true,
    ...more,
  })
  async function created(userName: string, more: object = {}): Promise<string> {
    const { status, body } = await scim('POST', '/Users', person(userName, more))
    expect(body).toMatchObject({ userName })
    expect(status).toBe(201)
    return body.id
  }
  async function team(displayName: string, members: readonly string[] = []): Promise<string> {
    const { status, body } = await scim('POST', '/Groups', {
      schemas: [GROUP],
      displayName,
      members: members.map((value) => ({ value })),
    })
    expect({ status, body }).toMatchObject({ status: 201, body: { displayName } })
    return body.id
  }
  async function patch(route: string, ...Operations: object[]): Promise<void> {
    const { status, body } = await scim('PATCH', route, { schemas: [PATCH], Operations })
    expect({ status, body }).toMatchObject({ status: expect.toSatisfy((s) => s < 300) })
  }
  async function find(type: string, filter: string): Promise<{ id: string }[]> {
    const { status, body } = await scim('GET', `/${type}?filter=${encodeURIComponent(filter)}`)
    expect({ status, body }).toMatchObject({ status: 200 })
    return body.Resources ?? []
  }
  const membersOf = async (id: string): Promise<string[]> => {
    const { body } = await scim('GET', `/Groups/${id}`)
    return (body.members ?? []).map((one: { value: string }) => one.value).sort()
  }

  beforeAll(async () => {
    app = await startApp({ script: openldap.script, env: { TLS: 'yes', REFINT: 'no' } })
    port = Number(new URL(app.url).port)
    gateway = await startPostern(['--fresh', '--no-app'], {
      NODE_EXTRA_CA_CERTS: path.join(app.home, 'ca.pem'),
    })
    scim = await connect('directory', { url: `ldaps://localhost:${port + 1}` })
  }, 120_000)
  afterAll(async () => {
    await gateway?.stop()
    await app?.stop()
  })

  test('is reached by StartTLS as well, and not where its certificate is for another name', async () => {
    const later = await connect('later', {
      url: `ldap://localhost:${port}`,
      transport: 'startTls',
    })
    expect((await later('GET', '/Users')).status).toBe(200)
    for (const [name, url] of [
      ['other-name', `ldaps://127.0.0.1:${port + 1}`],
      ['other-name-later', `ldap://127.0.0.1:${port}`],
    ] as const) {
      const other = await connect(name, { url, transport: 'startTls' })
      expect((await other('GET', '/Users')).status).toBe(503)
    }
  })

  test('that refuses our credential, or has no such base, is 503 and never an empty list', async () => {
    const filter = encodeURIComponent('userName eq "nobody"')
    const wrong = await connect('wrong-password', {}, { password: 'wrong' })
    const refused = await wrong('GET', `/Users?filter=${filter}`)
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).not.toBeNull()
    expect(JSON.stringify(refused.body)).not.toContain('postern,dc')
    const nowhere = await connect('no-base', { peopleBase: `ou=nowhere,${BASE}` })
    expect((await nowhere('GET', `/Users?filter=${filter}`)).status).toBe(503)
  })

  test.each([
    'a,cn=admin',
    '*)(uid=*',
    '#hash+plus "quoted" <x>;=\\',
    'Łukasz Ünïcødé 名',
    ' blanks ',
  ])('takes any userName for what it is: %j', async (userName) => {
    const uid = userName.trim()
    const id = await created(uid)
    expect(await find('Users', `userName eq ${JSON.stringify(uid)}`)).toMatchObject([{ id }])
    const renamed = `${uid}, too`
    await patch(`/Users/${id}`, { op: 'replace', path: 'userName', value: renamed })
    expect(await find('Users', `userName eq ${JSON.stringify(uid)}`)).toEqual([])
    expect(await find('Users', `userName eq ${JSON.stringify(renamed)}`)).toMatchObject([{ id }])
    expect((await scim('DELETE', `/Users/${id}`)).status).toBe(204)
    expect(await find('Users', `userName eq ${JSON.stringify(renamed)}`)).toEqual([])
  })

  test('no filter is anything but an equality', async () => {
    const id = await created('only.me')
    const eq = (value: string) => `userName eq ${JSON.stringify(value)}`
    for (const value of ['*', 'only*', 'only.me)(uid=*']) {
      expect(await find('Users', eq(value))).toEqual([])
    }
    // What is no text is refused before the directory is asked.
    const nul = await scim('GET', `/Users?filter=${encodeURIComponent(eq('only.me\u0000'))}`)
    expect(nul.status).toBe(400)
    await scim('DELETE', `/Users/${id}`)
  })

  test('keeps every mail address, and shows them all', async () => {
    const emails = [
      { type: 'work', value: 'two@example.com', primary: true },
      { type: 'home', value: 'two@home.example' },
    ]
    const id = await created('two.mails', { emails })
    expect(await valuesOf(`uid=two.mails,${PEOPLE}`, 'mail')).toEqual([
      'two@example.com',
      'two@home.example',
    ])
    expect((await scim('GET', `/Users/${id}`)).body.emails).toEqual(emails)
    // The overlay `unique` says only in prose which value is taken.
    const other = await scim('POST', '/Users', person('other', { emails: [emails[1]] }))
    expect(other.status).toBeGreaterThanOrEqual(400)
    expect(other.status).toBeLessThan(500)
    expect(await find('Users', 'userName eq "other"')).toEqual([])
  })

  test('groups follow who is renamed, and lose who is deleted', async () => {
    const id = await created('to.rename')
    const group = await team('Followers', [id])
    await patch(`/Users/${id}`, { op: 'replace', path: 'userName', value: 'renamed' })
    expect(await valuesOf(`cn=Followers,${GROUPS}`, 'member')).toContain(`uid=renamed,${PEOPLE}`)
    expect(await membersOf(group)).toEqual([id])
    expect((await scim('DELETE', `/Users/${id}`)).status).toBe(204)
    expect(await valuesOf(`cn=Followers,${GROUPS}`, 'member')).not.toContain(
      `uid=renamed,${PEOPLE}`,
    )
    // Whoever gets the name next is nobody's member.
    await created('renamed')
    expect(await membersOf(group)).toEqual([])
  })

  test('a group of strangers can lose its last member, and shows nobody then', async () => {
    const id = await created('last.one')
    await inside((client) =>
      client.add(`cn=Strangers,${GROUPS}`, {
        objectClass: 'groupOfNames',
        cn: 'Strangers',
        member: `uid=last.one,${PEOPLE}`,
      }),
    )
    const [group] = await find('Groups', 'displayName eq "strangers"')
    if (!group) throw new Error('there is no group')
    expect(await membersOf(group.id)).toEqual([id])
    const leave = { op: 'remove', path: `members[value eq "${id}"]` }
    await patch(`/Groups/${group.id}`, leave)
    expect(await membersOf(group.id)).toEqual([])
    expect(await valuesOf(`cn=Strangers,${GROUPS}`, 'member')).toEqual([
      `cn=postern-placeholder,${GROUPS}`,
    ])
    await patch(`/Groups/${group.id}`, leave)
  })

  test('some of many join who are there already, and the others join', async () => {
    const ids = await Promise.all(['m.one', 'm.two', 'm.three'].map((name) => created(name)))
    const [one] = ids
    if (!one) throw new Error('nobody')
    const group = await team('Many', [one])
    // Behind Postern's back: what it is about to say is so already.
    await inside(async (client) => {
      const { Change, Attribute } = await import('ldapts')
      const modification = new Attribute({ type: 'member', values: [`uid=m.two,${PEOPLE}`] })
      await client.modify(`cn=Many,${GROUPS}`, new Change({ operation: 'add', modification }))
    })
    const value = ids.map((id) => ({ value: id }))
    await patch(`/Groups/${group}`, { op: 'add', path: 'members', value })
    expect(await membersOf(group)).toEqual([...ids].sort())
  })

  test('a group may be a member of a group, and a group is renamed', async () => {
    const inner = await team('Inner')
    const outer = await team('Outer', [inner])
    await patch(`/Groups/${inner}`, { op: 'replace', path: 'displayName', value: 'Core' })
    expect(await valuesOf(`cn=Outer,${GROUPS}`, 'member')).toContain(`cn=Core,${GROUPS}`)
    expect(await membersOf(outer)).toEqual([inner])
    expect((await scim('DELETE', `/Groups/${inner}`)).status).toBe(204)
    expect(await membersOf(outer)).toEqual([])
  })

  test('a passing lock after wrong passwords does not switch anybody off', async () => {
    const id = await created('mistyped')
    await inside(async (client) => {
      const { Change, Attribute } = await import('ldapts')
      const modification = new Attribute({
        type: 'pwdAccountLockedTime',
        values: ['20260101000000Z'],
      })
      await client.modify(
        `uid=mistyped,${PEOPLE}`,
        new Change({ operation: 'replace', modification }),
      )
    })
    expect((await scim('GET', `/Users/${id}`)).body.active).toBe(true)
    await patch(`/Users/${id}`, { op: 'replace', path: 'active', value: false })
    expect(await valuesOf(`uid=mistyped,${PEOPLE}`, 'pwdAccountLockedTime')).toEqual([
      '000001010000Z',
    ])
  })

  test('refuses every write to who is protected', async () => {
    await inside((client) =>
      client.add(`uid=root,${PEOPLE}`, {
        objectClass: 'inetOrgPerson',
        uid: 'root',
        cn: 'Root',
        sn: 'Root',
      }),
    )
    const guarded = await connect('guarded', { protected: [`UID=Root , ${PEOPLE}`] })
    const filter = encodeURIComponent('userName eq "root"')
    const { body } = await guarded('GET', `/Users?filter=${filter}`)
    const { id } = body.Resources[0]
    expect((await guarded('DELETE', `/Users/${id}`)).status).toBe(400)
    expect(await valuesOf(`uid=root,${PEOPLE}`, 'sn')).toEqual(['Root'])
  })

  test('lists everybody once, of more than it lets be read at once', async () => {
    await inside(async (client) => {
      for (let from = 0; from < CROWD; from += 50) {
        const some = Array.from({ length: Math.min(50, CROWD - from) }, (_, i) => from + i)
        await Promise.all(
          some.map((n) =>
            client.add(`uid=crowd.${n},${PEOPLE}`, {
              objectClass: 'inetOrgPerson',
              uid: `crowd.${n}`,
              cn: `Crowd ${n}`,
              sn: 'Crowd',
            }),
          ),
        )
      }
    })
    const seen: string[] = []
    for (let startIndex = 1; ; ) {
      const { status, body } = await scim('GET', `/Users?startIndex=${startIndex}&count=100`)
      expect(status).toBe(200)
      const rows: { userName: string }[] = body.Resources ?? []
      seen.push(...rows.map(({ userName }) => userName))
      startIndex += rows.length
      if (rows.length === 0 || startIndex > body.totalResults) break
    }
    const crowd = seen.filter((name) => name.startsWith('crowd.'))
    expect(new Set(crowd).size).toBe(CROWD)
    expect(crowd).toHaveLength(CROWD)
  })

  test('that is down is 503, and nobody is taken for gone', async () => {
    const id = await created('survivor')
    const down = await connect('down', { url: 'ldap://localhost:1', transport: 'plain' })
    const answer = await down('GET', '/Users')
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).not.toBeNull()
    expect((await scim('GET', `/Users/${id}`)).status).toBe(200)
  })

  test('has been said nothing in the log of the gateway', () => {
    for (const secret of ['P0stern-s3cret', 'LDAPTS', 'survivor', 'crowd.1']) {
      expect(gateway.output()).not.toContain(secret)
    }
  })
})
