/** An app that invites, end to end: `npm start`, its cron, and the example app over HTTP. */
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Started, startPostern } from '../../cli/launch.ts'
import { deskAt } from '../support/desk.ts'
import { newUser, scim } from '../support/scim.ts'
import { eventually } from '../support/start.ts'

const TIMEOUT_MS = 240_000
const LOGIN = 'nell.fenwick@contoso.example'

describe('a connection to an app that invites', { timeout: TIMEOUT_MS }, () => {
  let folder: string
  let started: Started
  let client: { scimBaseUrl: string; token: string }

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'postern-test-'))
    started = await startPostern([], { POSTERN_STATE: folder, POSTERN_CRON_SECONDS: '2' })
    const { origin } = new URL(started.now.scimBaseUrl)
    const response = await fetch(`${origin}/admin/api/connections`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${started.now.adminToken}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        name: 'inviting',
        adapter: 'example-invite',
        settings: { url: started.now.appUrl },
        secrets: { apiKey: started.now.appKey },
      }),
    })
    expect(response.status).toBe(201)
    client = (await response.json()) as typeof client
    await deskAt(started.now.appUrl ?? '').setFaults({ creates: 'invite' })
  }, TIMEOUT_MS)

  afterAll(async () => {
    await started?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  async function control<T>(method: string, target: string): Promise<T> {
    const response = await fetch(`${started.now.appUrl}/control/${target}`, { method })
    expect(response.status).toBe(200)
    return (await response.json()) as T
  }

  test('a person is invited once, is there meanwhile, and is linked when they accept', async () => {
    const created = await scim(client, 'POST', '/Users', newUser(LOGIN))
    expect(created.status).toBe(201)
    const filter = encodeURIComponent(`userName eq "${LOGIN}"`)
    const { body } = await scim(client, 'GET', `/Users?filter=${filter}`)
    expect([body.totalResults, body.Resources?.[0]?.id]).toEqual([1, created.body.id])
    const [invitation, ...others] = await control<{ invitation_no: number }[]>('GET', 'invitations')
    expect(others).toEqual([])
    const account = await control<{ account_no: number }>(
      'POST',
      `invitations/${invitation?.invitation_no}/accept`,
    )
    // The cron asks the app.
    await eventually(async () => {
      const headers = { authorization: `Bearer ${started.now.adminToken}` }
      const { origin } = new URL(client.scimBaseUrl)
      const links = await fetch(`${origin}/admin/api/connections/inviting/links`, { headers })
      const { items } = (await links.json()) as { items: { id: string; nativeId: string }[] }
      const expected = { id: created.body.id, nativeId: String(account.account_no) }
      return items.some((l) => l.id === expected.id && l.nativeId === expected.nativeId)
    }, 60_000)
    expect((await scim(client, 'GET', `/Users/${created.body.id}`)).body).toMatchObject({
      userName: LOGIN,
      active: true,
    })
  })
})
