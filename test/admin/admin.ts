/** The admin API as it will be mounted, on the real D1, with three adapters to choose from. */
import { env } from 'cloudflare:workers'
import { Hono } from 'hono'
import * as z from 'zod'
import { Sealing } from '../../src/access/seal.ts'
import { SignIn } from '../../src/access/sign-in.ts'
import { checkSettings } from '../../src/adapter/check-settings.ts'
import { type AdminDeps, adminApi } from '../../src/admin/api.ts'
import type { AdapterDescription } from '../../src/admin/describe-adapter.ts'
import { DataDatabases } from '../../src/db/data-databases.ts'
import { openDatabase } from '../../src/db/database.ts'
import { noKeySets } from '../support/key-sets.ts'

export const NOW = 1_770_000_000_000
export const BASE_URL = 'https://gw.example'

const sandbox = { settings: z.strictObject({}) }
const crm = {
  settings: z.object({
    url: z.url(),
    region: z.enum(['eu', 'us']).default('eu'),
    seats: z.int().optional(),
  }),
  baseUrl: ({ url }: { url: string }) => url,
}

const ADAPTERS: Readonly<Record<string, AdapterDescription>> = {
  sandbox: {
    checkSettings: async (given) => checkSettings(sandbox, given),
    secrets: [],
    resourceAttributes: () => 'any',
    declaresTypes: true,
  },
  crm: {
    checkSettings: async (given) => checkSettings(crm, given),
    secrets: ['apiKey', 'pin'],
    resourceAttributes: (type) => (type === 'User' ? ['login', 'mail', 'title'] : []),
    declaresTypes: false,
  },
}

export const CRM = {
  adapter: 'crm',
  settings: { url: 'https://crm.example' },
  secrets: { apiKey: 'kr0kodil-key', pin: 'p1n-0000' },
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it as they like
  readonly body: any
  readonly text: string
}

export function admin(
  { adminToken = 'the-admin-token', ...over }: Partial<AdminDeps> & { adminToken?: string } = {},
  more?: (api: Hono) => void,
) {
  const clock = { now: NOW }
  const reported: unknown[] = []
  const api = adminApi(
    {
      db: env.DB,
      data: new DataDatabases(new Map([['DB', openDatabase(env.DB)]]), () => {}),
      newConnectionsDatabase: '',
      sealing: new Sealing(env.POSTERN_SEALING_KEY),
      describeAdapter: (name) => ADAPTERS[name],
      checkAppUrl: (url) => (url.includes('internal') ? 'is not a public host' : undefined),
      hasCertificate: () => false,
      baseUrl: () => BASE_URL,
      now: () => clock.now,
      after: () => () => {},
      signIn: new SignIn({
        ...{
          db: env.DB,
          bootstrapToken: async () => adminToken,
          access: undefined,
          sessionSecret: async () => 'secret of the Worker',
          keySets: noKeySets,
        },
        ...{ now: () => clock.now, waitUntil: () => {}, lost: () => {}, isWeak: () => {} },
      }),
      newId: () => crypto.randomUUID(),
      log: () => {},
      report: (error) => reported.push(error),
      ...over,
    },
    more,
  )
  const app = new Hono().route('/admin/api', api)

  const call = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    const response = await app.request(`/admin/api${path}`, {
      method,
      headers: {
        authorization: 'Bearer the-admin-token',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') && text !== ''
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson ? JSON.parse(text) : undefined,
    }
  }
  return { call, clock, reported }
}

/** The paths of `errors`, sorted. */
export function faults(answer: Answer): string[] {
  const errors: { path: string; message: string }[] = answer.body.errors ?? []
  return errors.map((error) => error.path).sort()
}
