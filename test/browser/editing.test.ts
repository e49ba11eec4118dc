/** The pages on which a gateway is set up and changed, in a real browser, on one running `npm start`. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { useNpmStart } from '../support/npm-start.ts'
import { newUser } from '../support/scim.ts'
import { executablePath, expectAccessible, shoot, signIn, useWindow } from './browser.ts'

const TIMEOUT_MS = 240_000
const LOGIN = 'wren.hale@example.com'
const MANIFEST = path.resolve(
  import.meta.dirname,
  '../../examples/legacy-app/smallest.manifest.json',
)

describe.skipIf(executablePath === undefined)('whoever sets it up', { timeout: TIMEOUT_MS }, () => {
  const gateway = useNpmStart()
  const window = useWindow()
  let page: Page

  const create = async (userName: string, title: string) => {
    const made = await gateway.scim('POST', '/Users', { ...newUser(userName), title })
    expect(made.status).toBe(201)
  }

  beforeAll(async () => {
    await create(LOGIN, 'Surveyor')
    page = window.page
    await signIn(page, gateway)
    await page.getByRole('heading', { name: 'Connections' }).waitFor()
  })

  const open = (at: string) => page.goto(`${gateway.origin}/admin${at}`)
  const press = (name: string | RegExp) => page.getByRole('button', { name }).click()
  const alert = () => page.getByRole('alert').textContent()
  const roleOf = async (login: string) => {
    const url = `${gateway.now.appUrl}/api/accounts?login=${encodeURIComponent(login)}`
    const response = await fetch(url, { headers: { 'x-desk-key': gateway.now.appKey ?? '' } })
    const { rows } = (await response.json()) as { rows: readonly { role: string }[] }
    return rows[0]?.role
  }

  test('tries a mapping on somebody who is linked, saves it, and the app is told so', async () => {
    await open('/connections/demo/mapping')
    await expectAccessible(page)
    const row = page.locator('.maprow').last()
    await row.getByLabel('Flow').selectOption('expression')
    await row.getByLabel('Attribute of the app').selectOption('role')
    const made = row.getByLabel('Expression')
    await made.fill('$ToUpper(title')
    // By the keyboard: the return key tries, and never saves.
    await made.press('Enter')
    await expect.poll(alert).toContain('=role: is no JSONata expression')
    await expectAccessible(page)

    await page
      .locator('.maprow', { hasText: 'is no JSONata' })
      .getByLabel('Expression')
      .fill('title = "Warden" ? "lead" : "admin"')
    await page.getByLabel('Somebody who is linked').fill(LOGIN)
    await press('Try, and see what would change')
    await page.getByText('the app is told 1 change').waitFor()
    const told = page.getByRole('row', { name: 'role' })
    expect(await told.getByRole('cell').allTextContents()).toEqual(['staff', 'admin'])
    expect(await roleOf(LOGIN)).toBe('staff')
    await shoot(page, 'mapping')
    await expectAccessible(page)

    await press('Save the mapping')
    await page.getByText('Saved. Nothing is written by that alone').waitFor()
    await create('una.vale@example.com', 'Warden')
    expect(await roleOf('una.vale@example.com')).toBe('lead')
  })

  test('is led from an error to its line in the mapping as JSON', async () => {
    await press('Show as JSON')
    const text = await page.locator('#json').inputValue()
    await page.locator('#json').fill(text.replace('"job_title"', '"nope"'))
    await press('Try, and see what would change')
    await page.getByRole('link', { name: /^Line/ }).click()
    const selected = () =>
      page.evaluate(
        '(f => f.value.slice(f.selectionStart, f.selectionEnd))(document.activeElement)',
      )
    expect(await selected()).toContain('"title": "nope"')
    await expectAccessible(page)
  })

  test('changes settings only where the app answers, and the policy by its fields', async () => {
    await open('/connections/demo/settings')
    await expectAccessible(page)
    await page.getByLabel('API key').fill('not the key')
    await press('Test the app and save')
    await expect.poll(alert).toContain('refuses the credentials')
    await expectAccessible(page)
    await page.getByLabel('API key').fill(gateway.now.appKey ?? '')
    await press('Test the app and save')
    await page.getByText('Saved. It holds at once').waitFor()
    await page.getByLabel('At most, people').fill('12')
    await page.getByLabel('Match').fill('[{ "scim": "nope" }]')
    await press('Save the policy')
    await page.getByRole('link', { name: 'policy.match.0.scim' }).click()
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('policy.match')
    await page.getByLabel('Match').fill('')
    await press('Save the policy')
    await page.getByText('Saved. It holds at once').waitFor()
    expect(await page.getByLabel('At most, people').inputValue()).toBe('12')
    await shoot(page, 'settings')
  })

  test('checks a manifest, publishes it, and removes it', async () => {
    await open('/manifests')
    await expectAccessible(page)
    await page.getByRole('link', { name: 'New manifest' }).click()
    const text = await readFile(MANIFEST, 'utf8')
    await page.locator('#manifest').fill(text.replace('"naming": "login"', '"naming": "nobody"'))
    await press('Check, and see what would change')
    await page.getByRole('link', { name: /^Line/ }).first().waitFor()
    await shoot(page, 'manifest')
    await expectAccessible(page)
    await page.locator('#manifest').fill(text)
    await press('Check, and see what would change')
    await press('Publish')
    await page.getByText('Published. It is in force').waitFor()
    await expectAccessible(page)
    page.once('dialog', (dialog) => dialog.accept())
    await press('Remove this manifest')
    await page.getByText('desk-smallest is removed').waitFor()
  })

  test('makes a client, and an administrator with a token', async () => {
    await open('/connections/demo/clients')
    await page.getByLabel('Label').first().fill('Entra')
    await page.getByRole('button', { name: 'Make the client' }).first().click()
    await page.locator('#client-secret').waitFor()
    await page.getByText('Trust what a provider signs').click()
    await expectAccessible(page)
    await page.getByRole('link', { name: 'Entra', exact: true }).click()
    await expectAccessible(page)

    await open('/administrators')
    await expectAccessible(page)
    await page.getByLabel('Name').fill('Ann Holt')
    await press('Make the administrator')
    await page.getByText('is an administrator now').waitFor()
    await press('Make the token')
    const token = (await page.locator('#new-token').textContent()) ?? ''
    await expectAccessible(page)
    const me = await fetch(`${gateway.origin}/admin/api/me`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(await me.json()).toMatchObject({ name: 'Ann Holt', role: 'auditor' })
    await open('/sealing')
    await page.getByText('in use').waitFor()
    await expectAccessible(page)
  })

  test('does the same without its script', async () => {
    const plain = await window.browser.newContext({ javaScriptEnabled: false })
    const bare = await plain.newPage()
    await signIn(bare, gateway, '/connections/demo/mapping')
    await bare.getByRole('button', { name: 'Back to the adapter’s mapping' }).click()
    await bare.getByRole('button', { name: 'Save the mapping' }).click()
    await bare.getByText('Saved. Nothing is written by that alone').waitFor()
    await bare.goto(`${gateway.origin}/admin/connections/demo/settings`)
    await bare.locator('#confirmed').fill('demo')
    await bare.getByRole('button', { name: 'Remove the connection' }).click()
    await bare.getByRole('heading', { name: 'demo is removed' }).waitFor()
    await plain.close()
  })

  test('has given the browser nothing to complain of', () => {
    expect(window.complaints).toEqual([])
  })
})
