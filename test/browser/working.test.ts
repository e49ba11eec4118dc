/** The pages that an operator works with, in a real browser, on one running `npm start`. */
import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { useNpmStart } from '../support/npm-start.ts'
import { executablePath, expectAccessible, shoot, signIn, useWindow } from './browser.ts'

const TIMEOUT_MS = 240_000
const USER = 'urn:ietf:params:scim:schemas:core:2.0:User'
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group'
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
const NAMES = ['wren.hale', 'ivo.marsh', 'una.vale', 'piet.dorn'] as const
const loginOf = (name: (typeof NAMES)[number]) => `${name}@example.com`

describe.skipIf(executablePath === undefined)('an operator', { timeout: TIMEOUT_MS }, () => {
  const gateway = useNpmStart()
  const window = useWindow()
  let page: Page
  let receiver: Server
  const received: string[] = []
  const ids: string[] = []

  const disable = (id: string | undefined) =>
    gateway.scim('PATCH', `/Users/${id}`, {
      schemas: [PATCH_OP],
      Operations: [{ op: 'replace', path: 'active', value: false }],
    })

  beforeAll(async () => {
    receiver = createServer((request, response) => {
      request.on('data', (part) => received.push(String(part)))
      request.on('end', () => response.writeHead(204).end())
    })
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
    for (const name of NAMES) {
      const [givenName, familyName] = name.split('.')
      // Without a displayName: pages call them by their logins.
      const { status, body } = await gateway.scim('POST', '/Users', {
        ...{ schemas: [USER], userName: loginOf(name), active: true },
        name: { givenName, familyName },
      })
      expect(status).toBe(201)
      ids.push(body.id)
    }
    const members = ids.slice(0, 2).map((value) => ({ value }))
    await gateway.scim('POST', '/Groups', { schemas: [GROUP], displayName: 'Night shift', members })

    page = window.page
    await signIn(page, gateway)
    await page.getByRole('heading', { name: 'Connections' }).waitFor()
  })
  afterAll(() => {
    receiver?.close()
  })

  const open = (at: string) => page.goto(`${gateway.origin}/admin${at}`)
  const press = (name: string | RegExp) => page.getByRole('button', { name }).click()
  const follow = (name: string) => page.getByRole('link', { name, exact: true }).click()

  test('judges an export of Entra beside the app, and sees the outcome as a picture', async () => {
    await open('/connections/demo/preflight')
    await expectAccessible(page)
    const file = path.join(gateway.folder, 'users.csv')
    const rows = [...NAMES.map(loginOf), 'new.hire@example.com']
      .map((login, nth) => `${login},${login},Name,true,${nth}`)
      .concat('no.surname@example.com,,,true,99')
    await writeFile(
      file,
      ['userPrincipalName,mail,surname,accountEnabled,objectId', ...rows].join('\n'),
    )
    await page.getByLabel('Export of users').setInputFiles(file)
    await press('Judge them')
    await page.getByRole('heading', { name: 'Pre-flight: 6 people' }).waitFor()
    await expect
      .poll(() => page.locator('.legend').textContent())
      .toMatch(/Already linked4.*New account1.*Would be refused1/)
    await expectAccessible(page)
    await shoot(page, 'preflight')
  })

  test('scans the app, follows it, and decides what it found', async () => {
    const [account] = await gateway.desk.accountsOf(loginOf('piet.dorn'))
    const inApp = (method: string, body?: object) =>
      fetch(`${gateway.now.appUrl}/api/accounts/${account?.account_no}`, {
        method,
        headers: { 'x-desk-key': gateway.now.appKey ?? '', 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      })
    expect((await inApp('PATCH', { last_name: 'Moved' })).status).toBeLessThan(300)
    await open('/connections/demo/reconcile')
    await page.getByLabel('Only look').uncheck()
    await press('Scan the app')
    // The page follows the scan by itself.
    await page.getByRole('heading', { name: /accounts met/ }).waitFor()
    await page.getByRole('heading', { name: 'Changed in the app' }).waitFor()
    await expectAccessible(page)
    await shoot(page, 'scan')
    await follow('Decide in the findings')
    await press('Restore')
    await page.getByText('Decided.').waitFor()
    expect(await (await inApp('GET')).json()).toMatchObject({ last_name: 'dorn' })
    await open('/connections/demo/reconcile')
    await expectAccessible(page)
  })

  test('sees the guard trip, allows what is meant, and the client’s next try passes', async () => {
    await open('/connections/demo/guard')
    await page.getByLabel('People at the most').fill('1')
    await page.getByLabel('Percent at the most').fill('100')
    await press('Change the limits')
    await page.getByText('The limits are changed').waitFor()
    const answers = []
    for (const id of ids.slice(0, 3)) answers.push((await disable(id)).status)
    expect(answers).toEqual([200, 400, 400])
    await open('/connections/demo')
    await page.getByText('2 held back').waitFor()
    await follow('Guard')
    await page.getByRole('heading', { name: '2 disables and deletes are held back' }).waitFor()
    await page.getByRole('link', { name: loginOf('una.vale') }).waitFor()
    await expectAccessible(page)
    await shoot(page, 'guard')
    await press('Allow all of them')
    await page.getByText('each passes when the client tries again').waitFor()
    expect((await disable(ids[1])).status).toBe(200)
    await open('/connections/demo/guard')
    await page.getByText('quiet').waitFor()
  })

  test('finds a group, its members, and a person with groups and timeline', async () => {
    await open('/connections/demo/groups')
    await page.getByLabel('Find a group').fill('night')
    await press('Find')
    await expectAccessible(page)
    await follow('Night shift')
    await page.getByRole('table', { name: 'Members' }).waitFor()
    await expectAccessible(page)
    await follow(loginOf('wren.hale'))
    await page.getByRole('heading', { name: 'Groups and roles' }).waitFor()
    await page.getByText('asked to create a User').first().waitFor()
    await expectAccessible(page)
    await shoot(page, 'person')
    await open('/connections/demo/people?which=off')
    await page.getByRole('link', { name: loginOf('wren.hale') }).waitFor()
    await expectAccessible(page)
    await shoot(page, 'people')
  })

  test('takes the audit of a day along as a file', async () => {
    await open('/connections/demo/audit')
    await page.getByLabel('From (UTC)').fill(new Date().toISOString().slice(0, 10))
    await page.getByLabel('Outcome').selectOption('refused')
    await press('Show')
    await page.getByText('guard').first().waitFor()
    await expectAccessible(page)
    const coming = page.waitForEvent('download')
    await page.getByRole('link', { name: /^CSV/ }).click()
    expect((await coming).suggestedFilename()).toBe('audit-demo.csv')
  })

  test('has alerts sent to a webhook: made, tested, silenced', async () => {
    const { port } = receiver.address() as AddressInfo
    await open('/connections/demo/alerts')
    await page.getByLabel('Name').fill('on-call')
    await page.getByLabel('Address').fill(`http://127.0.0.1:${port}/postern`)
    await press('Add the channel')
    await page.locator('#secret').waitFor()
    await expectAccessible(page)
    await press('Send a test: on-call')
    await page.getByText('on-call has taken a test notice').waitFor()
    expect(received.join('')).toContain('alert.test')
    await press('Silence: on-call')
    await page.getByText('silent', { exact: true }).waitFor()
    await shoot(page, 'alerts')
  })

  test('off-boards somebody: found everywhere, told what goes, removed', async () => {
    await open('/leavers')
    await page.getByLabel('Who').fill(loginOf('wren.hale'))
    await press('Look everywhere')
    await page.getByText('With it goes 1 membership').waitFor()
    await expectAccessible(page)
    await shoot(page, 'off-boarding')
    page.once('dialog', (dialog) => dialog.accept())
    await press('Remove where it is ticked')
    await page.getByText('demo: removed').waitFor()
    await expectAccessible(page)
    expect(await gateway.desk.accountsOf(loginOf('wren.hale'))).toEqual([])
    await open('/connections/demo/leavers?days=0')
    await page.getByText(loginOf('ivo.marsh')).waitFor()
    await expectAccessible(page)
  })

  test('needs no script for a scan', async () => {
    const plain = await window.browser.newContext({
      javaScriptEnabled: false,
      storageState: await window.context.storageState(),
    })
    const bare = await plain.newPage()
    await bare.goto(`${gateway.origin}/admin/connections/demo/reconcile`)
    await bare.getByRole('button', { name: 'Scan the app' }).click()
    await bare.getByRole('button', { name: 'Go on and look again' }).click()
    await bare.getByRole('heading', { name: /accounts met/ }).waitFor()
    await plain.close()
  })

  test('has given the browser nothing to complain of', () => {
    expect(window.complaints).toEqual([])
  })
})
