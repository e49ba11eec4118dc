/**
 * Ten failures at once on a running `npm start`, driven as Entra would: the console's first page and
 * `postern doctor` name each, and lead to its cause. Pictures where `SCREENSHOTS` names a folder.
 */
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { useNpmStart } from '../support/npm-start.ts'
import { byUserName, newUser, scim } from '../support/scim.ts'
import { executablePath, expectAccessible, shoot, signIn, useWindow } from './browser.ts'

const TIMEOUT_MS = 240_000
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

interface Failure {
  readonly connection: string
  /** Title of the item on the first page. */
  readonly title: string
  /** What stands where it leads. */
  readonly cause: RegExp
  /** Check of the doctor, and what it says or advises. */
  readonly check: string
  readonly todo: RegExp
}

const FAILURES: readonly Failure[] = [
  {
    connection: 'bad-credential',
    title: 'The app refuses the credential',
    cause: /The app refuses our credentials/,
    check: 'app-credential',
    todo: /Enter a credential that the app accepts/,
  },
  {
    connection: 'taken-name',
    title: 'A name is taken',
    cause: /somebody else has this key already|same unique value/,
    check: 'refused-taken',
    todo: /another name in the source directory/,
  },
  {
    connection: 'several-accounts',
    title: 'People match several accounts',
    cause: /Link this account/,
    check: 'ambiguous',
    todo: /Decide in each finding/,
  },
  {
    connection: 'guard-tripped',
    title: 'The guard holds people back',
    cause: /Allow all of them/,
    check: 'guard',
    todo: /allow or reject/,
  },
  {
    connection: 'slow-app',
    title: 'The app is slow',
    cause: /2[01]\d\d ms/,
    check: 'app-slow',
    todo: /Whoever runs the app/,
  },
  {
    connection: 'unmapped-attribute',
    title: 'A value is missing or not accepted',
    cause: /does not take a value/,
    check: 'refused-value',
    todo: /Map the named attribute/,
  },
  {
    connection: 'expired-token',
    title: 'A token has expired',
    cause: /Make the token/,
    check: 'credentials',
    todo: /postern tokens new/,
  },
  {
    connection: 'wrong-url',
    title: 'The app answers what nobody expects',
    cause: /The app is down, slow or throttles us/,
    check: 'app-failing',
    todo: /Check the base URL/,
  },
  {
    connection: 'protected-account',
    title: 'A protected account was to be changed',
    cause: /Take the person out of scope/,
    check: 'protected',
    todo: /out of the scope of the client/,
  },
  {
    connection: 'wrong-schema',
    title: 'The client sends attributes that no schema has',
    cause: /asked to change a User/,
    check: 'unknown-attributes',
    todo: /declare them as an extension/,
  },
]

describe('ten failures at once', { timeout: TIMEOUT_MS }, () => {
  const gateway = useNpmStart()

  async function admin(method: string, route: string, body: object) {
    const answer = await gateway.admin(method, route, body)
    if (answer.status >= 300) throw new Error(`${route}: ${JSON.stringify(answer)}`)
    return answer.body
  }

  /** A connection to the example app, as its client sees it. */
  async function connect(name: string, more: object = {}) {
    const { scimBaseUrl, token } = await admin('POST', '/connections', {
      ...{ name, adapter: 'example', settings: { url: gateway.now.appUrl } },
      secrets: { apiKey: gateway.now.appKey },
      ...more,
    })
    return clientAt(scimBaseUrl, token)
  }

  function clientAt(baseUrl: string, token: string) {
    const send = (method: string, where: string, body?: object) =>
      scim({ scimBaseUrl: baseUrl, token }, method, where, body)
    const find = (userName: string) => send('GET', byUserName(userName))
    return {
      ...{ baseUrl, find },
      /** Entra asks first, and creates whom nobody has found. */
      async provision(userName: string, more: object = {}) {
        await find(userName)
        const [given, family] = userName.split(/[.@]/)
        return send('POST', '/Users', {
          ...newUser(userName),
          name: { givenName: given, familyName: family },
          ...more,
        })
      },
      patch: (id: string, op: string, where: string, value: unknown) =>
        send('PATCH', `/Users/${id}`, {
          schemas: [PATCH],
          Operations: [{ op, path: where, value }],
        }),
    }
  }

  async function account(login: string) {
    const response = await fetch(`${gateway.now.appUrl}/api/accounts`, {
      method: 'POST',
      headers: { 'x-desk-key': gateway.now.appKey ?? '', 'content-type': 'application/json' },
      body: JSON.stringify({ login, last_name: 'Was here', state: 'enabled' }),
    })
    expect(response.status).toBeLessThan(300)
  }

  beforeAll(async () => {
    const refused = await connect('bad-credential', { secrets: { apiKey: 'not the key' } })
    expect((await refused.find('a@example.com')).status).toBe(503)

    const renaming = await connect('taken-name')
    await renaming.provision('mira.voss@example.com')
    const { id } = (await renaming.provision('mira.vos@example.com')).body
    const renamed = await renaming.patch(id, 'Replace', 'userName', 'mira.voss@example.com')
    expect(renamed.status).toBe(409)

    await gateway.desk.setFaults({ uniqueness: 'off' })
    await account('twin@example.com')
    await account('TWIN@example.com')
    await gateway.desk.clearFaults()
    const matching = await connect('several-accounts')
    expect((await matching.provision('twin@example.com')).status).toBe(409)

    const guarded = await connect('guard-tripped', { policy: { guard: { maxCount: 1 } } })
    const left: number[] = []
    for (const login of ['lena.orth@example.com', 'emil.orth@example.com']) {
      const made = await guarded.provision(login)
      left.push((await guarded.patch(made.body.id, 'Replace', 'active', 'False')).status)
    }
    expect(left).toEqual([200, 400])

    const unmapped = await connect('unmapped-attribute')
    expect((await unmapped.provision('nina@example.com', { name: {} })).status).toBe(400)

    const expiring = await connect('expired-token')
    const expiresAt = new Date(Date.now() + 3_000).toISOString()
    const made = await admin('POST', '/connections/expired-token/tokens', {
      ...{ label: 'Entra', expiresAt },
    })
    const expired = clientAt(expiring.baseUrl, made.token)
    expect((await expired.find('a@example.com')).status).toBe(200)

    const elsewhere = await connect('wrong-url', {
      settings: { url: `${gateway.now.appUrl}/portal` },
    })
    expect((await elsewhere.find('a@example.com')).status).toBe(503)

    const fenced = await connect('protected-account', { policy: { protected: ['root.admin*'] } })
    await account('root.admin@example.com')
    const root = (await fenced.find('root.admin@example.com')).body.Resources[0].id
    expect((await fenced.patch(root, 'Replace', 'active', 'False')).status).toBe(400)

    const schema = await connect('wrong-schema')
    const olga = (await schema.provision('olga.bay@example.com')).body.id
    const badge = 'urn:ietf:params:scim:schemas:extension:acme:2.0:User:badge'
    expect((await schema.patch(olga, 'Add', badge, '7')).status).toBe(200)

    const slow = await connect('slow-app')
    await gateway.desk.setFaults({ delayMs: 2_050 })
    await Promise.all([0, 1, 2, 3].map((n) => slow.find(`p${n}@example.com`)))
    await gateway.desk.clearFaults()

    const asked = async () => expect((await expired.find('a@example.com')).status).toBe(401)
    await vi.waitFor(asked, { timeout: 10_000, interval: 250 })
  }, TIMEOUT_MS)

  test('one command names each, and says what to do', async () => {
    const { code, json, stderr } = await gateway.postern(['doctor', '--json'])
    expect(code, stderr).toBe(1)
    for (const { connection, check, todo } of FAILURES) {
      const found = json.checks.find(
        (one: { about: string; check: string }) =>
          one.about === `connection/${connection}` && one.check === check,
      )
      expect(found?.advice, `${connection}: ${JSON.stringify(found)}`).toMatch(todo)
    }
    const told = await gateway.postern(['doctor', 'taken-name'])
    expect(told.stdout).toContain('Whom: mira.vos@example.com')
    const [, command = ''] =
      /→ .*\(postern (audit taken-name --decision \S+)\)/.exec(told.stdout) ?? []
    const seen = await gateway.postern(command.split(' '))
    expect(seen.stdout).toContain('409 refused')
    const unknown = await gateway.postern(['audit', 'wrong-schema', '--unknown', '--json'])
    expect(unknown.json.items).toMatchObject([{ op: 'update', asked: { further: 1 } }])
  })

  describe.skipIf(executablePath === undefined)('the first page', () => {
    const window = useWindow()

    test('is accessible with all of them on it', async () => {
      const { page } = window
      await signIn(page, gateway)
      await page.getByRole('heading', { name: 'Needs attention' }).waitFor()
      await shoot(page, 'attention')
      await expectAccessible(page)
    })

    test.each(FAILURES)('leads from $connection to its cause', async ({ connection, ...told }) => {
      const { page } = window
      await page.goto(`${gateway.origin}/admin`)
      const item = page
        .locator('.attention > li')
        .filter({ has: page.getByRole('link', { name: connection, exact: true }) })
        .filter({ has: page.getByRole('heading', { name: told.title }) })
      expect(await item.textContent()).toContain('What to do')
      await item.getByRole('link', { name: told.title }).click()
      await expect.poll(() => page.locator('main').textContent()).toMatch(told.cause)
    })

    test('has given the browser nothing to complain of', () => {
      expect(window.complaints).toEqual([])
    })
  })
})
