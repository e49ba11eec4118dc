/**
 * The console's way to everything: requests to the admin API in this isolate, in the name of whoever asks
 * for the page. Who may what, and the log, are then the API's (docs/decisions/0026-console.md).
 */
import type { InvalidMember } from '../admin/problem.ts'

export type AskApi = (request: Request) => Promise<Response>

/** RFC 9457, as the admin API writes it. */
export interface Refused {
  readonly status: number
  readonly title: string
  readonly detail: string
  readonly errors: readonly InvalidMember[]
}

/** A page of a list, as the admin API answers with it. */
export interface Items<T> {
  readonly items: readonly T[]
  readonly nextCursor?: string
}

/** What is entered cannot be sent: as the admin API refuses what it cannot take. */
export const notValid = (
  errors: Refused['errors'],
  detail = 'The request is not valid',
): Refused => ({ status: 422, title: 'Not valid', detail, errors })

/** What is wrong with the member of this path. */
export const messageAt = (refused: Refused | undefined, path: string): string | undefined =>
  refused?.errors.find((one) => one.path === path)?.message

/** What the page needs was refused: the page is then about that. */
export class PageRefused extends Error {
  override readonly name = 'PageRefused'
  readonly refused: Refused

  constructor(refused: Refused) {
    super(refused.detail)
    this.refused = refused
  }
}

export type Answered<T> =
  | { readonly ok: true; readonly body: T; readonly tag: string | undefined }
  | { readonly ok: false; readonly refused: Refused }

/** What says who asks, and from where: all else of the browser's request is about the page. */
const PASSED_ON = [
  'cookie',
  'origin',
  'sec-fetch-site',
  'cf-access-jwt-assertion',
  'cf-connecting-ip',
]

/** One for each request of a browser. */
export class Asking {
  readonly #request: Request
  readonly #ask: AskApi

  constructor(request: Request, ask: AskApi) {
    this.#request = request
    this.#ask = ask
  }

  /** @throws {PageRefused} */
  async get<T>(path: string): Promise<T> {
    return (await this.version<T>(path)).body
  }

  /** With its ETag, for a change of it. @throws {PageRefused} */
  async version<T>(path: string): Promise<{ readonly body: T; readonly tag: string }> {
    const answered = await this.send<T>('GET', path)
    if (answered.ok) return { body: answered.body, tag: answered.tag ?? '*' }
    throw new PageRefused(answered.refused)
  }

  async send<T>(
    method: string,
    path: string,
    body?: unknown,
    only: Readonly<Partial<Record<'if-match' | 'if-none-match', string>>> = {},
  ): Promise<Answered<T>> {
    const headers = new Headers(only)
    for (const name of PASSED_ON) {
      const value = this.#request.headers.get(name)
      if (value !== null) headers.set(name, value)
    }
    if (body !== undefined) headers.set('content-type', 'application/json')
    const url = new URL(`/admin/api${path}`, this.#request.url)
    const response = await this.#ask(
      new Request(url, {
        ...{ method, headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    )
    const text = await response.text()
    const read: unknown = text === '' ? undefined : JSON.parse(text)
    const tag = response.headers.get('etag') ?? undefined
    if (response.ok) return { ok: true, body: read as T, tag }
    const problem = read as Partial<Refused> | undefined
    return {
      ok: false,
      refused: {
        status: response.status,
        title: problem?.title ?? 'Refused',
        detail: problem?.detail ?? 'The request was refused',
        errors: problem?.errors ?? [],
      },
    }
  }
}

/** `?key=value...`, or nothing. What is empty is left out: a form sends it all the same. */
export function queryOf(given: Readonly<Record<string, string | undefined>>): string {
  const set = Object.entries(given).flatMap(([key, value]) => (value ? [[key, value]] : []))
  return set.length === 0 ? '' : `?${new URLSearchParams(set)}`
}

/** A path of the API or of the console, with names that may hold anything. */
export function pathOf(parts: TemplateStringsArray, ...names: readonly string[]): string {
  return String.raw({ raw: parts }, ...names.map(encodeURIComponent))
}
