/** A connection that has at least one row in every data table. */
import { expect } from 'vitest'
import { adminOf, reconcile } from './reconcile.ts'
import { connectionId } from './tables.ts'
import { GROUP_SCHEMA, idOf, match, openWorld, patch, person } from './world.ts'

/** @param isElsewhere in the second database */
export async function openFilled(isElsewhere = false) {
  // Groups that the app knows nothing of are documents; two people who share a login are a finding;
  // a role that the app refuses waits for somebody to ask again.
  const roleTable = [{ externalId: 'desk', app: 'role', value: 'emperor' }]
  const world = await openWorld({
    policy: { groups: { mode: 'roles', roleTable, defaultRole: { role: 'staff' } } },
    faults: { uniqueness: 'off' },
    isElsewhere,
  })
  const call = adminOf(world.open(), world.scim)
  const id = idOf(await world.ask('POST', '/Users', person('ada.lund@example.com')))
  const members = [{ value: id }]
  const group = { schemas: [GROUP_SCHEMA], displayName: 'Desk', externalId: 'desk', members }
  expect((await world.ask('POST', '/Groups', group)).status).toBe(400)
  await world.ask('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'title', value: 'T' }))
  for (const login of ['twin@example.com', 'twin@example.com']) {
    const nobody = { first_name: 'T', last_name: 'W', mail: null, job_title: null }
    world.desk.store.createAccount({
      ...{ login, ...nobody, org_unit: null, phone: null, state: 'enabled' },
    })
  }
  await world.ask('GET', match('userName', 'twin@example.com'))
  // An intent that is open, and one that is done; somebody who left.
  const left = idOf(await world.ask('POST', '/Users', person('left@example.com')))
  await world.ask('PATCH', `/Users/${left}`, patch({ op: 'replace', path: 'active', value: false }))
  await world.open({ step: 6, how: 'dies' }).scim(world.scim, 'POST', '/Users', person('b@c.de'))
  await reconcile(call)
  // An alert, and a notice of it that nobody takes.
  const hook = { kind: 'webhook', url: 'https://hook.example/alerts' }
  expect((await call('PUT', '/alerts/channels/ops', hook)).status).toBe(201)
  await world.open().alerts()
  // The audit's own rows, and an update that has not ended.
  await world.admin('GET', '/audit')
  await world.ask('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'title', value: 'T' }))
  const people = [{ userPrincipalName: 'ada.lund@example.com', accountEnabled: true }]
  expect((await call('POST', '/preflight', { value: people })).status).toBe(200)
  return { ...world, call, connection: await connectionId(world.scim.name) }
}
