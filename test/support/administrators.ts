/** Administrators of a test's own, and the admin API as each of them meets it. */
import { env } from 'cloudflare:workers'
import type { Env } from '../../src/env.ts'
import { type Answer, ORIGIN } from './gateway.ts'
import { type Clock, openIsolate } from './isolate.ts'

export interface AsWhom {
  /** Absent: no bearer token. */
  readonly token?: string | undefined
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export type Line = Readonly<Record<string, string | number>>

export function openAdministration(
  options: {
    readonly env?: Partial<Env>
    /** Beside the first, by the names of their bindings. */
    readonly databases?: ReadonlyMap<string, D1Database>
    readonly fetch?: (input: string, init: RequestInit) => Promise<Response>
  } = {},
) {
  const clock: Clock = { now: Date.now() }
  const lines: Line[] = []
  const later: Promise<unknown>[] = []
  const nobody = () => Promise.reject(new TypeError('nobody is there'))
  const isolate = openIsolate(clock, options.fetch ?? nobody, {
    ...(options.env && { env: options.env }),
    ...(options.databases && { databases: options.databases }),
    log: (line) => lines.push(line),
    waitUntil: (work) => later.push(work),
  })

  async function ask(method: string, path: string, as: AsWhom = {}): Promise<Answer> {
    const { token, body, headers } = as
    const response = await isolate.fetch(
      new Request(`${ORIGIN}/admin/api${path}`, {
        method,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    )
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') ?? false
    const parsed = isJson ? JSON.parse(text) : {}
    return { status: response.status, headers: response.headers, body: parsed }
  }

  /** As the bearer of the bootstrap token. */
  async function must(method: string, path: string, body?: unknown) {
    const answer = await ask(method, path, { token: env.POSTERN_ADMIN_TOKEN, body })
    if (answer.status >= 300) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }

  async function connect(more: object = {}): Promise<string> {
    const name = `t-${crypto.randomUUID()}`
    await must('POST', '/connections', { name, adapter: 'sandbox', ...more })
    return name
  }

  /** With a token. */
  async function administrator(role: string, connections: readonly string[] | null = null) {
    const name = `${role} ${crypto.randomUUID()}`
    const { id } = await must('POST', '/administrators', { name, role, connections })
    const { token, id: tokenId } = await must('POST', `/administrators/${id}/tokens`)
    return { id, name, token, tokenId } as Record<'id' | 'name' | 'token' | 'tokenId', string>
  }

  return {
    ...{ clock, lines, ask, must, connect, administrator },
    /** Anything else, for example a page of the console. */
    fetch: isolate.fetch,
    /** What no answer waits for. */
    settled: () => Promise.all(later),
  }
}

export type Administration = ReturnType<typeof openAdministration>
