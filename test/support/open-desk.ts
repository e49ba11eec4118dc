/** The example app's own code, in this isolate: what `fetch` reaches in tests of the worker. */
import { type Answer, type Desk, routeOf } from '../../examples/legacy-app/api.ts'
import { Counters, type FailNext, Faults } from '../../examples/legacy-app/faults.ts'
import { Fault } from '../../examples/legacy-app/fields.ts'
import { SEED_ACCOUNTS, SEED_TEAMS } from '../../examples/legacy-app/people.ts'
import { Store } from '../../examples/legacy-app/store.ts'

export const DESK_URL = 'http://desk.test'
export const DESK_KEY = 'desk-key'

export interface TestDesk extends Desk {
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>
  /** The next call that matches fails so: `reset` loses the connection. */
  readonly failNext: (failure: Pick<FailNext, 'match'> & Partial<FailNext>) => void
}

export function openDesk(options: { readonly seed?: boolean } = {}): TestDesk {
  const seed = options.seed ?? false
  const state = {
    accounts: seed ? SEED_ACCOUNTS.map((account) => ({ ...account })) : [],
    teams: seed ? SEED_TEAMS.map((team) => ({ ...team, people: [...team.people] })) : [],
    next_account_no: 2001,
    next_team_no: 101,
  }
  const desk = {
    store: new Store(state, undefined),
    faults: new Faults(),
    counters: new Counters(),
  }
  const fetch = async (input: string, init: RequestInit): Promise<Response> => {
    const { pathname, searchParams } = new URL(input)
    const method = init.method ?? 'GET'
    const failure = desk.faults.take(routeOf(method, pathname).key, `${method} ${pathname}`)
    if (failure?.when === 'before') return fail(failure)
    const { status, body } = answer(desk, method, pathname, searchParams, init)
    if (failure) return fail(failure)
    return new Response(body === undefined ? null : JSON.stringify(body), { status })
  }
  return { ...desk, fetch, failNext: (failure) => void desk.faults.set({ failNext: failure }) }
}

function fail({ how, status, retryAfter }: FailNext): Response {
  const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter }
  if (how === 'status') {
    return Response.json({ fault: { code: 'E_DOWN', text: '' } }, { status, headers })
  }
  throw new TypeError('the connection was lost')
}

function answer(
  desk: Desk,
  method: string,
  pathname: string,
  query: URLSearchParams,
  init: RequestInit,
): Answer {
  try {
    if (new Headers(init.headers).get('x-desk-key') !== DESK_KEY) {
      throw new Fault(401, 'E_KEY', 'X-Desk-Key is missing or wrong.')
    }
    const { key, values, handler } = routeOf(method, pathname)
    desk.counters.count(method, key)
    const body = typeof init.body === 'string' ? JSON.parse(init.body) : undefined
    return structuredClone(handler({ desk, values, query, body }))
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { status: error.status, body: error.toBody() }
  }
}
