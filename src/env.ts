/** Bindings, vars and secrets of the Worker. The one description of them that holds at run time. */
import * as z from 'zod'

const d1 = z.custom<D1Database>(
  (value) => typeof (value as Partial<D1Database> | undefined)?.prepare === 'function',
  'must be a D1 binding',
)

const envSchema = z.object({
  DB: d1,
  /** Public origin, for example https://scim.example.com; empty: that of the request. */
  BASE_URL: z.union([z.literal(''), z.url({ protocol: /^https?$/ })]).default(''),
  /** Empty: nobody may use the admin API. */
  POSTERN_ADMIN_TOKEN: z.string().default(''),
  /** 32 random bytes in base64. */
  POSTERN_SEALING_KEY: z.string().optional(),
  /** "1" only under `npm start` and in tests: http and loopback app hosts are allowed. */
  POSTERN_DEV: z.enum(['', '1']).default(''),
})

export type Env = z.output<typeof envSchema>

/** @throws naming the binding that is wrong, never its value */
export function parseEnv(input: unknown): Env {
  const parsed = envSchema.safeParse(input)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  throw new Error(`the Worker's bindings are not valid: ${faults.join('; ')}`)
}

/** Connection strings by the names of their bindings, whatever they are called. */
export function hyperdrivesIn(input: unknown): ReadonlyMap<string, string> {
  const bindings = typeof input === 'object' && input !== null ? Object.entries(input) : []
  return new Map(
    bindings.flatMap(([name, value]): [string, string][] => {
      const text = (value as Partial<Hyperdrive> | null)?.connectionString
      return typeof text === 'string' ? [[name, text]] : []
    }),
  )
}
