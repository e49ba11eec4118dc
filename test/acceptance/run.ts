/**
 * `npm run acceptance -- [app ...] [--no-kit] [--json]`: each real app is started, the gateway in front
 * of it, and a small life is led through both; then the kit is run against it, which takes minutes.
 * An app that cannot be started is a failure. Needs root on Debian 12, where the apps are packages.
 */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import * as z from 'zod'
import { folderOf, readNotes } from '../../cli/adapter/folder.ts'
import { loadAdapter } from '../../cli/adapter/load.ts'
import { startProxy } from '../../cli/adapter/proxy.ts'
import { liveSubject } from '../../cli/adapter/subject.ts'
import { startPostern } from '../../cli/launch.ts'
import { CHECKS } from '../../src/adapter/kit/checks.ts'
import { runChecks } from '../../src/adapter/kit/run.ts'
import type { Subject } from '../../src/adapter/kit/subject.ts'
import { type AcceptanceApp, type ConnectionOf, startApp } from './app.ts'
import { mysql, postgres } from './apps/databases.ts'
import { openldap } from './apps/openldap.ts'
import { rabbitmq } from './apps/rabbitmq.ts'
import { redmine, redmineXml } from './apps/redmine.ts'
import { unleash } from './apps/unleash.ts'
import { zabbix } from './apps/zabbix.ts'
import { type Scene, type Scim, type Step, stepsOf } from './lifecycle.ts'
import { startSqlProxy } from './sql-proxy.ts'

const APPS: readonly AcceptanceApp[] = [
  rabbitmq,
  redmine,
  redmineXml,
  zabbix,
  unleash,
  postgres,
  mysql,
  openldap,
]

interface Result {
  readonly app: string
  readonly title: string
  readonly ok: boolean
  /** Why it was not tried. */
  readonly skipped?: string
  readonly ms: number
  readonly detail?: string
}

const createdSchema = z.object({ scimBaseUrl: z.string(), token: z.string() })

async function connect(
  name: string,
  app: AcceptanceApp,
  connection: ConnectionOf,
  gateway: { readonly origin: string; readonly adminToken: string },
): Promise<Scim> {
  const headers = {
    authorization: `Bearer ${gateway.adminToken}`,
    'content-type': 'application/json',
  }
  if (app.manifest) {
    const stored = await fetch(`${gateway.origin}/admin/api/manifests/${app.adapter}`, {
      method: 'PUT',
      headers,
      body: await readFile(app.manifest, 'utf8'),
    })
    if (!stored.ok) throw new Error(`the manifest is refused: ${await stored.text()}`)
  }
  const response = await fetch(`${gateway.origin}/admin/api/connections`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ name, adapter: app.adapter, ...connection }),
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
    return {
      status: answer.status,
      headers: answer.headers,
      body: said === '' ? {} : JSON.parse(said),
    }
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
    let steps: readonly Step[] = []
    let subject: Subject | undefined
    tell(
      await attempt(app.name, 'the app and the gateway start, and are connected', async () => {
        const real = await startApp(app)
        stops.push(real.stop)
        const proxy = /^https?:/.test(real.url)
          ? await startProxy(real.url, app.isRead)
          : await (app.proxy ?? startSqlProxy)(real.url)
        stops.push(proxy.stop)
        const started = await startPostern(['--fresh', '--no-app'])
        stops.push(() => started.stop())
        const { scimBaseUrl, adminToken } = started.now
        const { origin } = new URL(scimBaseUrl)
        const gateway = { origin, adminToken }
        const own = app.connection({ ...real, url: proxy.url })
        const open: Scene['open'] = (name, change) =>
          connect(`${app.name}-${name}`, app, { ...own, ...change(own) }, gateway)
        const scim = await connect(app.name, app, own, gateway)
        const native = app.native(real)
        stops.push(() => native.clean())
        const run = Date.now().toString(36)
        const scene = { app, scim, open, native, writes: proxy.writes, run }
        steps = [...stepsOf(scene), ...(app.traps?.(scene, real) ?? [])]
        if (flags['no-kit']) return
        const named = app.manifest ?? app.adapter
        const { load } = await loadAdapter(named)
        const notes = await readNotes(folderOf(named, app.adapter), app.adapter)
        const live = app.connection(real)
        subject = liveSubject({ load, live, notes, gateway: { scim, writes: proxy.writes } })
      }),
    )
    for (const [title, work] of steps) {
      if (typeof work === 'function') tell(await attempt(app.name, title, work))
      else tell({ app: app.name, title, ok: true, skipped: work.skip, ms: 0 })
    }
    if (!subject) return
    await runChecks(subject, CHECKS, ({ id, type, outcome, reason, ms }) => {
      // What is not about this app is listed in the adapter's README.
      if (outcome === 'skipped') return
      const ok = outcome === 'passed'
      const detail = ok || reason === undefined ? {} : { detail: `${outcome}: ${reason}` }
      tell({ app: app.name, title: `${type} ${id}`, ok, ms, ...detail })
    })
  } finally {
    for (const stop of stops.reverse()) {
      await stop().catch((error: unknown) => console.error(`could not be ended: ${String(error)}`))
    }
  }
}

const { values: flags, positionals } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    'no-kit': { type: 'boolean', default: false },
  },
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
    const { ok, title, ms, detail, skipped } = result
    if (skipped !== undefined) console.log(`- ${app.name}: ${title}: skipped, ${skipped}`)
    else console.log(`${ok ? '✓' : '✗'} ${app.name}: ${title} (${ms} ms)`)
    if (detail !== undefined) console.log(`    ${detail}`)
  })
}
const failed = results.filter(({ ok }) => !ok).length
if (flags.json) console.log(JSON.stringify({ results }))
const skipped = results.filter((result) => result.skipped !== undefined).length
if (skipped > 0 && !flags.json) console.log(`${skipped} skipped`)
console.log(`${results.length - failed - skipped} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
