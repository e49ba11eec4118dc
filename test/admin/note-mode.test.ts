/** What an administrator did to a connection or a person is in the audit, with who that was. */
import { expect, test } from 'vitest'
import { openAdministration } from '../support/administrators.ts'
import { brownfield, openWorld } from '../support/world.ts'

async function opened() {
  const api = openAdministration()
  const name = await api.connect()
  const by = await api.administrator('operator')
  const as = (method: string, path: string, body?: unknown) =>
    api.ask(method, `/connections/${name}${path}`, { token: by.token, body })
  const audit = async () => (await as('GET', '/audit')).body.items
  return { as, by, audit }
}

test('a change of the mode says who changed it, from what to what', async () => {
  const { as, by, audit } = await opened()
  expect((await as('PATCH', '', { mode: 'gate' })).status).toBe(200)
  const actor = { kind: 'administrator', id: by.id, label: by.name }
  expect(await audit()).toMatchObject([
    {
      ...{ kind: 'work', op: 'decide', decision: 'mode-changed', actor },
      detail: { was: 'live', mode: 'gate' },
      came: `Administrator ${by.name} changed the mode of the connection.`,
      decided: 'It was live, and is gate from here on.',
    },
  ])
})

test('a change that leaves the mode as it is, or is refused, is none of the mode', async () => {
  const { as, audit } = await opened()
  expect((await as('PATCH', '', { mode: 'live', policy: { maxPage: 50 } })).status).toBe(200)
  expect((await as('PATCH', '', { mode: 'open' })).status).toBe(422)
  expect(await audit()).toEqual([])
})

test('an import and an erasure say who asked for them', async () => {
  const world = await openWorld()
  const nativeId = String(brownfield(world, 'jon.falk@example.com').account_no)
  const items = [{ type: 'User', id: 'imported-1', nativeId }]
  const { body } = await world.admin('POST', '/links', { items })
  expect(body.counts).toMatchObject({ imported: 1 })
  expect((await world.admin('DELETE', '/people/imported-1?force=true')).status).toBe(204)
  const audit = await world.admin('GET', '/audit')
  const actor = { kind: 'administrator', id: 'bootstrap' }
  expect(audit.body.items).toMatchObject([
    { decision: 'erased', actor },
    { decision: 'imported', actor },
  ])
})
