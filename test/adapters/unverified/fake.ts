/** What the faithful fakes have in common: routes over tables in memory, and nothing of Postern. */

export interface Asked {
  readonly id: string
  /** Second part of the path that has a name: `/groups/:id/members/:other`. */
  readonly other: string
  readonly query: URLSearchParams
  // biome-ignore lint/suspicious/noExplicitAny: bodies of many shapes
  readonly body: any
  readonly headers: Headers
}

type Answer = Response | Promise<Response>
export type Routes = Readonly<Record<string, (asked: Asked) => Answer>>

export interface Fake {
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>
  /** Method and path of every call that may change something. */
  readonly writes: string[]
}

export const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  Response.json(body, { status, headers })
export const nothing = (status = 204, headers: Record<string, string> = {}): Response =>
  new Response(null, { status, headers })

/**
 * @param routes by method and path below the origin; `:id` and `:other` stand for parts
 * @param guard what every call has to pass first; undefined lets it through
 * @param lost what a path answers that is none of them
 */
export function fake(
  routes: Routes,
  guard: (headers: Headers) => Response | undefined,
  lost: () => Response,
): Fake {
  const writes: string[] = []
  const patterns = Object.entries(routes).map(([route, answer]) => {
    const [method = '', path = ''] = route.split(' ')
    const text = path.replaceAll('.', '\\.').replace(/:(\w+)/g, '(?<$1>[^/]+)')
    return { method, pattern: new RegExp(`^${text}$`), answer }
  })
  return {
    writes,
    async fetch(input, init) {
      const url = new URL(input)
      const method = init.method ?? 'GET'
      const headers = new Headers(init.headers)
      const refused = guard(headers)
      if (refused) return refused
      for (const { method: wanted, pattern, answer } of patterns) {
        const match = pattern.exec(url.pathname)
        if (!match || wanted !== method) continue
        if (method !== 'GET') writes.push(`${method} ${url.pathname}`)
        const { id = '', other = '' } = match.groups ?? {}
        const text = typeof init.body === 'string' ? init.body : ''
        return answer({
          id: decodeURIComponent(id),
          other: decodeURIComponent(other),
          query: url.searchParams,
          body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text,
          headers,
        })
      }
      return lost()
    },
  }
}

/** One page; the limit is lowered quietly, as most apps do. */
export function page<T>(
  rows: readonly T[],
  query: URLSearchParams,
  {
    size,
    most,
    first = 1,
    name = 'per_page',
  }: { size: number; most: number; first?: 0 | 1; name?: string },
): T[] {
  const limit = Math.min(Number(query.get(name) ?? size), most)
  const at = (Number(query.get('page') ?? first) - first) * limit
  return rows.slice(at, at + limit)
}

export const same = (a: unknown, b: unknown): boolean =>
  String(a).toLowerCase() === String(b).toLowerCase()
export const within = (whole: unknown, part: string): boolean =>
  String(whole ?? '')
    .toLowerCase()
    .includes(part.toLowerCase())
