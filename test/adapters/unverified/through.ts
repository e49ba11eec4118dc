/** An unverified manifest behind the whole gateway, on a fake of its app; and what all of them must do. */
import { expect } from 'vitest'
import { type Answer, admin } from '../../support/gateway.ts'
import { openIsolate } from '../../support/isolate.ts'
import { groupNamed } from '../../support/team.ts'
import { match, patch, person } from '../../support/world.ts'
import type { Fake } from './fake.ts'

export interface Through<A extends Fake = Fake> {
  readonly app: A
  readonly ask: (method: string, path: string, body?: unknown) => Promise<Answer>
}

export async function through<A extends Fake>(
  manifest: { readonly name: string },
  app: A,
  settings: Readonly<Record<string, string>>,
  secrets: Readonly<Record<string, string>>,
): Promise<Through<A>> {
  const stored = await admin('PUT', `/manifests/${manifest.name}`, manifest)
  expect(stored.body).toMatchObject({ name: manifest.name, status: 'unverified' })
  const isolate = openIsolate({ now: Date.now() }, app.fetch)
  const made = await admin('POST', '/connections', {
    name: `c-${crypto.randomUUID()}`,
    adapter: manifest.name,
    settings: { url: 'https://app.test', ...settings },
    secrets,
  })
  if (made.status !== 201) throw new Error(JSON.stringify(made.body))
  const scim = { baseUrl: made.body.scimBaseUrl as string, token: made.body.token as string }
  return { app, ask: (method, path, body) => isolate.scim(scim, method, path, body) }
}

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
/** Match, create, update, off and on, members, and that nothing is sent twice. */
export async function lifecycle({ app, ask }: Through): Promise<{ readonly id: string }> {
  const nobody = await ask('GET', match('userName', 'ann@x.example'))
  expect(nobody.body).toMatchObject({ totalResults: 0 })
  const ann = person('ann@x.example', {
    displayName: 'Ann Ax',
    name: { givenName: 'Ann', familyName: 'Ax' },
    emails: [{ type: 'work', value: 'ann@x.example', primary: true }],
    [ENTERPRISE]: { organization: 'Nordlicht' },
  })
  const made = await ask('POST', '/Users', ann)
  expect(made.status).toBe(201)
  const { id } = made.body
  const found = await ask('GET', match('userName', 'ANN@X.EXAMPLE'))
  expect(found.body.Resources.map((one: { id: string }) => one.id)).toEqual([id])
  expect(await ask('POST', '/Users', ann)).toMatchObject({ status: 409 })

  const change = patch({ op: 'replace', path: 'displayName', value: 'Ann Berg' })
  expect(await ask('PATCH', `/Users/${id}`, change)).toMatchObject({ status: 200 })
  const writes = app.writes.length
  expect(await ask('PATCH', `/Users/${id}`, change)).toMatchObject({ status: 200 })
  expect(app.writes).toHaveLength(writes)
  expect((await ask('GET', `/Users/${id}`)).body.displayName).toBe('Ann Berg')

  const turn = (value: boolean) => patch({ op: 'replace', path: 'active', value })
  await ask('PATCH', `/Users/${id}`, turn(false))
  const off = await ask('GET', match('userName', 'ann@x.example'))
  expect(off.body.Resources).toMatchObject([{ id, active: false }])
  await ask('PATCH', `/Users/${id}`, turn(true))
  expect((await ask('GET', `/Users/${id}`)).body.active).toBe(true)

  const ward = await ask('POST', '/Groups', groupNamed('Ward Nord'))
  expect(ward.status).toBe(201)
  const members = async () => (await ask('GET', `/Groups/${ward.body.id}`)).body.members ?? []
  const join = patch({ op: 'add', path: 'members', value: [{ value: id }] })
  expect((await ask('PATCH', `/Groups/${ward.body.id}`, join)).status).toBeLessThan(300)
  expect(await members()).toMatchObject([{ value: id }])
  const leave = patch({ op: 'remove', path: `members[value eq "${id}"]` })
  expect((await ask('PATCH', `/Groups/${ward.body.id}`, leave)).status).toBeLessThan(300)
  expect(await members()).toEqual([])
  expect((await ask('DELETE', `/Groups/${ward.body.id}`)).status).toBe(204)
  expect((await ask('GET', `/Groups/${ward.body.id}`)).status).toBe(404)
  return { id }
}
