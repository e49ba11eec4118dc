/** `/reconcile` and `/findings` of the admin API: what a script sees of them. */
import { expect, test } from 'vitest'
import { openIsolate } from '../support/isolate.ts'
import { openDesk } from '../support/open-desk.ts'
import { adminOf, deskConnection, reconcile } from '../support/reconcile.ts'

async function brownfield() {
  const desk = openDesk({ seed: true })
  const clock = { now: Date.now() }
  const scim = await deskConnection()
  const isolate = openIsolate(clock, desk.fetch)
  return { desk, clock, scim, isolate, call: adminOf(isolate, scim) }
}

test('a reconcile begins with 202, is driven by advance, and is listed', async () => {
  const { call } = await brownfield()
  const begun = await call('POST', '/reconcile', { dryRun: true })
  expect(begun.status).toBe(202)
  expect(begun.body).toMatchObject({
    type: 'User',
    dryRun: true,
    state: 'running',
    phase: 'walk',
    seen: 0,
    counts: null,
    finishedAt: null,
  })
  const driven = await call('POST', `/reconcile/${begun.body.id}/advance`)
  expect(driven.body).toMatchObject({ state: 'done', phase: null, seen: 40, total: 40 })
  expect(driven.body.counts).toMatchObject({ discovered: 40, linked: 0 })
  const { items } = (await call('GET', '/reconcile')).body
  expect(items.map(({ id }: { id: string }) => id)).toEqual([begun.body.id])
})

test('a second reconcile of the same kind joins the running one; another kind is 409', async () => {
  const { call } = await brownfield()
  const { id } = (await call('POST', '/reconcile', { dryRun: true })).body
  const joined = await call('POST', '/reconcile', { dryRun: true })
  expect(joined).toMatchObject({ status: 202, body: { id } })
  const busy = await call('POST', '/reconcile', { dryRun: false })
  expect(busy.status).toBe(409)
  expect(busy.body.detail).toContain(id)
  const groups = await call('POST', '/reconcile', { dryRun: true, type: 'Group' })
  expect(groups.status).toBe(202)
})

test('a report is paged, and may be narrowed to one situation', async () => {
  const { desk, call } = await brownfield()
  for (let i = 0; i < 80; i++) {
    desk.store.createAccount({
      login: `extra${i}@example.com`,
      first_name: 'Extra',
      last_name: 'Person',
      mail: null,
      job_title: null,
      org_unit: null,
      phone: null,
      state: 'enabled',
    })
  }
  const report = await reconcile(call, { dryRun: true })
  expect(report.items).toHaveLength(100)
  const rest = await call('GET', `/reconcile/${report.id}?cursor=${report.nextCursor}`)
  expect(rest.body.items).toHaveLength(20)
  expect(rest.body.nextCursor).toBeUndefined()
  const ids = [...report.items, ...rest.body.items].map((i: { nativeId: string }) => i.nativeId)
  expect(new Set(ids).size).toBe(120)
  const linked = await call('GET', `/reconcile/${report.id}?situation=linked`)
  expect(linked.body.items).toEqual([])
})

test('wrong input says what is wrong: type, situation, cursor, id, connection', async () => {
  const { isolate, call } = await brownfield()
  const type = await call('POST', '/reconcile', { type: 'Printer' })
  expect(type.status).toBe(422)
  expect(type.body.errors).toEqual([
    { path: 'type', message: 'the connection, or its app, has no such resource type' },
  ])
  expect((await call('POST', '/reconcile', { dry_run: true })).status).toBe(422)
  const { id } = (await call('POST', '/reconcile', { dryRun: true })).body
  expect((await call('GET', `/reconcile/${id}?situation=lost`)).status).toBe(400)
  expect((await call('GET', `/reconcile/${id}?cursor=nonsense`)).status).toBe(400)
  expect((await call('GET', `/reconcile/${crypto.randomUUID()}`)).status).toBe(404)
  expect((await call('POST', `/reconcile/${crypto.randomUUID()}/advance`)).status).toBe(404)
  expect((await call('DELETE', `/reconcile/${id}`)).status).toBe(405)
  const nowhere = adminOf(isolate, { name: 'nobody-made-this' })
  expect((await nowhere('POST', '/reconcile', {})).status).toBe(404)
})

test('another connection does not see the scan, nor its findings', async () => {
  const one = await brownfield()
  const two = await brownfield()
  const { id } = await reconcile(one.call)
  expect((await two.call('GET', `/reconcile/${id}`)).status).toBe(404)
  expect((await two.call('GET', '/reconcile')).body.items).toEqual([])
})

test('a finding is ignored, opened again and closed; other decisions are 422, closed ones 409', async () => {
  const { clock, call, desk, isolate, scim } = await brownfield()
  const created = await isolate.scim(scim, 'POST', '/Users', {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    userName: 'ada.quill@fernhollow.example',
    name: { familyName: 'Quill' },
  })
  expect(created.status).toBe(201)
  const [ada] = desk.store.accountsBy('login', 'ada.quill@fernhollow.example')
  if (ada) ada.created_on = '2031-01-01T00:00:00.000Z'
  clock.now += 1000
  await reconcile(call)
  const { items } = (await call('GET', '/findings?kind=id-reuse')).body
  expect(items).toHaveLength(1)
  const [finding] = items
  expect(finding).toMatchObject({
    kind: 'id-reuse',
    state: 'open',
    detail: { type: 'User', nativeId: '1001' },
    decisions: ['link', 'unlink', 'ignore', 'close', 'reopen'],
  })
  const decide = (decision: string) => call('POST', `/findings/${finding.id}/decide`, { decision })
  const refused = await decide('merge')
  expect(refused.status).toBe(422)
  expect(refused.body.errors[0].message).toContain('ignore, close, reopen')
  expect((await decide('ignore')).body.state).toBe('ignored')
  expect((await decide('reopen')).body.state).toBe('open')
  expect((await decide('close')).body).toMatchObject({ state: 'closed', decisions: [] })
  expect((await decide('close')).status).toBe(200)
  expect((await decide('reopen')).status).toBe(409)
  const unknown = `/findings/${crypto.randomUUID()}/decide`
  expect((await call('POST', unknown, { decision: 'close' })).status).toBe(404)
})
