/** The worker as its users meet it: over HTTP, with a connection of its own for each test. */
import { env, exports } from 'cloudflare:workers'
import type { JsonObject } from '../../src/scim/schema.ts'

export const ORIGIN = 'https://gw.example'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** Parsed body; empty object where there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes
  readonly body: any
}

export async function call(
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body?: unknown,
): Promise<Answer> {
  const response = await exports.default.fetch(url, {
    method,
    headers,
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? {} : JSON.parse(text),
  }
}

export function admin(method: string, path: string, body?: unknown): Promise<Answer> {
  const headers = {
    authorization: `Bearer ${env.POSTERN_ADMIN_TOKEN}`,
    'content-type': 'application/json',
  }
  return call(method, `${ORIGIN}/admin/api${path}`, headers, body)
}

export interface Scim {
  readonly name: string
  readonly baseUrl: string
  readonly token: string
  (method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
}

/** A fresh connection, and a client of it. */
export async function connect(options: JsonObject = {}): Promise<Scim> {
  const name = `t-${crypto.randomUUID()}`
  const created = await admin('POST', '/connections', { name, adapter: 'sandbox', ...options })
  if (created.status !== 201) throw new Error(JSON.stringify(created.body))
  const { scimBaseUrl, token } = created.body as { scimBaseUrl: string; token: string }
  const scim = (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> =>
    call(
      method,
      `${scimBaseUrl}${path}`,
      {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/scim+json' }),
        ...headers,
      },
      body,
    )
  return named(scim, { name, baseUrl: scimBaseUrl, token })
}

/** `name` of a function is read-only until it is redefined. */
function named<F extends (...args: never[]) => unknown, P extends object>(
  f: F,
  properties: P,
): F & P {
  for (const [key, value] of Object.entries(properties)) {
    Object.defineProperty(f, key, { value, enumerable: true })
  }
  return f as F & P
}
