/**
 * Replays one recorded exchange against a SCIM base URL. The format is explained in the
 * `conventions` block of entra-cases.json. Knows HTTP only, so that it runs against any gateway.
 */

// biome-ignore lint/suspicious/noExplicitAny: recorded bodies have many shapes
type Any = any

export interface CaseRequest {
  method: string
  path: string
  headers?: Record<string, string | null>
  body?: unknown
  rawBody?: string
}

interface Check {
  path: string
  contains?: unknown
  absent?: string[]
  lengths?: Record<string, number>
  status?: number
}

interface Expect {
  status?: number | number[]
  bodyContains?: unknown
  bodyAbsent?: string[]
  lengths?: Record<string, number>
  headers?: Record<string, string | null>
  resourceAfter?: Check | Check[]
}

export interface Case {
  id: string
  title: string
  profile: 'any' | 'entra' | 'strict'
  executable: boolean
  requires?: string[]
  as?: string
  setup: {
    as?: string
    repeat?: number
    create?: { resourceType: string; resource: unknown }
    request?: CaseRequest
    expectStatus?: number
  }[]
  request: CaseRequest
  expect: Expect
  then?: { as?: string; request: CaseRequest; expect: Expect }[]
}

export interface Target {
  readonly baseUrl: string
  readonly token: string
  readonly badToken: string
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
}

interface Reply {
  status: number
  headers: Headers
  body: Any
}

/** Resolves to everything that differs from what the case expects; to nothing where it passes. */
export async function runCase(recorded: Case, target: Target): Promise<string[]> {
  const seen = new Map<string, { id: string; version: string }>()
  const faults: string[] = []

  const fill = (text: string, n = 0): string =>
    text.replace(/\{\{([^}]+)\}\}/g, (whole, name: string) => {
      if (name === 'n') return String(n)
      if (name === 'token') return target.token
      if (name === 'badToken') return target.badToken
      const [as = '', part] = name.split('.')
      const known = seen.get(as)
      if (part === 'id') return known?.id ?? whole
      return part === 'version' ? (known?.version ?? whole) : whole
    })
  const fillAll = (value: unknown, n = 0): Any =>
    value === undefined ? undefined : JSON.parse(fillText(JSON.stringify(value), n))
  const fillText = (json: string, n: number): string =>
    // Values land inside JSON strings; a version holds quotes.
    json.replace(/\{\{[^}]+\}\}/g, (hole) => {
      const filled = fill(hole, n)
      return filled === hole ? hole : JSON.stringify(filled).slice(1, -1)
    })

  async function send(request: CaseRequest, n = 0): Promise<Reply> {
    const body =
      request.rawBody ??
      (request.body === undefined ? undefined : JSON.stringify(fillAll(request.body, n)))
    const headers = new Headers({ Authorization: `Bearer ${target.token}` })
    if (body !== undefined) headers.set('Content-Type', 'application/scim+json; charset=utf-8')
    for (const [name, value] of Object.entries(request.headers ?? {})) {
      if (value === null) headers.delete(name)
      else headers.set(name, fill(value, n))
    }
    const response = await target.fetch(target.baseUrl + fill(request.path, n), {
      method: request.method,
      headers,
      ...(body !== undefined && { body }),
    })
    const text = await response.text()
    let parsed: Any = {}
    try {
      if (text !== '') parsed = JSON.parse(text)
    } catch {
      faults.push(`${request.method} ${request.path} answered with something that is not JSON`)
    }
    return { status: response.status, headers: response.headers, body: parsed }
  }

  const remember = (as: string | undefined, reply: Reply): void => {
    const { id, meta } = reply.body
    if (as && id) seen.set(as, { id, version: meta?.version ?? reply.headers.get('etag') ?? '' })
  }

  async function check(at: string, expect: Expect, reply: Reply): Promise<void> {
    const allowed = [expect.status ?? reply.status].flat()
    if (!allowed.includes(reply.status)) {
      faults.push(
        `${at}: status ${reply.status}, not ${allowed.join('|')}: ${JSON.stringify(reply.body).slice(0, 300)}`,
      )
      return
    }
    for (const [name, wanted] of Object.entries(expect.headers ?? {})) {
      const value = reply.headers.get(name)
      const fits =
        wanted === null
          ? value === null
          : wanted === '{{any}}'
            ? value !== null
            : value?.toLowerCase().startsWith(wanted.toLowerCase())
      if (!fits) faults.push(`${at}: header ${name} is ${value}, not ${wanted}`)
    }
    if (reply.status !== 204)
      checkBody(at, reply.body, expect.bodyContains, expect.bodyAbsent, expect.lengths)
    for (const after of [expect.resourceAfter ?? []].flat()) {
      const read = await send({ method: 'GET', path: after.path })
      const where = `${at}, then GET ${after.path}`
      if (read.status !== (after.status ?? 200)) {
        faults.push(`${where}: status ${read.status}: ${JSON.stringify(read.body).slice(0, 300)}`)
      } else checkBody(where, read.body, after.contains, after.absent, after.lengths)
    }
  }

  function checkBody(
    at: string,
    body: Any,
    contains: unknown,
    absent: string[] = [],
    lengths: Record<string, number> = {},
  ): void {
    const wanted = fillAll(contains)
    if (wanted !== undefined && !subset(wanted, body)) {
      faults.push(`${at}: ${JSON.stringify(body)} lacks ${JSON.stringify(wanted)}`)
    }
    for (const pointer of absent) {
      const found = pointed(body, pointer)
      const empty = found === undefined || found === null || Object.keys(Object(found)).length === 0
      if (!empty || typeof found === 'number')
        faults.push(`${at}: ${pointer} is there: ${JSON.stringify(found)}`)
    }
    for (const [pointer, length] of Object.entries(lengths)) {
      const found = pointed(body, pointer)?.length ?? 0
      if (found !== length) faults.push(`${at}: ${pointer} has ${found} elements, not ${length}`)
    }
  }

  for (const step of recorded.setup) {
    for (let n = 1; n <= (step.repeat ?? 1); n++) {
      const request = step.request ?? {
        method: 'POST',
        path: `/${step.create?.resourceType}s`,
        body: step.create?.resource,
      }
      const reply = await send(request, n)
      const wanted = step.request ? (step.expectStatus ?? 200) : 201
      if (reply.status !== wanted) {
        return [
          `setup: ${request.method} ${request.path}: status ${reply.status}: ${JSON.stringify(reply.body)}`,
        ]
      }
      remember(step.as, reply)
    }
  }
  const reply = await send(recorded.request)
  remember(recorded.as, reply)
  await check(`${recorded.request.method} ${recorded.request.path}`, recorded.expect, reply)
  for (const step of recorded.then ?? []) {
    const next = await send(step.request)
    remember(step.as, next)
    await check(`then ${step.request.method} ${step.request.path}`, step.expect, next)
  }
  return faults
}

/** Array elements may match in any order; each element of the body is used once. */
function subset(wanted: Any, found: Any): boolean {
  if (wanted === '{{any}}') return found !== undefined
  if (wanted === '{{string}}') return typeof found === 'string' && found !== ''
  if (wanted === '{{datetime}}')
    return typeof found === 'string' && !Number.isNaN(Date.parse(found))
  if (Array.isArray(wanted)) {
    if (!Array.isArray(found)) return false
    const left = [...found]
    return wanted.every((part) => {
      const at = left.findIndex((candidate) => subset(part, candidate))
      if (at >= 0) left.splice(at, 1)
      return at >= 0
    })
  }
  if (typeof wanted === 'object' && wanted !== null) {
    if (typeof found !== 'object' || found === null) return false
    return Object.entries(wanted).every(([name, part]) => subset(part, found[name]))
  }
  return wanted === found
}

/** RFC 6901. */
function pointed(body: Any, pointer: string): Any {
  let value = body
  for (const part of pointer.split('/').slice(1)) {
    value = value?.[part.replaceAll('~1', '/').replaceAll('~0', '~')]
  }
  return value
}
