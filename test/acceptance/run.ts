/**
 * `npm run acceptance -- [app ...] [--json]`: each real app is started, the gateway in front of it,
 * and a small life is led through both. An app that cannot be started is a failure. Needs root on
 * Debian 12, where the apps are packages.
 */
import { parseArgs } from 'node:util'
import * as z from 'zod'
import { startPostern } from '../support/start.ts'
import { type AcceptanceApp, startApp } from './app.ts'
import { rabbitmq } from './apps/rabbitmq.ts'
import { redmine, redmineXml } from './apps/redmine.ts'
import { type Scim, stepsOf } from './lifecycle.ts'
import { startProxy } from './proxy.ts'

const APPS: readonly AcceptanceApp[] = [rabbitmq, redmine, redmineXml]

interface Result {
  readonly app: string
  readonly title: string
  readonly ok: boolean
  readonly ms: number
  readonly detail?: string
}

const createdSchema = z.object({ scimBaseUrl: z.string(), token: z.string() })

async function connect(
  app: AcceptanceApp,
  url: string,
  gateway: { readonly origin: string; readonly adminToken: string },
): Promise<Scim> {
  const response = await fetch(`${gateway.origin}/admin/api/connections`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${gateway.adminToken}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ name: app.name, adapter: app.adapter, ...app.connection(url) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`the connection is refused: ${response.status} ${text}`)
  const { scimBaseUrl, token } = createdSchema.parse(JSON.parse(text))
  return async (method, path, body) => {
    const answer = await fetch(scimBaseUrl + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const said = await answer.text()
    return { status: answer.status, body: said === '' ? {} : JSON.parse(said) }
  }
}

/** What a part of the run did; the parts after one that failed are still tried. */
async function attempt(app: string, title: string, work: () => Promise<void>): Promise<Result> {
  const began = performance.now()
  const ms = () => Math.round(performance.now() - began)
  try {
    await work()
    return { app, title, ok: true, ms: ms() }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    return { app, title, ok: false, ms: ms(), detail: detail.slice(0, 2_000) }
  }
}

async function runApp(app: AcceptanceApp, tell: (result: Result) => void): Promise<void> {
  const stops: (() => Promise<unknown>)[] = []
  try {
    let scene: Parameters<typeof stepsOf>[0] | undefined
    tell(
      await attempt(app.name, 'the app and the gateway start, and are connected', async () => {
        const real = await startApp(app)
        stops.push(real.stop)
        const proxy = await startProxy(real.url)
        stops.push(proxy.stop)
        const started = await startPostern(['--fresh', '--no-app'])
        stops.push(() => started.stop())
        const { scimBaseUrl, adminToken } = started.now
        const { origin } = new URL(scimBaseUrl)
        const scim = await connect(app, proxy.url, { origin, adminToken })
        const native = app.native(real.url)
        stops.push(() => native.clean())
        scene = { scim, native, writes: proxy.writes, run: Date.now().toString(36) }
      }),
    )
    if (!scene) return
    for (const [title, work] of stepsOf(scene)) tell(await attempt(app.name, title, work))
  } finally {
    for (const stop of stops.reverse()) {
      await stop().catch((error: unknown) => console.error(`could not be ended: ${String(error)}`))
    }
  }
}

const { values: flags, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const unknown = positionals.filter((name) => !APPS.some((app) => app.name === name))
if (unknown.length > 0) {
  console.error(
    `no such app: ${unknown.join(', ')}; there is ${APPS.map((a) => a.name).join(', ')}`,
  )
  process.exit(2)
}
const results: Result[] = []
for (const app of APPS.filter(
  ({ name }) => positionals.length === 0 || positionals.includes(name),
)) {
  await runApp(app, (result) => {
    results.push(result)
    if (flags.json) return
    const { ok, title, ms, detail } = result
    console.log(`${ok ? '✓' : '✗'} ${app.name}: ${title} (${ms} ms)`)
    if (detail !== undefined) console.log(`    ${detail}`)
  })
}
const failed = results.filter(({ ok }) => !ok).length
if (flags.json) console.log(JSON.stringify({ results }))
console.log(`${results.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
