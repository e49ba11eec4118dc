/** A connection moves to another gateway as one document, without its secrets and tokens. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { admin, connect } from '../support/gateway.ts'
import { DESK_KEY, DESK_URL } from '../support/open-desk.ts'

const SCHEMA = 'urn:example:params:scim:schemas:extension:desk:2.0:User'
const DESK = {
  adapter: 'example',
  settings: { url: DESK_URL },
  secrets: { apiKey: DESK_KEY },
  mapping: { User: { userName: 'login', 'name.familyName': 'last_name' } },
  policy: { mode: 'observe', maxPage: 50, protected: [{ pattern: 'root@*' }] },
  extensions: [
    {
      resourceType: 'User',
      required: false,
      schema: {
        id: SCHEMA,
        name: 'Desk',
        attributes: [{ name: 'floor', type: 'string', multiValued: false }],
      },
    },
  ],
}

describe('an exported connection', () => {
  test('holds what was given, and neither a secret nor a token', async () => {
    const { name, token } = await connect(DESK)
    const { status, body } = await admin('GET', `/connections/${name}/export`)
    expect(status).toBe(200)
    const { mode, ...policy } = DESK.policy
    expect(body).toEqual({
      format: 1,
      ...{ name, adapter: DESK.adapter, settings: DESK.settings, mapping: DESK.mapping },
      ...{ policy, mode, extensions: DESK.extensions, resourceTypes: [] },
      secretNames: ['apiKey'],
    })
    for (const secret of [DESK_KEY, token, env.POSTERN_ADMIN_TOKEN]) {
      expect(JSON.stringify(body)).not.toContain(secret)
    }
  })

  test('is the body that makes it again, with its secrets added', async () => {
    const { name } = await connect(DESK)
    const document = (await admin('GET', `/connections/${name}/export`)).body
    const other = `t-${crypto.randomUUID()}`
    const copy = { ...document, name: other, secrets: DESK.secrets }
    const made = await admin('POST', '/connections', copy)
    expect(made.status).toBe(201)
    expect(made.body.token).toMatch(/./)
    const again = (await admin('GET', `/connections/${other}/export`)).body
    expect(again).toEqual({ ...document, name: other })
  })

  test('of the sandbox carries the resource types that it declares', async () => {
    const resourceTypes = [
      {
        name: 'Device',
        endpoint: '/Devices',
        schema: 'urn:example:params:scim:schemas:core:2.0:Device',
        schemaExtensions: [],
      },
    ]
    const extensions = [
      {
        resourceType: 'Device',
        schema: {
          id: 'urn:example:params:scim:schemas:core:2.0:Device',
          name: 'Device',
          attributes: [
            { name: 'serial', type: 'string', multiValued: false, uniqueness: 'server' },
          ],
        },
      },
    ]
    const { name } = await connect({ resourceTypes, extensions })
    const { body } = await admin('GET', `/connections/${name}/export`)
    expect(body).toMatchObject({ resourceTypes, extensions, secretNames: [] })
    const copy = { ...body, name: `t-${crypto.randomUUID()}` }
    expect((await admin('POST', '/connections', copy)).status).toBe(201)
  })

  test('says what is missing where its secrets are not added, and is refused in a foreign format', async () => {
    const { name } = await connect(DESK)
    const { body } = await admin('GET', `/connections/${name}/export`)
    const copy = { ...body, name: `t-${crypto.randomUUID()}` }
    const refused = await admin('POST', '/connections', copy)
    expect(refused).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'secrets.apiKey', message: 'is required' }] },
    })
    const foreign = { ...copy, secrets: DESK.secrets, format: 2 }
    expect(await admin('POST', '/connections', foreign)).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'format' }] },
    })
  })

  test('of a connection that is not there is 404', async () => {
    expect((await admin('GET', '/connections/nowhere/export')).status).toBe(404)
  })
})
