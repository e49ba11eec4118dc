/** A gateway for a while, in front of one app, with what it tells the app counted on the way. */
import * as z from 'zod'
import type { Adapter } from '../../src/adapter/contract.ts'
import type { Gateway } from '../../src/adapter/kit/subject.ts'
import { startPostern } from '../launch.ts'
import { type CountingProxy, startProxy } from './proxy.ts'

export interface AppConnection {
  /** Of the connection that is made. */
  readonly name: string
  readonly adapter: Adapter
  /** An adapter that is not part of the build: stored before it is used. */
  readonly manifest?: unknown
  readonly settings: unknown
  readonly secrets: Readonly<Record<string, string>>
}

export interface StartedGateway extends Gateway {
  readonly stop: () => Promise<void>
}

const createdSchema = z.object({ scimBaseUrl: z.string(), token: z.string() })

/** @throws {Error} where the gateway does not start, or refuses the connection, with what it said */
export async function startGateway(app: AppConnection): Promise<StartedGateway> {
  const stops: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const one of stops.splice(0).reverse()) await one()
  }
  try {
    const { proxy, settings } = await counted(app)
    if (proxy) stops.push(proxy.stop)
    const started = await startPostern(['--fresh', '--no-app'])
    stops.push(() => started.stop())
    const { scimBaseUrl, adminToken } = started.now
    const admin = adminOf(new URL(scimBaseUrl).origin, adminToken)
    const { name, adapter, manifest, secrets } = app
    if (manifest !== undefined) await admin('PUT', `/manifests/${adapter.name}`, manifest)
    const connection = { name, adapter: adapter.name, settings, secrets }
    const made = createdSchema.parse(await admin('POST', '/connections', connection))
    return { scim: scimOf(made), ...(proxy && { writes: proxy.writes }), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The settings with a proxy in place of the app, where one of them is the app's URL. */
async function counted({
  adapter,
  settings,
}: AppConnection): Promise<{ readonly proxy?: CountingProxy; readonly settings: unknown }> {
  const fields = z.record(z.string(), z.unknown()).safeParse(settings)
  const base = adapter.baseUrl(adapter.settings.parse(settings))
  if (!fields.success || !/^https?:/.test(base)) return { settings }
  const { origin } = new URL(base)
  const found = Object.entries(fields.data).find(([, value]) => {
    return typeof value === 'string' && URL.canParse(value) && new URL(value).origin === origin
  })
  if (!found) return { settings }
  const [name, url] = found
  const proxy = await startProxy(origin)
  const { pathname } = new URL(String(url))
  const path = pathname === '/' ? '' : pathname
  return { proxy, settings: { ...fields.data, [name]: `${proxy.url}${path}` } }
}

function adminOf(origin: string, token: string) {
  return async (method: string, path: string, body: unknown): Promise<unknown> => {
    const response = await fetch(`${origin}/admin/api${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path} is refused: ${response.status} ${text}`)
    return JSON.parse(text)
  }
}

function scimOf({ scimBaseUrl, token }: z.output<typeof createdSchema>): Gateway['scim'] {
  return async (method, path, body) => {
    const response = await fetch(scimBaseUrl + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
  }
}
