/** Role tables that can never work, or that the mapping would undo, are refused at their place. */
import { expect, test } from 'vitest'
import type { JsonObject } from '../../src/scim/schema.ts'
import { admin } from '../support/gateway.ts'
import { DESK_KEY, DESK_URL } from '../support/open-desk.ts'

const TABLE = [{ externalId: 'g', app: 'role', value: 'lead' }]

function create(groups: JsonObject, more: JsonObject = {}, policy: JsonObject = {}) {
  return admin('POST', '/connections', {
    name: `r-${crypto.randomUUID()}`,
    adapter: 'example',
    settings: { url: DESK_URL },
    secrets: { apiKey: DESK_KEY },
    policy: { groups: { mode: 'roles', ...groups }, ...policy },
    ...more,
  })
}

test('a table over an attribute that nobody else writes is taken', async () => {
  const created = await create({ roleTable: TABLE, defaultRole: { role: 'staff' } })
  expect(created.status).toBe(201)
  const title = [{ externalId: 'g', app: 'job_title', value: 'Boss' }]
  const mapping = { User: { userName: 'login', 'name.familyName': 'last_name' } }
  expect((await create({ roleTable: title }, { mapping })).status).toBe(201)
})

test.each<[JsonObject, string, string]>([
  [{ roleTable: TABLE }, 'defaultRole.role', 'cannot do without "role"'],
  [{ roleTable: [{ ...TABLE[0], app: 'rank' }] }, 'roleTable.0.app', '"rank"'],
  [{ roleTable: [{ ...TABLE[0], app: 'job_title' }] }, 'roleTable.0.app', 'mapping of "title"'],
  [{ roleTable: [{ ...TABLE[0], value: 7 }] }, 'roleTable.0.value', 'must be a string'],
  [{ defaultRole: { job_title: 'None' } }, 'defaultRole.job_title', 'mapping of "title"'],
  [{ defaultRole: { role: true } }, 'defaultRole.role', 'must be a string'],
])('the groups %j are refused at %s', async (groups, member, message) => {
  const answer = await create(groups)
  expect(answer.status).toBe(422)
  const path = `policy.groups.${member}`
  const fault = answer.body.errors.find((e: JsonObject) => e['path'] === path)
  expect(fault?.message).toContain(message)
})

test('an attribute that a downgrade writes is refused', async () => {
  const groups = { roleTable: TABLE, defaultRole: { role: 'staff' } }
  const deprovision = { onInactive: 'downgrade', downgradeTo: { role: 'staff' } }
  const answer = await create(groups, {}, { deprovision })
  expect(answer.body.errors[0].message).toContain('downgradeTo')
})

test('a mapping that comes to write the attribute of the table is refused', async () => {
  const { body } = await create({ roleTable: TABLE, defaultRole: { role: 'staff' } })
  const mapping = { User: { userName: 'login', 'name.familyName': 'last_name', title: 'role' } }
  const answer = await admin('PATCH', `/connections/${body.name}`, { mapping })
  expect(answer.status).toBe(422)
  expect(answer.body.errors[0]).toMatchObject({ path: 'policy.groups.roleTable.0.app' })
})

test('the sandbox has no app that could hold a role', async () => {
  const answer = await create({}, { adapter: 'sandbox', settings: {}, secrets: {} })
  expect(answer.body.errors[0].path).toBe('policy.groups.mode')
})
