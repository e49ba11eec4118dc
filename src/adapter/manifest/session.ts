/** What an app hands out for later calls: tokens out of its answers, and its cookies. */
import type { HttpRequest, HttpResponse } from '../http.ts'
import type { KeepSpec } from './auth-schema.ts'
import { getAt, putAt } from './pointer.ts'
import type { Placed } from './request-schema.ts'
import { fillText } from './template.ts'

type Texts = Readonly<Record<string, string>>

export interface Session {
  /** By the name under which they are kept. */
  readonly kept: Texts
  readonly cookies: Texts
}

export const NO_SESSION: Session = { kept: {}, cookies: {} }

/** The session after this answer. Undefined: it lacks something that is to be kept. */
export function after(
  { kept, cookies }: Session,
  response: HttpResponse,
  keep: KeepSpec,
): Session | undefined {
  const jar = cookiesAfter(cookies, response.headers)
  const found: Record<string, string> = { ...kept }
  for (const [name, source] of Object.entries(keep)) {
    const value = find(source, response, jar)
    if (typeof value === 'number') found[name] = String(value)
    else if (typeof value === 'string' && value !== '') found[name] = value
    else return undefined
  }
  return { kept: found, cookies: jar }
}

function find(source: KeepSpec[string], { json, headers }: HttpResponse, jar: Texts): unknown {
  if (typeof source === 'string') return getAt(json, source)
  if ('header' in source) return headers.get(source.header)
  const value = Object.hasOwn(jar, source.cookie) ? jar[source.cookie] : undefined
  // Frameworks that want a cookie back in a header write it there decoded.
  return value === undefined ? undefined : decoded(value)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/**
 * RFC 6265 §5.2, as far as one client of one origin needs it: names and values, and what is taken
 * back. Attributes that say where a cookie goes do not matter, for it goes to this app alone.
 */
function cookiesAfter(before: Texts, headers: Headers): Texts {
  const jar = new Map(Object.entries(before))
  for (const line of headers.getSetCookie()) {
    const [pair = '', ...attributes] = line.split(';')
    const at = pair.indexOf('=')
    if (at <= 0) continue
    const name = pair.slice(0, at).trim()
    const isOver = attributes.some((one) => /^\s*max-age\s*=\s*-?0*\s*$/i.test(one))
    if (isOver) jar.delete(name)
    else jar.set(name, pair.slice(at + 1).trim())
  }
  return Object.fromEntries(jar)
}

/** The request with the cookies of the session, and what it keeps in these places. */
export function within(
  session: Session,
  place: readonly Placed[],
  request: HttpRequest,
): HttpRequest {
  const { kept } = session
  let next = withCookies(request, session.cookies)
  for (const one of place) {
    const value = fillText(one.value, kept) ?? ''
    if ('header' in one) next = { ...next, headers: { ...next.headers, [one.header]: value } }
    else if ('query' in one) next = { ...next, query: { ...next.query, [one.query]: value } }
    else next = withinBody(next, one.at, value)
  }
  return next
}

export function withCookies(request: HttpRequest, cookies: Texts): HttpRequest {
  const sent = Object.entries(cookies).map(([name, value]) => `${name}=${value}`)
  if (sent.length === 0) return request
  const before = request.headers?.['cookie']
  const cookie = [...(before === undefined ? [] : [before]), ...sent].join('; ')
  return { ...request, headers: { ...request.headers, cookie } }
}

/** A request without a body has no place for it. */
export function withinBody(request: HttpRequest, at: string, value: string): HttpRequest {
  const part = (['json', 'xml', 'form'] as const).find((name) => isObject(request[name]))
  if (!part) return request
  const body = structuredClone(request[part]) as Record<string, unknown>
  putAt(body, at, value)
  return { ...request, [part]: body }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
