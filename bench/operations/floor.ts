/**
 * What no gateway can be faster than: a bare Worker that makes the calls and the trips of a request
 * and nothing else. `POST /` with a `Plan`; the first trip runs beside the first call.
 */
export interface Plan {
  readonly calls: readonly {
    readonly method: string
    readonly url: string
    readonly body: string
  }[]
  /** Round trips to D1 that read one row, and that write one. */
  readonly reads: number
  readonly writes: number
}

interface Bindings {
  readonly DB: D1Database
  readonly APP_KEY: string
}

let made: Promise<unknown> | undefined
const TABLE = 'CREATE TABLE IF NOT EXISTS floor (id TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID'
const READ = 'SELECT id, value FROM floor WHERE id = ?'
const WRITE = 'INSERT INTO floor (id, value) VALUES (?, ?)'

export default {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    made ??= env.DB.prepare(TABLE).run()
    await made
    const { calls, reads, writes } = await request.json<Plan>()
    const trips = [
      ...Array.from({ length: reads }, () => () => env.DB.prepare(READ).bind('nobody').all()),
      ...Array.from({ length: writes }, () => () => {
        const id = crypto.randomUUID()
        return env.DB.prepare(WRITE).bind(id, 'somebody').run()
      }),
    ]
    let last: unknown = {}
    for (let n = 0; n < Math.max(calls.length, trips.length); n++) {
      const call = calls[n]
      const [answer] = await Promise.all([
        call && fetch(call.url, init(call, env)).then((response) => response.text()),
        trips[n]?.(),
      ])
      if (answer) last = JSON.parse(answer)
    }
    return Response.json(last)
  },
}

function init({ method, body }: Plan['calls'][number], env: Bindings): RequestInit {
  const headers = { 'x-desk-key': env.APP_KEY, 'content-type': 'application/json' }
  return { method, headers, ...(body !== '' && { body }) }
}
