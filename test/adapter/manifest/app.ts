/** A manifest against an app that is one function: what was asked, and what it answers. */
import type { AnyPort, Kept } from '../../../src/adapter/contract.ts'
import { createHttpClient } from '../../../src/adapter/http.ts'
import { compileManifest } from '../../../src/adapter/manifest/compile.ts'
import { manifestSchema } from '../../../src/adapter/manifest/schema.ts'
import { httpKit } from '../../support/http-kit.ts'

export interface Asked {
  readonly method: string
  readonly url: URL
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: bodies of many shapes
  readonly json: any
}

type Json = Readonly<Record<string, unknown>>
export type Answers = (asked: Asked) => Response | Promise<Response>

export const MINIMAL = {
  contract: 1,
  name: 'probe',
  version: '1.0.0',
  config: { url: { label: 'URL', kind: 'url' }, key: { label: 'Key', secret: true } },
  base: '{config.url}',
  auth: { kind: 'bearer', secret: 'key' },
  resources: {
    User: {
      id: '/id',
      idsReused: false,
      attributes: { login: { required: true, unique: true }, mail: {} },
      naming: 'login',
      mapping: { userName: 'login' },
      get: { method: 'GET', path: '/users/{id}' },
      list: { method: 'GET', path: '/users' },
    },
  },
} as const

/** The minimal manifest with other members, of its own or of its `User`. */
export function manifestWith(user: Json, more: Json = {}): Json {
  const { resources, ...rest } = MINIMAL
  const { Group, ...others } = more as { Group?: unknown }
  return {
    ...rest,
    ...others,
    resources: { User: { ...resources.User, ...user }, ...(Group !== undefined && { Group }) },
  }
}

export function openApp(
  manifest: Json,
  answers: Answers,
  {
    clock = { now: 0 },
    settings = {},
    secret = 's3cret',
    secrets = {},
    kept,
  }: {
    clock?: { now: number }
    settings?: Json
    secret?: string
    /** By name; `secret` for all others. */
    secrets?: Readonly<Record<string, string>>
    kept?: Kept
  } = {},
) {
  const adapter = compileManifest(manifestSchema.parse(manifest))
  const asked: Asked[] = []
  const given = adapter.settings.parse({ url: 'https://app.example/base', ...settings })
  const secretOf = (name: string) => secrets[name] ?? secret
  const http = createHttpClient({
    baseUrl: adapter.baseUrl(given),
    fetch: async (input, init) => {
      const text = typeof init.body === 'string' ? init.body : ''
      const one: Asked = {
        method: init.method ?? 'GET',
        url: new URL(input),
        headers: new Headers(init.headers),
        text,
        json: text.startsWith('{') ? JSON.parse(text) : undefined,
      }
      asked.push(one)
      return answers(one)
    },
    now: () => clock.now,
    leftMs: () => 1_000,
    maxBytes: 1_000_000,
    allowInsecure: false,
    otherUrls: adapter.otherUrls?.(given) ?? [],
    limits: adapter.limits,
  })
  const connect = () =>
    adapter.connect({
      ...httpKit({ http, settings: given, secret: secretOf }),
      ...(kept && { kept }),
    }) as Readonly<Record<string, AnyPort>>
  const ports = connect()
  const port = (type: 'User' | 'Group'): AnyPort => {
    const found = ports[type]
    if (!found) throw new Error(`no ${type}`)
    return found
  }
  return { adapter, asked, User: port('User'), port, connect }
}

export const ok = (body: unknown, init?: ResponseInit): Response => Response.json(body, init)
export const empty = (status: number, headers: Record<string, string> = {}): Response =>
  new Response(null, { status, headers })
