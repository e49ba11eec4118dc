/** Bindings, vars and secrets of the Worker. The one description of them that holds at run time. */
import * as z from 'zod'
import type { WorkerSecret } from './access/worker-secret.ts'
import type { AdapterBinding } from './adapter/remote/wire.ts'

const d1 = z.custom<D1Database>(
  (value) => typeof (value as Partial<D1Database> | undefined)?.prepare === 'function',
  'must be a D1 binding',
)

/** Its value is never looked at here: a binding is read when it is first needed. */
const secret = z.custom<WorkerSecret>(
  (value) =>
    typeof value === 'string' ||
    typeof (value as { get?: unknown } | null | undefined)?.get === 'function',
  'must be a text, or a binding of the Secrets Store',
)

/** What links are built from: a path would be doubled, and a slash at the end as well. */
const publicOrigin = z.url({ protocol: /^https?$/ }).transform((text, context) => {
  const { origin, pathname, search, hash } = new URL(text)
  if (pathname === '/' && search === '' && hash === '') return origin
  context.addIssue('must be an origin, without a path')
  return z.NEVER
})

const envSchema = z
  .object({
    DB: d1,
    /** Binding of the database that new connections are placed in; empty: the smallest. */
    NEW_CONNECTIONS_DB: z.string().default(''),
    /** Public origin, for example https://scim.example.com; empty: see `src/access/base-url.ts`. */
    BASE_URL: z.union([z.literal(''), publicOrigin]).default(''),
    /** Bearer of it is an owner. Empty: only administrators who are stored may use the admin API. */
    POSTERN_ADMIN_TOKEN: secret.default(''),
    /** Bearer of it is told what `/metrics` has, and nothing else. 32 characters or more. */
    POSTERN_METRICS_TOKEN: secret.default(''),
    /** Of Cloudflare Access: `acme`, or `acme.cloudflareaccess.com`. Empty: it lets nobody in. */
    POSTERN_ACCESS_TEAM: z
      .string()
      .regex(/^(?:[a-z0-9-]{1,63}(?:\.cloudflareaccess\.com)?)?$/, 'must be the name of a team')
      .default(''),
    /** AUD tags of the applications in Access that protect the admin API, with commas between. */
    POSTERN_ACCESS_AUDIENCE: z
      .string()
      .default('')
      .transform((tags) => tags.split(',').flatMap((tag) => tag.trim() || [])),
    /** 32 random bytes in base64. */
    POSTERN_SEALING_KEY: secret.optional(),
    /** Those before it, which only open: a list, with white space or commas between them. */
    POSTERN_SEALING_KEYS_PREVIOUS: secret.optional(),
    /** Sends notices of alerts by e-mail (`[[send_email]]`); without it channels of e-mail fail. */
    ALERT_EMAIL: z
      .custom<SendEmail>(
        (value) => typeof (value as Partial<SendEmail> | null)?.send === 'function',
        'must be a binding of send_email',
      )
      .optional(),
    /** Wakes the gateway up for notices that are sent again; without it the cron sends them alone. */
    ALERT_QUEUE: z
      .custom<Queue>(
        (value) => typeof (value as Partial<Queue> | null)?.send === 'function',
        'must be a queue',
      )
      .optional(),
    /** A data set of Analytics Engine, which is told of each request (docs/metrics.md). */
    ANALYTICS: z
      .custom<AnalyticsEngineDataset>(
        (value) =>
          typeof (value as Partial<AnalyticsEngineDataset> | null)?.writeDataPoint === 'function',
        'must be a data set of Analytics Engine',
      )
      .optional(),
    /** Of a collector of OpenTelemetry: `/v1/traces` and `/v1/metrics` are put behind it. */
    OTLP_ENDPOINT: z
      .union([z.literal(''), z.url({ protocol: /^https?$/ })])
      .default('')
      .transform((url) => url.replace(/\/+$/, '')),
    /** What it wants to let the gateway in: `name=value,name=value`. */
    OTLP_HEADERS: secret.default(''),
    /** "1" only under `npm start` and in tests: http and loopback app hosts are allowed. */
    POSTERN_DEV: z.enum(['', '1']).default(''),
  })
  .refine(
    (env) => (env.POSTERN_ACCESS_TEAM === '') === (env.POSTERN_ACCESS_AUDIENCE.length === 0),
    { path: ['POSTERN_ACCESS_AUDIENCE'], message: 'goes together with POSTERN_ACCESS_TEAM' },
  )

export type Env = z.output<typeof envSchema>

/** @throws naming the binding that is wrong, never its value */
export function parseEnv(input: unknown): Env {
  const parsed = envSchema.safeParse(input)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  throw new Error(`the Worker's bindings are not valid: ${faults.join('; ')}`)
}

/** Of further databases: the name is written into rows and into the log. */
const FURTHER = /^DB_[A-Z0-9_]{1,20}$/

/**
 * The D1 databases beside `DB` that hold data of connections, by the names of their bindings: `DB_2`,
 * `DB_EU` or the like (docs/scaling.md).
 *
 * @throws naming the binding that is wrong, never its value
 */
export function databasesIn(input: unknown): ReadonlyMap<string, D1Database> {
  const found = Object.entries(input ?? {}).filter(([key]) => FURTHER.test(key))
  return new Map(
    found.map(([key, value]) => {
      if (d1.safeParse(value).success) return [key, value as D1Database]
      throw new Error(`the Worker's bindings are not valid: ${key}: must be a D1 binding`)
    }),
  )
}

const PRIVATE = 'ADAPTER_'

/**
 * Service bindings to private adapters, by the name that connections call them: `ADAPTER_ACME_HR` is
 * `acme-hr`.
 *
 * @throws naming the binding that is wrong, never its value
 */
export function privateAdapters(input: unknown): ReadonlyMap<string, AdapterBinding> {
  const found = Object.entries(input ?? {}).filter(([key]) => key.startsWith(PRIVATE))
  return new Map(
    found.map(([key, value]) => {
      const name = key.slice(PRIVATE.length).toLowerCase().replaceAll('_', '-')
      if (!/^[a-z][a-z0-9-]{0,62}$/.test(name)) {
        throw new Error(`the Worker's bindings are not valid: ${key}: names no adapter`)
      }
      if (typeof (value as Partial<Fetcher> | null)?.fetch !== 'function') {
        throw new Error(`the Worker's bindings are not valid: ${key}: must be a service binding`)
      }
      // Its methods are whatever the other Worker exports: the first answer tells.
      return [name, value as AdapterBinding]
    }),
  )
}

/** Of certificates alone: another service's binding would be a way into the house. */
const CERTIFICATE = /^MTLS_\w+$/

/** `fetch` with each client certificate that is bound to the Worker, by name of the binding. */
export function certificatesIn(
  bindings: unknown,
): ReadonlyMap<string, (input: string, init: RequestInit) => Promise<Response>> {
  const named = Object.entries(bindings ?? {}).filter(([name]) => CERTIFICATE.test(name))
  return new Map(
    named.flatMap(([name, binding]: [string, Partial<Fetcher>]) =>
      typeof binding.fetch === 'function'
        ? [[name, (input: string, init: RequestInit) => (binding as Fetcher).fetch(input, init)]]
        : [],
    ),
  )
}
