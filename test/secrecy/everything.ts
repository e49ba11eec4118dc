/** Everything that a gateway lets out: answers with their headers, log lines, what it stores. */
import { env } from 'cloudflare:workers'
import { type Env, parseEnv } from '../../src/env.ts'
import { ORIGIN } from '../support/gateway.ts'
import { type Clock, openIsolate } from '../support/isolate.ts'
import { foundIn, type Planted } from './planted.ts'

export interface Emitted {
  /** What was asked, without a value; of an answer, a log line or a table. */
  readonly where: string
  readonly status: number
  readonly text: string
}

export function openWitness(
  fetch: (input: string, init: RequestInit) => Promise<Response>,
  options: { readonly env?: Partial<Env>; readonly clock?: Clock } = {},
) {
  const answers: Emitted[] = []
  const log: Emitted[] = []
  const { clock = { now: Date.now() } } = options
  const isolate = openIsolate(clock, fetch, {
    env: { ...parseEnv(env), ...options.env },
    log: (line) =>
      log.push({ where: String(line['event']), status: 0, text: JSON.stringify(line) }),
  })

  async function ask(where: string, request: Request): Promise<{ status: number; body: unknown }> {
    const response = await isolate.fetch(request)
    const text = await response.text()
    const { status } = response
    answers.push({ where, status, text: `${JSON.stringify([...response.headers])}\n${text}` })
    let body: unknown
    try {
      body = JSON.parse(text)
    } catch {
      body = undefined
    }
    return { status, body }
  }

  return {
    isolate,
    answers,
    log,
    clock,
    admin(where: string, method: string, path: string, body?: unknown, token?: string) {
      const headers = {
        authorization: `Bearer ${token ?? env.POSTERN_ADMIN_TOKEN}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      }
      return ask(
        where,
        new Request(`${ORIGIN}/admin/api${path}`, { method, headers, ...bodyOf(body) }),
      )
    },
    scim(where: string, url: string, token: string, method: string, body?: unknown) {
      const headers = {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/scim+json' }),
      }
      return ask(where, new Request(url, { method, headers, ...bodyOf(body) }))
    },
    ask,
  }
}

function bodyOf(body: unknown): { body?: string } {
  if (body === undefined) return {}
  return { body: typeof body === 'string' ? body : JSON.stringify(body) }
}

/** Where any of these values stands, as `where (status): names`. */
export function leaks(emitted: readonly Emitted[], planted: Planted): readonly string[] {
  const found = emitted.flatMap(({ where, status, text }) => {
    const names = foundIn(text, planted)
    return names.length > 0 ? [`${where} (${status}): ${names.join(', ')}`] : []
  })
  return [...new Set(found)]
}

/** Every value of every table, by `table.column`. */
export async function stored(): Promise<ReadonlyMap<string, string>> {
  const { results: tables } = await env.DB.prepare(
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*'
        AND name NOT GLOB 'sqlite_*'`,
  ).all<{ name: string }>()
  const texts = new Map<string, string>()
  for (const { name } of tables) {
    const { results } = await env.DB.prepare(`SELECT * FROM ${name}`).all<Record<string, unknown>>()
    for (const row of results) {
      for (const [column, value] of Object.entries(row)) {
        const key = `${name}.${column}`
        texts.set(key, `${texts.get(key) ?? ''}\n${String(value)}`)
      }
    }
  }
  return texts
}

/** The columns in which any of these values stands. */
export async function columnsHolding(planted: Planted): Promise<readonly string[]> {
  return [...(await stored())]
    .filter(([, text]) => foundIn(text, planted).length > 0)
    .map(([column]) => column)
    .sort()
}
