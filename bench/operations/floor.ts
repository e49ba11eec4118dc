/**
 * What no gateway can be faster than: a bare Worker that makes the calls and the trips of a request
 * and nothing else. `POST /` with a `Plan`: the first trip runs beside the first call where that reads, the
 * last one that writes after the last call, and the others between.
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
    const ask = async (asked: Plan['calls'][number]) => {
      const response = await fetch(asked.url, init(asked, env))
      last = JSON.parse((await response.text()) || '{}')
    }
    // A read of the app needs not wait; what is noted before a write must be there, and a commit is after it.
    const [first, ...further] = calls
    const isBeside = first?.method === 'GET'
    await Promise.all([isBeside ? ask(first) : undefined, trips.shift()?.()])
    const commit = writes > 0 ? trips.pop() : undefined
    for (const trip of trips) await trip()
    for (const call of isBeside ? further : calls) await ask(call)
    await commit?.()
    return Response.json(last)
  },
}

function init({ method, body }: Plan['calls'][number], env: Bindings): RequestInit {
  const headers = { 'x-desk-key': env.APP_KEY, 'content-type': 'application/json' }
  return { method, headers, ...(body !== '' && { body }) }
}
