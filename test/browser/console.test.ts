/** The console in a real browser, on a running `npm start`. */
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { useNpmStart } from '../support/npm-start.ts'
import { byUserName, newUser, scim } from '../support/scim.ts'
import { executablePath, expectAccessible, shoot, signIn, useWindow } from './browser.ts'

const TIMEOUT_MS = 240_000
const LOGIN = 'wren.hale@example.com'
/** In the example app twice, once in capitals. */
const TWIN = 'Ada.Lund@example.com'

describe.skipIf(executablePath === undefined)('the console', { timeout: TIMEOUT_MS }, () => {
  const gateway = useNpmStart()
  const window = useWindow()
  let page: Page
  beforeAll(() => {
    page = window.page
  })

  const open = (path: string) => page.goto(`${gateway.origin}/admin${path}`)
  const button = (name: string) => page.getByRole('button', { name })

  test('is signed in to with an admin token', async () => {
    await open('')
    await expectAccessible(page)
    await signIn(page, gateway)
    await page.getByRole('heading', { name: 'Connections' }).waitFor()
    await expectAccessible(page)
  })

  test('makes a connection: adapter, settings, a test of the app, and what to paste into Entra', async () => {
    await page.getByRole('link', { name: 'New connection' }).click()
    await expectAccessible(page)
    await page.getByRole('link', { name: /^example comes/ }).click()
    await page.getByLabel('Name').fill('fernhollow')
    await page.getByLabel('URL', { exact: true }).fill(gateway.now.appUrl ?? '')
    await page.getByLabel('API key').fill('not the key')
    await button('Test the app').click()
    await expect
      .poll(() => page.getByRole('alert').textContent())
      .toContain('refuses the credentials')
    await expectAccessible(page)

    await page.getByLabel('API key').fill(gateway.now.appKey ?? '')
    await button('Test the app').click()
    await page.getByText('The app answered').waitFor()
    await expectAccessible(page)
    const text = (id: string) => page.locator(`#${id}`).textContent()
    const [baseUrl, token] = [await text('tenant-url'), await text('secret-token')]
    expect(baseUrl).toBe(`${gateway.origin}/scim/fernhollow/v2`)

    // As Entra's connection test does.
    const client = { scimBaseUrl: baseUrl ?? '', token: token ?? '' }
    await page.getByText('Waiting for Entra’s connection test').waitFor()
    const nobody = await scim(client, 'GET', byUserName(crypto.randomUUID()))
    expect(nobody.status).toBe(200)
    await page.getByText('A client has signed in').waitFor()
    await shoot(page, 'connect')

    expect((await scim(client, 'POST', '/Users', newUser(LOGIN))).status).toBe(201)
    expect(await gateway.desk.accountsOf(LOGIN)).toHaveLength(1)
    await open('/connections/fernhollow')
    await expect.poll(() => page.locator('.figures').textContent()).toMatch(/People linked1/)
    await shoot(page, 'overview')
    await expectAccessible(page)
  })

  test('tells what became of a person: found in the list, and by name', async () => {
    await open('/connections/fernhollow/people')
    await expectAccessible(page)
    await page.getByRole('link', { name: LOGIN }).click()
    await page.getByText('asked to create a User').first().waitFor()
    await page.getByRole('link', { name: 'The whole timeline' }).click()
    await page.getByLabel('Person or group').fill(LOGIN.toUpperCase())
    await button('Show').click()
    await page.getByRole('heading', { name: 'Timeline of' }).waitFor()
    await page.getByText('asked to create a User').first().waitFor()
    await shoot(page, 'timeline')
    await expectAccessible(page)
  })

  test('gives the mapping for Entra as a file', async () => {
    await open('/connections/fernhollow/connect')
    const coming = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Download the mapping' }).click()
    expect((await coming).suggestedFilename()).toBe('fernhollow-entra-mapping.json')
    await expectAccessible(page)
  })

  test('decides an ambiguous finding', async () => {
    await gateway.desk.setFaults({ uniqueness: 'off' })
    for (const login of [TWIN, TWIN.toUpperCase()]) {
      const made = await fetch(`${gateway.now.appUrl}/api/accounts`, {
        method: 'POST',
        headers: { 'x-desk-key': gateway.now.appKey ?? '', 'content-type': 'application/json' },
        body: JSON.stringify({ login, last_name: 'Lund', state: 'enabled' }),
      })
      expect(made.status).toBeLessThan(300)
    }
    const matches = async () => (await gateway.scim('GET', byUserName(TWIN))).body.totalResults
    expect(await matches()).toBe(2)

    await open('')
    await shoot(page, 'connections')
    await page.getByRole('link', { name: '1 finding' }).click()
    await page.getByRole('heading', { name: 'Several accounts match one person' }).waitFor()
    await shoot(page, 'findings')
    await expectAccessible(page)
    await button('Link this account').click()
    await expect.poll(() => page.getByRole('alert').textContent()).toContain('say which account')
    await page.getByRole('radio').first().check()
    await button('Link this account').click()
    await page.getByText('Decided.').waitFor()
    expect(await matches()).toBe(1)
  })

  test('makes a token, and revokes one', async () => {
    await open('/connections/fernhollow/tokens')
    await page.getByLabel('Label').fill('Entra, test')
    await button('Make the token').click()
    await page.locator('#new-token').waitFor()
    await expectAccessible(page)
    page.once('dialog', (dialog) => dialog.accept())
    await button('Revoke Entra, test').click()
    await expect
      .poll(() => page.getByRole('button', { name: 'Revoke Entra, test' }).count())
      .toBe(0)
  })

  test('works without its script', async () => {
    const plain = await window.browser.newContext({ javaScriptEnabled: false })
    const bare = await plain.newPage()
    await signIn(bare, gateway, '/connections/fernhollow/connect')
    await bare.getByText('A client has signed in').waitFor()
    await bare.goto(`${gateway.origin}/admin/connections/fernhollow`)
    await bare.getByRole('button', { name: 'Set to gate' }).click()
    await bare.getByText('Says what each write would do').waitFor()
    await plain.close()
  })

  test('is left by the keyboard alone', async () => {
    await open('')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('main')
    await button('Sign out').focus()
    await page.keyboard.press('Enter')
    await page.getByLabel('Admin token').waitFor()
    await open('/connections/fernhollow')
    await page.getByLabel('Admin token').waitFor()
  })

  test('has given the browser nothing to complain of', () => {
    expect(window.complaints).toEqual([])
  })
})
