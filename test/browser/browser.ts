/** Chromium, where there is one, and what every page of the console has to be. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import type { NpmStart } from '../support/npm-start.ts'

const PLACES = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

export const executablePath = PLACES.find((place) => place !== undefined && existsSync(place))

if (executablePath === undefined) {
  console.warn(
    'skipped: tests in a browser, for there is no Chromium (apt-get install chromium, or CHROMIUM=path)',
  )
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core'), 'utf8')

/** A window of the browser for the tests of a `describe`, and what the browser complains of in it. */
export interface Window {
  readonly browser: Browser
  readonly context: BrowserContext
  readonly page: Page
  readonly complaints: readonly string[]
}

/** To be called where hooks are. */
export function useWindow(): Window {
  const complaints: string[] = []
  let open: Pick<Window, 'browser' | 'context' | 'page'> | undefined
  const there = () => {
    if (!open) throw new Error('a window is there in tests and hooks alone')
    return open
  }
  beforeAll(async () => {
    if (executablePath === undefined) throw new Error('there is no Chromium')
    // Root, as in a container, has no sandbox; nothing foreign is loaded.
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
    context.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
    })
    context.on('weberror', (error) => complaints.push(error.error().message))
    const page = await context.newPage()
    page.setDefaultTimeout(15_000)
    open = { browser, context, page }
  }, 60_000)
  afterAll(() => open?.browser.close())
  return {
    complaints,
    get browser() {
      return there().browser
    },
    get context() {
      return there().context
    },
    get page() {
      return there().page
    },
  }
}

/** @param at a page of the console, which asks for the sign-in and then shows itself */
export async function signIn(
  page: Page,
  { origin, now }: Pick<NpmStart, 'origin' | 'now'>,
  at = '',
): Promise<void> {
  await page.goto(`${origin}/admin${at}`)
  await page.getByLabel('Admin token').fill(now.adminToken)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** Each theme, and which rules of axe look at it: colours are all that differs in the second. */
const SCHEMES = [
  ['light', undefined],
  ['dark', ['color-contrast', 'link-in-text-block']],
] as const
/** WCAG 2.2, 1.4.10: content reflows at this width. */
const NARROW = 320

interface Violation {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly html: string }[]
}

/** No serious violation in either theme, and nothing to scroll sideways for on a phone. */
export async function expectAccessible(page: Page): Promise<void> {
  const at = page.url()
  // Past the page's own policy, which lets in no script but its own.
  await page.evaluate(AXE)
  for (const [colorScheme, runOnly] of SCHEMES) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    // What passes is not gathered: nobody reads it.
    const options = { resultTypes: ['violations'], ...(runOnly && { runOnly }) }
    const serious = await page.evaluate(async (options) => {
      // biome-ignore lint/suspicious/noExplicitAny: what the script has put there
      const { violations } = await (globalThis as any).axe.run(options)
      return violations
        .filter(({ impact }: Violation) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }: Violation) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
    }, options)
    expect(serious, `${at} (${colorScheme})`).toEqual([])
  }
  const size = page.viewportSize() ?? { width: 1280, height: 800 }
  await page.setViewportSize({ width: NARROW, height: size.height })
  const over = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
  expect(over, `${at} at ${NARROW} px`).toBeLessThanOrEqual(0)
  await page.setViewportSize(size)
}

const PHONE = 390

/**
 * Takes a picture for the documentation, where `SCREENSHOTS` names a folder. With `SCREENSHOTS_ALL` in dark
 * and at a phone's width as well.
 */
export async function shoot(page: Page, name: string): Promise<void> {
  const folder = process.env['SCREENSHOTS']
  if (folder === undefined) return
  const take = (suffix: string) =>
    page.screenshot({ path: path.join(folder, `console-${name}${suffix}.png`), fullPage: true })
  await page.emulateMedia({ colorScheme: 'light' })
  await take('')
  if (process.env['SCREENSHOTS_ALL'] === undefined) return
  const size = page.viewportSize() ?? { width: 1280, height: 800 }
  await page.setViewportSize({ width: PHONE, height: size.height })
  await take('-phone')
  await page.setViewportSize(size)
  await page.emulateMedia({ colorScheme: 'dark' })
  await take('-dark')
}
