/** An app that invites, end to end: `npm start`, its cron, and the example app over HTTP. */
import { beforeAll, describe, expect, test } from 'vitest'
import { useNpmStart } from '../support/npm-start.ts'
import { byUserName, newUser, scim } from '../support/scim.ts'
import { eventually } from '../support/start.ts'

const TIMEOUT_MS = 240_000
const LOGIN = 'nell.fenwick@contoso.example'

describe('a connection to an app that invites', { timeout: TIMEOUT_MS }, () => {
  const gateway = useNpmStart([], { POSTERN_CRON_SECONDS: '2' })
  let client: { scimBaseUrl: string; token: string }

  beforeAll(async () => {
    const made = await gateway.admin('POST', '/connections', {
      ...{ name: 'inviting', adapter: 'example-invite' },
      settings: { url: gateway.now.appUrl },
      secrets: { apiKey: gateway.now.appKey },
    })
    expect(made.status).toBe(201)
    client = made.body
    await gateway.desk.setFaults({ creates: 'invite' })
  })

  async function control<T>(method: string, target: string): Promise<T> {
    const response = await fetch(`${gateway.now.appUrl}/control/${target}`, { method })
    expect(response.status).toBe(200)
    return (await response.json()) as T
  }

  test('a person is invited once, is there meanwhile, and is linked when they accept', async () => {
    const created = await scim(client, 'POST', '/Users', newUser(LOGIN))
    expect(created.status).toBe(201)
    const { body } = await scim(client, 'GET', byUserName(LOGIN))
    expect([body.totalResults, body.Resources?.[0]?.id]).toEqual([1, created.body.id])
    const [invitation, ...others] = await control<{ invitation_no: number }[]>('GET', 'invitations')
    expect(others).toEqual([])
    const account = await control<{ account_no: number }>(
      'POST',
      `invitations/${invitation?.invitation_no}/accept`,
    )
    // The cron asks the app.
    await eventually(async () => {
      const links = await gateway.admin('GET', '/connections/inviting/links')
      const items: { id: string; nativeId: string }[] = links.body.items
      const expected = { id: created.body.id, nativeId: String(account.account_no) }
      return items.some((l) => l.id === expected.id && l.nativeId === expected.nativeId)
    }, 60_000)
    expect((await scim(client, 'GET', `/Users/${created.body.id}`)).body).toMatchObject({
      userName: LOGIN,
      active: true,
    })
  })
})
