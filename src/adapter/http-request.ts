/** A request as it is sent: below the app's own address, and nothing in it that could leave there. */
import { AdapterFailure } from './failure.ts'
import type { HttpRequest, Query } from './http.ts'
import { leavesItsPlace } from './path-part.ts'

/** RFC 3986 §3.3: `pchar`. What a part that `encodeURIComponent` made consists of, and more. */
const PATH = /^(?:\/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})*)+$/

/** @throws {AdapterFailure} `protocol`, effect `none` */
export function urlBelow(base: URL, { path, query }: HttpRequest): string {
  // `URL` itself resolves dots away: a native id of `..` must not reach the collection.
  if (!PATH.test(path) || path.split('/').some(leavesItsPlace)) {
    throw new AdapterFailure('protocol', 'a path is not below the app', { effect: 'none' })
  }
  const url = new URL(base.pathname.replace(/\/$/, '') + path, base.origin)
  for (const [name, value] of pairsOf(query)) url.searchParams.append(name, value)
  if (url.origin !== base.origin) {
    throw new AdapterFailure('protocol', 'a path is not below the app', { effect: 'none' })
  }
  return url.href
}

function pairsOf(query: Query = {}): [string, string][] {
  return Object.entries(query).flatMap(([name, value]) =>
    [value]
      .flat()
      .flatMap((one): [string, string][] => (one === undefined ? [] : [[name, String(one)]])),
  )
}

/** @throws {AdapterFailure} `auth`, effect `none` */
export function headersOf(
  request: HttpRequest,
  credential: Readonly<Record<string, string>>,
): Headers {
  const accept = request.answers === 'xml' ? 'application/xml, text/xml' : 'application/json'
  const headers = new Headers({ accept, 'user-agent': 'postern' })
  if (request.json !== undefined) headers.set('content-type', 'application/json')
  if (request.form !== undefined) headers.set('content-type', 'application/x-www-form-urlencoded')
  if (request.xml !== undefined) headers.set('content-type', 'application/xml; charset=utf-8')
  try {
    for (const [name, value] of Object.entries({ ...credential, ...request.headers })) {
      headers.set(name, value)
    }
  } catch {
    throw new AdapterFailure('auth', 'a header cannot be sent: it holds a forbidden character', {
      effect: 'none',
    })
  }
  return headers
}

export async function bodyOf({ json, form, xml }: HttpRequest): Promise<string | null> {
  // Loaded when the first app wants it: most speak JSON.
  if (xml !== undefined) return (await import('./xml.ts')).writeXml(xml)
  if (form !== undefined) return new URLSearchParams(pairsOf(form)).toString()
  return json === undefined ? null : JSON.stringify(json)
}
