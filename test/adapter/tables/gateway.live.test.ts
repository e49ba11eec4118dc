import { describe, expect, test } from 'vitest'
import { admin } from '../../support/gateway.ts'
import { GROUP_SCHEMA, idOf, match, patch, person } from '../../support/world.ts'
import { asOwner, serverOf } from '../sql/servers.ts'
import { MANIFESTS, openGateway } from './live.ts'

let next = 0
const name = (text = 'p') => `${text}-${Date.now().toString(36)}-${next++}`

/** SCIM's own quoting is JSON's (RFC 7644 §3.4.2.2). */
const asked = (value: string) => match('userName', JSON.stringify(value).slice(1, -1))

describe.each(['postgres', 'mysql'] as const)('an app in %s, through SCIM', (server) => {
  const { url, missing } = serverOf(server)
  const live = test.skipIf(missing !== undefined)
  const people = () => asOwner(url, 'SELECT count(*) AS n FROM users')

  live('a name that is SQL is a name, wherever it is said', async () => {
    const scim = await openGateway(server)
    const one = idOf(await scim('POST', '/Users', person(name('one'))))
    for (const evil of [
      `'; DROP TABLE users; --`,
      `" OR ""="`,
      '` OR 1=1 -- ',
      `\\'; DELETE FROM users; #`,
      `x' UNION SELECT password_hash FROM users WHERE '1'='1`,
      '%',
      '$1 ? :name {config.password}',
      '/*! DROP TABLE users */',
      '\u{1F600} Ünïcødé',
    ]) {
      const userName = `${evil}${name()}`
      expect((await scim('GET', asked(userName))).body.totalResults).toBe(0)
      const id = idOf(await scim('POST', '/Users', person(userName, { externalId: evil })))
      const found = await scim('GET', asked(userName))
      expect(found.body.Resources.map((r: { id: string }) => r.id)).toEqual([id])
      expect(found.body.Resources[0].userName).toBe(userName)
      const rename = patch({ op: 'replace', path: 'name.familyName', value: evil })
      expect((await scim('PATCH', `/Users/${one}`, rename)).status).toBe(200)
      expect((await scim('GET', `/Users/${one}`)).body.name.familyName).toBe(evil)
      expect((await scim('DELETE', `/Users/${id}`)).status).toBe(204)
      expect((await scim('GET', `/Users/${encodeURIComponent(evil)}`)).status).toBe(404)
    }
    const [left] = await people()
    expect(Number(left?.['n'])).toBeGreaterThan(0)
  })

  live("what no column can hold is the client's to correct, and nothing is stored", async () => {
    const scim = await openGateway(server)
    const long = 'x'.repeat(101)
    // What is no text is refused before anybody is asked; what is too long, by the database.
    for (const [evil, scimType, asks] of [
      ['a\0b', 'invalidSyntax', 400],
      ['half \uD83D', 'invalidSyntax', 400],
      [long, 'invalidValue', 200],
    ] as const) {
      const before = await people()
      const answer = await scim('POST', '/Users', person(`${name()}${evil}`))
      expect([answer.status, answer.body.scimType]).toEqual([400, scimType])
      expect(JSON.stringify(answer.body)).not.toContain('xxx')
      const found = await scim('GET', asked(evil))
      expect(found.status).toBe(asks)
      if (asks === 200) expect(found.body.totalResults).toBe(0)
      expect(await people()).toEqual(before)
    }
  })

  live('who was there is found and adopted, and a second cycle writes nothing', async () => {
    const scim = await openGateway(server)
    const login = name('was.here')
    await asOwner(
      url,
      `INSERT INTO users (username, last_name, password_hash) VALUES ('${login}', 'Here', 'x')`,
    )
    const found = await scim('GET', match('userName', login.toUpperCase()))
    const id = found.body.Resources[0]?.id
    expect((await scim('POST', '/Users', person(login))).body.id).toBe(id)
    const row = () =>
      asOwner(
        url,
        `SELECT last_name, password_hash, updated_at FROM users WHERE username = '${login}'`,
      )
    const [after] = await row()
    expect(after).toMatchObject({ last_name: expect.stringContaining('here'), password_hash: 'x' })
    const group = idOf(
      await scim('POST', '/Groups', { schemas: [GROUP_SCHEMA], displayName: name('t') }),
    )
    const join = patch({ op: 'add', path: 'members', value: [{ value: id }] })
    for (let cycle = 0; cycle < 2; cycle++) {
      expect((await scim('PUT', `/Users/${id}`, person(login))).status).toBe(200)
      expect((await scim('PATCH', `/Groups/${group}`, join)).status).toBeLessThan(300)
      expect(await row()).toEqual([after])
    }
    const members = (await scim('GET', `/Groups/${group}`)).body.members
    expect(members.map((m: { value: string }) => m.value)).toEqual([id])
  })

  live('service accounts refuse every write', async () => {
    const scim = await openGateway(server)
    const login = name('robot')
    const yes = server === 'mysql' ? '1' : 'true'
    await asOwner(
      url,
      `INSERT INTO users (username, last_name, password_hash, is_service) VALUES ('${login}', 'R', 'x', ${yes})`,
    )
    const { id } = (await scim('GET', match('userName', login))).body.Resources[0]
    const off = patch({ op: 'replace', path: 'active', value: false })
    expect((await scim('PATCH', `/Users/${id}`, off)).status).toBe(400)
    expect((await scim('DELETE', `/Users/${id}`)).status).toBe(400)
  })

  live('a wrong password is a matter for the administrator, not for the client', async () => {
    const scim = await openGateway(server)
    const changed = await admin('PATCH', `/connections/${scim.name}`, {
      secrets: { password: 'wrong' },
    })
    expect(changed.status).toBe(200)
    const answer = await scim('GET', match('userName', 'nobody'))
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBeTruthy()
    expect(JSON.stringify(answer.body)).not.toMatch(/gateway|wrong|password authentication/)
  })

  live('a new version must not make links mean other rows', async () => {
    const scim = await openGateway(server)
    idOf(await scim('POST', '/Users', person(name())))
    const document = { ...structuredClone(MANIFESTS[server]), name: '', version: '1.1.0' }
    const { body: connection } = await admin('GET', `/connections/${scim.name}`)
    document.name = connection.adapter
    document.resources.User.table = 'people'
    const refused = await admin('PUT', `/manifests/${document.name}`, document)
    expect(refused.status).toBe(409)
    expect(refused.body.errors).toEqual([expect.objectContaining({ path: 'resources.User.table' })])
    document.resources.User.table = 'users'
    expect((await admin('PUT', `/manifests/${document.name}`, document)).status).toBe(200)
  })
})
