import * as z from 'zod'
import { StartError } from './start-error.ts'

const TIMEOUT_MS = 30_000

const connectionSchema = z.object({ adapter: z.string(), scimBaseUrl: z.string() })
const createdSchema = connectionSchema.extend({ token: z.string() })
const tokenSchema = z.object({ token: z.string() })

export interface DemoOptions {
  readonly origin: string
  readonly adminToken: string
  /** null: people and groups are kept in the gateway itself. */
  readonly app: { readonly url: string; readonly key: string } | null
  /** Of the token that this start mints. */
  readonly label: string
}

export interface Demo {
  readonly scimBaseUrl: string
  readonly token: string
  /** Another than asked for where `demo` was there before, made for another adapter. */
  readonly adapter: string
}

/** Of forty people four are a tenth: the demo's guard counts heads only. */
const POLICY = { guard: { maxPercent: 100 } }

/** Makes sure that the connection `demo` exists and leads to the app, and mints a token for it. */
export async function ensureDemo(options: DemoOptions): Promise<Demo> {
  const { origin, adminToken, app, label } = options

  const call = async (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${origin}/admin/api${path}`, {
      method,
      headers: {
        authorization: `Bearer ${adminToken}`,
        'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })

  const read = async <T>(response: Response, what: string, schema: z.ZodType<T>): Promise<T> => {
    const text = await response.text()
    if (!response.ok) {
      throw new StartError(
        `the gateway refused to ${what}: ${response.status} ${text}`,
        'see its log above; `npm start -- --fresh` begins with empty state',
      )
    }
    return schema.parse(JSON.parse(text))
  }

  const connectApp = app && { settings: { url: app.url }, secrets: { apiKey: app.key } }
  const found = await call('GET', '/connections/demo')
  if (found.status === 404) {
    await found.body?.cancel()
    const adapter = app ? 'example' : 'sandbox'
    const request = { name: 'demo', adapter, policy: POLICY, ...connectApp }
    const response = await call('POST', '/connections', request)
    return read(response, 'create the connection demo', createdSchema)
  }

  const demo = await read(found, 'show the connection demo', connectionSchema)
  if (connectApp && demo.adapter === 'example') {
    // The app has another port at each start.
    const response = await call('PATCH', '/connections/demo', connectApp)
    await read(response, 'update the connection demo', z.unknown())
  }
  const minted = await call('POST', '/connections/demo/tokens', { label })
  const { token } = await read(minted, 'mint a token', tokenSchema)
  return { ...demo, token }
}
