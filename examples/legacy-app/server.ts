/**
 * Fernhollow Desk: a small legacy app with a user API of its own and no SCIM. It needs nothing but
 * Node: `node examples/legacy-app/server.ts --help`.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { type Answer, type Desk, ROUTES, routeOf } from './api.ts'
import { Counters, type FailNext, Faults } from './faults.ts'
import { Fault } from './fields.ts'
import { accept, end } from './later.ts'
import { SEED_ACCOUNTS, SEED_TEAMS } from './people.ts'
import { openStore, type State } from './store.ts'

export interface DeskOptions {
  /** 0: any free port. */
  readonly port: number
  readonly host: string
  /** Expected in `X-Desk-Key`. */
  readonly key: string
  /** JSON file that keeps the state; in memory where undefined. */
  readonly stateFile: string | undefined
  /** Begin with the 40 seed people and 3 teams; a state file that exists comes first. */
  readonly seed: boolean
}

const MAX_BODY_BYTES = 1_000_000
/** How long calls under way may take to end once the app is told to. */
const CLOSE_GRACE_MS = 1_000

const SIGN_IN_PAGE = '<!doctype html><title>Fernhollow Desk</title><h1>Sign in</h1>'

function initialState(seed: boolean): State {
  const accounts = seed ? SEED_ACCOUNTS.map((account) => ({ ...account })) : []
  const teams = seed ? SEED_TEAMS.map((team) => ({ ...team, people: [...team.people] })) : []
  const after = (numbers: number[], first: number) => Math.max(first - 1, ...numbers) + 1
  return {
    accounts,
    teams,
    next_account_no: after(
      accounts.map((account) => account.account_no),
      1001,
    ),
    next_team_no: after(
      teams.map((team) => team.team_no),
      11,
    ),
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) throw new Fault(413, 'E_TOO_LARGE', 'The body is too large.')
    chunks.push(chunk)
  }
  if (bytes === 0) return undefined
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw new Fault(400, 'E_SYNTAX', 'The body is not JSON.')
  }
}

function send(response: ServerResponse, { status, body }: Answer, headers = {}): void {
  if (body === undefined) {
    response.writeHead(status, headers).end()
  } else {
    response
      .writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
      .end(`${JSON.stringify(body)}\n`)
  }
}

function fail(response: ServerResponse, failure: FailNext): void {
  switch (failure.how) {
    case 'reset':
      response.socket?.resetAndDestroy()
      return
    case 'hang':
      return
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html' }).end(SIGN_IN_PAGE)
      return
    case 'status': {
      const fault = new Fault(failure.status, 'E_UNWELL', 'Fernhollow Desk is unwell.')
      const headers = failure.retryAfter ? { 'retry-after': failure.retryAfter } : {}
      send(response, { status: fault.status, body: fault.toBody() }, headers)
    }
  }
}

/** Digests are of one length, so the comparison takes the same time for every key. */
function sameKey(given: unknown, key: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return typeof given === 'string' && timingSafeEqual(digest(given), digest(key))
}

async function api(desk: Desk, request: IncomingMessage, response: ServerResponse, url: URL) {
  const { faults, counters, store } = desk
  const method = request.method ?? 'GET'
  const { key, values, handler } = routeOf(method, url.pathname)
  counters.count(method, key)
  const failure = faults.take(key, `${method} ${url.pathname}`)
  const body = await readJson(request)
  await faults.before()
  if (failure?.when === 'before') {
    fail(response, failure)
    return
  }
  const changesBefore = counters.changes
  const answer = handler({ desk, values, query: url.searchParams, body })
  if (counters.changes !== changesBefore) await store.saved()
  // As it is now: another call may change the same row while this answer waits.
  const text = structuredClone(answer)
  await faults.after()
  if (failure) fail(response, failure)
  else send(response, text)
}

async function control({ store, faults, counters }: Desk, request: IncomingMessage, url: URL) {
  const what = `${request.method} ${url.pathname}`
  if (what === 'GET /control/stats') {
    return { status: 200, body: { ...store.counts, ...counters.toJSON() } }
  }
  if (what === 'GET /control/accounts') return { status: 200, body: store.toState().accounts }
  if (what === 'GET /control/teams') return { status: 200, body: store.toState().teams }
  if (what === 'GET /control/faults') return { status: 200, body: faults.settings }
  if (what === 'DELETE /control/faults') {
    faults.reset()
    return { status: 200, body: faults.settings }
  }
  if (what === 'POST /control/faults') {
    const wrong = faults.set(await readJson(request))
    if (wrong !== undefined) throw new Fault(422, 'E_INVALID', wrong)
    return { status: 200, body: faults.settings }
  }
  if (what === 'GET /control/invitations') return { status: 200, body: store.invitations }
  const [, no, verb] = /^POST \/control\/invitations\/(\d{1,9})\/(accept|expire)$/.exec(what) ?? []
  if (verb === 'accept') return saved(store, accept(store, Number(no)))
  if (verb === 'expire') return saved(store, end(store, Number(no), 'expired'))
  throw new Fault(404, 'E_ROUTE', 'There is nothing at this address.')
}

/** What people do in the app itself outlives it, as their calls do. */
async function saved(store: Desk['store'], body: unknown): Promise<Answer> {
  await store.saved()
  return { status: 200, body }
}

const LOOPBACK: readonly (string | undefined)[] = ['127.0.0.1', '::1', '::ffff:127.0.0.1']

async function answer(
  desk: Desk,
  key: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://desk.invalid')
  if (url.pathname.startsWith('/control/')) {
    if (!LOOPBACK.includes(request.socket.remoteAddress)) {
      throw new Fault(403, 'E_CONTROL', 'Faults are set from this machine only.')
    }
    send(response, await control(desk, request, url))
  } else if (!sameKey(request.headers['x-desk-key'], key)) {
    throw new Fault(401, 'E_KEY', 'X-Desk-Key is missing or wrong.')
  } else {
    await api(desk, request, response, url)
  }
}

export interface RunningDesk {
  readonly url: string
  close(): Promise<void>
}

/** Resolves once the app listens. */
export async function startDesk(options: DeskOptions): Promise<RunningDesk> {
  const store = await openStore(options.stateFile, initialState(options.seed))
  const desk: Desk = { store, faults: new Faults(), counters: new Counters() }
  const server = createServer((request, response) => {
    answer(desk, options.key, request, response).catch((error: unknown) => {
      const fault =
        error instanceof Fault ? error : new Fault(500, 'E_INTERNAL', 'Something went wrong.')
      if (fault !== error && !response.destroyed) console.error(error)
      if (!response.headersSent) send(response, { status: fault.status, body: fault.toBody() })
    })
  })
  // Longer than a client keeps a connection: an idle one that closes under a call looks like a
  // lost answer.
  server.keepAliveTimeout = 75_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, resolve)
  })
  const { address, family, port } = server.address() as AddressInfo
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    close: () => close(server).then(() => store.saved()),
  }
}

function close(server: Server): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS)
  return new Promise((resolve) => {
    server.close(() => {
      clearTimeout(cut)
      resolve()
    })
  })
}

const HELP = `node examples/legacy-app/server.ts [options]

  --port N       (PORT)        0 or absent: any free port
  --host HOST    (HOST)        127.0.0.1
  --key KEY      (DESK_KEY)    API key for X-Desk-Key; absent: made up and printed
  --state FILE   (DESK_STATE)  keep accounts and teams in this file; absent: in memory
  --no-seed      (DESK_SEED=0) begin without the 40 people and 3 teams

Calls: ${Object.keys(ROUTES).join('\n       ')}`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: process.env['PORT'] ?? '0' },
      host: { type: 'string', default: process.env['HOST'] ?? '127.0.0.1' },
      key: { type: 'string', default: process.env['DESK_KEY'] ?? '' },
      state: { type: 'string', default: process.env['DESK_STATE'] ?? '' },
      seed: { type: 'boolean', default: process.env['DESK_SEED'] !== '0' },
      help: { type: 'boolean', default: false },
    },
    allowNegative: true,
  })
  if (values.help) {
    console.log(HELP)
    return
  }
  const key = values.key || randomBytes(18).toString('base64url')
  const { url, close } = await startDesk({
    port: Number(values.port),
    host: values.host,
    key,
    stateFile: values.state || undefined,
    seed: values.seed,
  })
  const end = () => {
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error)
        process.exit(1)
      },
    )
  }
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
  const made = values.key ? {} : { key }
  console.log(JSON.stringify({ listening: true, url, pid: process.pid, ...made }))
}

if (import.meta.main) await main()
