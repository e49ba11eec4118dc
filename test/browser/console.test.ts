/** The console in a real browser, on a running `npm start`. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Started, startPostern } from '../../cli/launch.ts'
import { deskAt } from '../support/desk.ts'
import { complaintsOf, executablePath, expectAccessible, launch, shoot } from './browser.ts'

const TIMEOUT_MS = 240_000
const LOGIN = 'wren.hale@example.com'
/** In the example app twice, once in capitals. */
const TWIN = 'Ada.Lund@example.com'

describe.skipIf(executablePath === undefined)('the console', { timeout: TIMEOUT_MS }, () => {
  let started: Started
  let browser: Browser
  let context: BrowserContext
  let page: Page
  let complaints: string[]
  let origin: string

  beforeAll(async () => {
    started = await startPostern()
    origin = new URL(started.now.scimBaseUrl).origin
    browser = await launch()
    context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
    complaints = complaintsOf(context)
    page = await context.newPage()
    page.setDefaultTimeout(15_000)
  }, TIMEOUT_MS)
  afterAll(async () => {
    await browser?.close()
    await started?.stop()
  })

  const open = (path: string) => page.goto(`${origin}/admin${path}`)
  const button = (name: string) => page.getByRole('button', { name })
  const signIn = async (into: Page, token: string) => {
    await into.getByLabel('Admin token').fill(token)
    await into.getByRole('button', { name: 'Sign in' }).click()
    await into.getByRole('heading', { name: 'Connections' }).waitFor()
  }

  test('is signed in to with an admin token', async () => {
    await open('')
    await expectAccessible(page)
    await signIn(page, started.now.adminToken)
    await expectAccessible(page)
  })

  test('makes a connection: adapter, settings, a test of the app, and what to paste into Entra', async () => {
    await page.getByRole('link', { name: 'New connection' }).click()
    await expectAccessible(page)
    await page.getByRole('link', { name: /^example comes/ }).click()
    await page.getByLabel('Name').fill('fernhollow')
    await page.getByLabel('URL', { exact: true }).fill(started.now.appUrl ?? '')
    await page.getByLabel('API key').fill('not the key')
    await button('Test the app').click()
    await expect
      .poll(() => page.getByRole('alert').textContent())
      .toContain('refuses the credentials')
    await expectAccessible(page)

    await page.getByLabel('API key').fill(started.now.appKey ?? '')
    await button('Test the app').click()
    await page.getByText('The app answered').waitFor()
    await expectAccessible(page)
    const text = (id: string) => page.locator(`#${id}`).textContent()
    const [baseUrl, token] = [await text('tenant-url'), await text('secret-token')]
    expect(baseUrl).toBe(`${origin}/scim/fernhollow/v2`)

    // As Entra's connection test does.
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' }
    await page.getByText('Waiting for Entra’s connection test').waitFor()
    const nobody = encodeURIComponent(`userName eq "${crypto.randomUUID()}"`)
    expect((await fetch(`${baseUrl}/Users?filter=${nobody}`, { headers })).status).toBe(200)
    await page.getByText('A client has signed in').waitFor()
    await shoot(page, 'connect')

    const created = await fetch(`${baseUrl}/Users`, {
      method: 'POST',
      headers,
      body: JSON.stringify({
        schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
        userName: LOGIN,
        name: { givenName: 'Wren', familyName: 'Hale' },
        active: true,
      }),
    })
    expect(created.status).toBe(201)
    expect(await deskAt(started.now.appUrl ?? '').accountsOf(LOGIN)).toHaveLength(1)
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
    const desk = deskAt(started.now.appUrl ?? '')
    await desk.setFaults({ uniqueness: 'off' })
    for (const login of [TWIN, TWIN.toUpperCase()]) {
      const made = await fetch(`${started.now.appUrl}/api/accounts`, {
        method: 'POST',
        headers: { 'x-desk-key': started.now.appKey ?? '', 'content-type': 'application/json' },
        body: JSON.stringify({ login, last_name: 'Lund', state: 'enabled' }),
      })
      expect(made.status).toBeLessThan(300)
    }
    const headers = { authorization: `Bearer ${started.now.token}` }
    const filter = encodeURIComponent(`userName eq "${TWIN}"`)
    const listed = await fetch(`${started.now.scimBaseUrl}/Users?filter=${filter}`, { headers })
    expect(await listed.json()).toMatchObject({ totalResults: 2 })

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
    const decided = await fetch(`${started.now.scimBaseUrl}/Users?filter=${filter}`, { headers })
    expect(await decided.json()).toMatchObject({ totalResults: 1 })
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
    const plain = await browser.newContext({ javaScriptEnabled: false })
    const bare = await plain.newPage()
    await bare.goto(`${origin}/admin/connections/fernhollow/connect`)
    await bare.getByLabel('Admin token').fill(started.now.adminToken)
    await bare.getByRole('button', { name: 'Sign in' }).click()
    await bare.getByText('A client has signed in').waitFor()
    await bare.goto(`${origin}/admin/connections/fernhollow`)
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
    expect(complaints).toEqual([])
  })
})
