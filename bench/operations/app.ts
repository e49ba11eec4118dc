/**
 * The example app's own code in a process of its own, in memory, as fast as Node lets it be: `node
 * bench/operations/app.ts PEOPLE`. Under `/bench` it says what was asked of it, and waits on request.
 */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { type Answer, routeOf } from '../../examples/legacy-app/api.ts'
import { Counters, Faults } from '../../examples/legacy-app/faults.ts'
import { Fault } from '../../examples/legacy-app/fields.ts'
import { type Account, Store } from '../../examples/legacy-app/store.ts'
import { GROUP_SIZES, GROUPS_OF_A_SIZE, loginOf, titleOf } from './estate.ts'

export interface Asked {
  readonly method: string
  /** From the root of the app. */
  readonly url: string
  readonly body: string
}

/** Nothing at the root of an account that would make one heavier than a real one. */
const PLAIN = { mail: null, job_title: null, org_unit: null, phone: null, role: 'staff' } as const

function fill(people: number): Store {
  const accounts: Account[] = Array.from({ length: people }, (_, n) => ({
    account_no: 1001 + n,
    login: loginOf(n),
    first_name: 'Robin',
    last_name: `Person ${n}`,
    ...PLAIN,
    state: 'enabled',
    created_on: '2026-01-01T00:00:00.000Z',
    updated_on: '2026-01-01T00:00:00.000Z',
  }))
  const largest = Math.max(...GROUP_SIZES)
  const store = new Store(
    { accounts, teams: [], next_account_no: 1001 + people, next_team_no: 11 },
    undefined,
  )
  // Numbers of nobody: the size counts, and so many accounts would take minutes to match.
  const strangers = Array.from({ length: largest }, (_, n) => 100_000_001 + n)
  for (const size of GROUP_SIZES) {
    for (let n = 0; n < GROUPS_OF_A_SIZE; n++) {
      const team = store.createTeam({ title: titleOf(size, n), note: null })
      for (const no of strangers.slice(0, size)) team.people.add(no)
    }
  }
  return store
}

async function textOf(request: IncomingMessage): Promise<string> {
  if (request.method === 'GET') return ''
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function serve(people: number): void {
  const desk = { store: fill(people), faults: new Faults(), counters: new Counters() }
  let delayMs = 0
  let calls = 0
  let asked: Asked[] | undefined

  const answer = (method: string, url: string, body: string): Answer => {
    const { pathname, searchParams } = new URL(url, 'http://app.invalid')
    try {
      const { values, handler } = routeOf(method, pathname)
      const given = body === '' ? undefined : JSON.parse(body)
      return handler({ desk, values, query: searchParams, body: given })
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      return { status: error.status, body: error.toBody() }
    }
  }
  const bench = (url: URL): Answer => {
    const body = { calls, asked: asked ?? [] }
    delayMs = Number(url.searchParams.get('delay') ?? delayMs)
    const note = url.searchParams.get('note')
    if (note !== null) asked = note === '' ? undefined : []
    return { status: 200, body }
  }

  const server = createServer(async (request, response) => {
    const method = request.method ?? 'GET'
    const url = request.url ?? '/'
    const body = await textOf(request)
    const own = url.startsWith('/bench')
    if (!own) {
      calls += 1
      asked?.push({ method, url, body })
      if (delayMs > 0) await wait(delayMs)
    }
    const said = own ? bench(new URL(url, 'http://app.invalid')) : answer(method, url, body)
    response.writeHead(said.status, { 'content-type': 'application/json' })
    response.end(said.body === undefined ? undefined : JSON.stringify(said.body))
  })
  server.keepAliveTimeout = 75_000
  server.listen(0, '127.0.0.1', () => {
    console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }))
  })
  process.once('SIGTERM', () => process.exit(0))
}

serve(Number(process.argv[2]))
