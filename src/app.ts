/** The order of things: request id, routes, and what becomes of errors. */
import { type ErrorHandler, Hono, type NotFoundHandler } from 'hono'
import type { Admitted, Freshness } from './access/authenticate.ts'
import { BaseUrlMissing } from './access/base-url.ts'
import { CONNECTION_NAME, type Connection } from './access/connection.ts'
import type { Door } from './access/door.ts'
import { modeOf } from './access/mode.ts'
import type { OAuthDeps } from './access/oauth.ts'
import type { After } from './access/read-at-most.ts'
import { type Refusal, refuseHead } from './access/request-head.ts'
import type { OnCall } from './adapter/app-call.ts'
import { Problem } from './admin/problem.ts'
import { Deadline } from './calls/deadline.ts'
import { DatabaseUnbound } from './db/data-databases.ts'
import { type Database, isStorageError } from './db/database.ts'
import type { Beside } from './db/link-ahead.ts'
import type { AuditBatch } from './govern/audit-batch.ts'
import type { Row } from './govern/hear.ts'
import { Trail } from './govern/trail.ts'
import { operationsIn } from './http/bulk.ts'
import { belowBase, idIn, isWrite, readRequest, type ScimRequest } from './http/request.ts'
import { definitionAt } from './http/resources.ts'
import { type ScimResponse, toErrorResponse, toHttp } from './http/response.ts'
import { handle } from './http/scim.ts'
import { secure } from './http/security-headers.ts'
import { endpointIn, outcomeAtDoor, shownMethod, shownName } from './http/shown-request.ts'
import { answerTokenRequest, refuseTokenRequest } from './http/token-endpoint.ts'
import type { Log } from './log/events.ts'
import { traceOf } from './log/trace-of.ts'
import type { AppTrouble } from './operations/app-trouble.ts'
import type { Io, OpenApp } from './operations/endpoint.ts'
import type { NativeIds } from './operations/native-ids.ts'
import { paused } from './operations/refuse-by-mode.ts'
import { ScimError } from './scim/error.ts'
import type { Answered } from './telemetry/data-point.ts'

export interface AppDeps {
  readonly door: Door
  readonly audit: AuditBatch
  readonly oauth: OAuthDeps
  readonly io: Io
  readonly trouble: AppTrouble
  readonly nativeIds: NativeIds
  readonly openApp: (connection: Connection, deadline: Deadline, onCall: OnCall) => Promise<OpenApp>
  /** The database that holds the data tables of a connection. */
  readonly openData: (connection: Connection) => Database
  /** Public origin of the gateway, without a slash at the end. @throws {BaseUrlMissing} */
  readonly baseUrl: (requestUrl: string) => string
  readonly after: After
  /** Keeps the isolate at work on it though the client has gone. */
  readonly waitUntil: (work: Promise<unknown>) => void
  readonly isHealthy: () => Promise<boolean>
  /** What administrators ask: `/admin` and `/metrics`. */
  readonly manage: () => Promise<Pick<Hono, 'fetch'>>
  /** Whatever the work asks of D1, wherever it is done, is noted in the trail. */
  readonly inTrail: <T>(trail: Trail, work: () => T) => T
  readonly log: Log
  /** Told of each request that was answered, for those who watch. Fails nobody. */
  readonly measure: (line: Answered, trail: Trail, traceparent: string | null) => void
}

export function createApp(deps: AppDeps): Hono {
  const app = new Hono()
  app.use('*', async (c, next) => {
    const refusal = refuseHead(c.req.raw)
    if (refusal) c.res = refuse(deps, c.req.raw, refusal)
    else await next()
    secure(c.res.headers, c.req.url)
  })

  app.onError(failed(deps.log))
  app.get('/healthz', async (c) => {
    const healthy = await deps.isHealthy()
    return c.json({ status: healthy ? 'ok' : 'unavailable' }, healthy ? 200 : 503)
  })
  app.all('/healthz', (c) => c.json({ status: 405 }, 405, { allow: 'GET, HEAD' }))
  for (const path of ['/admin/*', '/metrics']) {
    app.all(path, async (c) => (await deps.manage()).fetch(c.req.raw))
  }
  app.all('/scim/:connection/v2', (c) => scim(deps, c.req.raw, c.req.param('connection'), ''))
  app.all('/scim/:connection/v2/*', (c) => {
    const name = c.req.param('connection')
    return scim(deps, c.req.raw, name, belowBase(c.req.url))
  })
  app.all('/scim/:connection/oauth/token', (c) => token(deps, c.req.raw, c.req.param('connection')))
  // A connection's name is all a client must get right: anything else under it is a wrong base URL.
  app.all('/scim/*', (c) => {
    const name = c.req.path.split('/')[2] ?? ''
    if (CONNECTION_NAME.test(name)) deps.audit.turnedAway(name, 'misdirected')
    const detail = 'The SCIM base URL ends in /scim/{connection}/v2. Check it in the client.'
    return toHttp(toErrorResponse(new ScimError(404, detail)), deps.io.newId())
  })
  app.notFound(notFound)
  return app
}

/** Hono's own handler prints the error, whose message may hold values. */
export function failed(log: Log): ErrorHandler {
  return (error, c) => {
    log({ event: 'failed', ...traceOf(error) })
    return c.json({ status: 500, title: 'Internal Server Error' }, 500)
  }
}

export const notFound: NotFoundHandler = (c) => c.json({ status: 404, title: 'Not Found' }, 404)

/** In the words of the interface that the request is for. */
function refuse(deps: AppDeps, request: Request, { status, detail }: Refusal): Response {
  const id = deps.io.newId()
  const { pathname } = new URL(request.url)
  deps.log({ event: 'refused', request: id, status })
  if (!pathname.startsWith('/scim/')) return new Problem(status, detail).toResponse()
  if (pathname.endsWith('/oauth/token')) return refuseTokenRequest(status, detail, id)
  return toHttp(toErrorResponse(new ScimError(status, detail)), id)
}

function readsOnly(): ScimError {
  return new ScimError(403, 'This token only reads (scope scim:read). Give the client another one.')
}

/** How old a link may be that was read before the body. */
const AHEAD_MS = 1_000

/** @param isBusy the request will be one too many, most likely: no update is noted as begun */
function besideOf(
  method: string,
  path: string,
  request: string,
  isBusy: boolean,
): Beside | undefined {
  const link = idIn(path)
  if (link === undefined) return undefined
  const isUpdate = method === 'PATCH' || method === 'PUT'
  return { link, begins: isUpdate && !isBusy ? request : undefined }
}

async function scim(
  deps: AppDeps,
  request: Request,
  name: string,
  path: string,
): Promise<Response> {
  const id = deps.io.newId()
  const startedAt = deps.io.now()
  const heard: Heard = { trail: new Trail(id, NOBODY, startedAt) }
  const answering = deps.inTrail(heard.trail, () => answer(deps, request, name, path, heard))
  // A client that has hung up must not cut a write in two: the platform would stop it where it is.
  if (request.method !== 'GET' && request.method !== 'HEAD') deps.waitUntil(answering)
  const response = await answering
  const ms = deps.io.now() - startedAt
  const method = shownMethod(request.method)
  const row = keep(deps, heard, name, method, response, ms)
  const { callMs, callsFailed, tripMs } = heard.trail
  const line: Answered = {
    event: 'scim.request',
    request: id,
    connection: shownName(name),
    method,
    endpoint: heard.connection ? endpointIn(heard.connection, path) : '',
    op: row?.op ?? '',
    outcome: row?.outcome ?? outcomeAtDoor(response.status),
    decision: row?.decision ?? '',
    ...{ status: response.status, ms },
    ...{ appCalls: callMs.length, appFailed: callsFailed, appMs: sum(callMs) },
    ...{ d1Trips: tripMs.length, d1Ms: sum(tripMs) },
  }
  deps.log(line)
  // What a stranger has made up names no connection, and would be a series of its own.
  const isKnown = heard.connection !== undefined || deps.audit.knows(name)
  const measured = isKnown ? line : { ...line, connection: '' }
  deps.measure(measured, heard.trail, request.headers.get('traceparent'))
  return toHttp(response, id)
}

/** What becomes known of a request on its way. */
interface Heard {
  readonly trail: Trail
  connection?: Connection
  request?: ScimRequest
  error?: ScimError
}

const NOBODY = { kind: 'token', id: '' } as const

/** For the audit, which no answer waits for. */
function keep(
  { audit }: AppDeps,
  { trail, connection, request, error }: Heard,
  name: string,
  method: string,
  { status, body }: ScimResponse,
  ms: number,
): Row | undefined {
  if (!connection) {
    if (status === 401) audit.turnedAway(name, 'denied')
    return undefined
  }
  const definition = request && definitionAt(connection, request.segments[0] ?? '')
  const answer = { status, ...(body && { body }), error, ms }
  return audit.keep({ connection, trail, definition, request, method, answer })
}

const sum = (all: readonly number[]): number => all.reduce((total, one) => total + one, 0)

async function token(deps: AppDeps, request: Request, name: string): Promise<Response> {
  const id = deps.io.newId()
  const startedAt = deps.io.now()
  let response: Response
  try {
    response = await answerTokenRequest(deps.oauth, deps.door, name, request, id, deps.after)
  } catch (error) {
    deps.log({ event: 'token.failed', request: id, connection: shownName(name), ...traceOf(error) })
    const body = { error: 'temporarily_unavailable', error_description: `request id ${id}` }
    const headers = { 'cache-control': 'no-store', 'x-request-id': id, 'retry-after': '10' }
    response = Response.json(body, { status: 503, headers })
  }
  const { status } = response
  const ms = deps.io.now() - startedAt
  deps.log({ event: 'token.request', request: id, connection: shownName(name), status, ms })
  return response
}

async function admit(
  { door, audit }: AppDeps,
  request: Request,
  name: string,
  freshness: Freshness,
  beside: Beside | undefined,
): Promise<Admitted> {
  try {
    return await door.admit(request, name, freshness, beside)
  } catch (error) {
    const { link, begins } = beside ?? {}
    const isRefused = error instanceof ScimError
    if (!isRefused && link !== undefined && begins)
      audit.neverBegan(name, { request: begins, link })
    throw error
  }
}

async function answer(
  deps: AppDeps,
  request: Request,
  name: string,
  path: string,
  heard: Heard,
): Promise<ScimResponse> {
  const { trail } = heard
  const id = trail.request
  try {
    // Design decision 11: reads may be served from settings up to 5 s old, writes never.
    const freshness: Freshness =
      request.method === 'GET' || request.method === 'HEAD' ? 'recent' : 'fresh'
    const beside = besideOf(request.method, path, id, deps.door.isBusy(name))
    const admitted = await admit(deps, request, name, freshness, beside)
    const { connection, scope, actor } = admitted
    trail.admitted(actor)
    if (beside && admitted.ahead?.hasBegun) trail.begun.add(beside.link)
    heard.connection = connection
    deps.door.count(connection)
    const readFrom = deps.io.now()
    const read = await readRequest(request, path, deps.after)
    heard.request = read
    if (scope === 'scim:read' && isWrite(read)) throw readsOnly()
    deps.door.charge(connection, operationsIn(read))
    const { io } = deps
    const db = deps.openData(connection)
    const { requestTimeoutMs } = connection.policy.limits
    const deadline = new Deadline(io.now, trail.at + requestTimeoutMs, requestTimeoutMs)
    const app = await deps.trouble.opening({ connection, db, io }, () =>
      deps.openApp(connection, deadline, trail.onCall),
    )
    const open = {
      ...{ connection, app, db, io, deadline, nativeIds: deps.nativeIds },
      baseUrl: `${deps.baseUrl(request.url)}/scim/${connection.name}/v2`,
      request: id,
      trail,
      // A body that came slowly finds the link as it is then.
      ahead: deps.io.now() - readFrom > AHEAD_MS ? undefined : admitted.ahead,
    }
    if (modeOf(connection, deps.io.now()) === 'paused') throw paused(connection)
    return await handle(open, read, deps.trouble)
  } catch (error) {
    if (error instanceof ScimError) {
      heard.error = error
      return toErrorResponse(error)
    }
    // Foreign messages hold bound values: the name of the error is all that is logged.
    deps.log({ event: 'scim.failed', request: id, connection: shownName(name), ...traceOf(error) })
    if (error instanceof BaseUrlMissing || error instanceof DatabaseUnbound) {
      return toErrorResponse(new ScimError(503, error.message, { retryAfterSeconds: 60 }))
    }
    const detail = `Postern failed. Tell its operator the request id ${id}; retry later.`
    return toErrorResponse(
      isStorageError(error)
        ? new ScimError(503, detail, { retryAfterSeconds: 10 })
        : new ScimError(500, detail),
    )
  }
}
