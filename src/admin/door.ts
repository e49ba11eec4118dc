/** The door of the admin API: who is there, may they, and what is written down of it. */

import type { Context, Handler, Hono, MiddlewareHandler } from 'hono'
import { type Administrator, isTheirs, type Need, refusalOf } from '../access/administrator.ts'
import { BEARER_CHALLENGE } from '../access/authenticate.ts'
import { LIMITED_BURST, LIMITED_PER_SECOND, RATES_REMEMBERED } from '../access/limits.ts'
import type { SignedIn, SignIn } from '../access/sign-in.ts'
import { type Rate, TokenBuckets } from '../access/token-bucket.ts'
import { Connections } from '../db/connections.ts'
import type { Log } from '../log/events.ts'
import { noConnection } from './connections.ts'
import { type AdminPath, type MethodOf, PERMISSIONS } from './permissions.ts'
import { Problem } from './problem.ts'

/** Of administrators who are limited to some connections. */
const LIMITED: Rate = { perSecond: LIMITED_PER_SECOND, burst: LIMITED_BURST }

export interface DoorDeps {
  readonly db: D1Database
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly signIn: SignIn
  readonly newId: () => string
  readonly log: Log
}

/** What is known of a request behind the door. */
interface Entered {
  readonly request: string
  administrator?: Administrator
  /** Of the table of permissions. */
  path?: AdminPath
  /** True: the answer does not say so, the log does. */
  isConcealed?: boolean
  mayEnter?: (connection: string) => Promise<boolean>
}

type DoorContext = Context<{ Variables: { entered: Entered } }>

const entered = (c: DoorContext): Entered => c.get('entered')

/** Who asks; for what is stored of a decision. */
export function administratorOf(c: Context): Administrator {
  const { administrator } = entered(c)
  if (!administrator) throw new Error('nobody has come in by the door')
  return administrator
}

/** The id under which the log has this request. */
export function requestOf(c: Context): string {
  return entered(c).request
}

/** Every change, and every refusal, leaves a line: who, which route, what came of it. No value. */
export function keepRecord({ newId, log }: DoorDeps): MiddlewareHandler {
  return async (c: DoorContext, next) => {
    const request = newId()
    c.set('entered', { request })
    await next()
    const { administrator, path, isConcealed = false } = entered(c)
    const { status } = c.res
    c.header('x-request-id', request)
    // Answers hold tokens, and names of people.
    c.header('cache-control', 'no-store')
    const { method } = c.req
    const isRead = method === 'GET' || method === 'HEAD'
    // Who looks for a connection that is not theirs is told 404, and is of interest all the same.
    const isRefused = isConcealed || [401, 403, 429].includes(status)
    if (isRead && !isRefused) return
    const who = administrator?.id ?? ''
    log({ event: 'admin.request', request, administrator: who, method, route: path ?? '', status })
  }
}

/** @throws {Problem} 401, 403, 429 or 503: nobody passes without a name */
export function signInAtDoor({ db, signIn, now }: DoorDeps): MiddlewareHandler {
  const connections = new Connections(db)
  const rates = new TokenBuckets(RATES_REMEMBERED)
  return async (c: DoorContext, next) => {
    const signedIn = await signIn.identify(c.req.raw)
    if (signedIn.kind !== 'in') throw refusal(signedIn)
    const { administrator } = signedIn
    Object.assign(entered(c), {
      administrator,
      mayEnter: async (name: string) => {
        if (administrator.connections === null) return true
        const [found] = await connections.known({ names: [name] })
        return found !== undefined && isTheirs(administrator, found.id)
      },
    })
    // They may be hostile, and D1 is everybody's.
    const waitMs = administrator.connections ? rates.take(administrator.id, LIMITED, now()) : 0
    if (waitMs > 0) throw tooOften(waitMs)
    await next()
  }
}

const guarded = new WeakSet<object>()

/** `handler`, for those whom the table of permissions lets in. */
export function guard<P extends AdminPath>(
  path: P,
  method: MethodOf<P>,
  handler: Handler,
): Handler {
  // The one place where the table is read to decide.
  const need = (PERMISSIONS[path] as Readonly<Record<string, Need>>)[method]
  if (!need) throw new Error(`nobody has said who may ${method} ${path}`)
  const guardedHandler: Handler = async (c: DoorContext, next) => {
    const here = entered(c)
    here.path = path
    // By the role first: the answer is then the same for every connection, there or not.
    const refused = refusalOf(administratorOf(c), need)
    if (refused) throw notAllowed(refused, need)
    if (path.startsWith('/connections/:name')) {
      here.isConcealed = !(await here.mayEnter?.(c.req.param('name') ?? ''))
      if (here.isConcealed) throw noConnection()
    }
    return handler(c, next)
  }
  guarded.add(guardedHandler)
  return guardedHandler
}

/** @throws where a route was added past `guard`: nobody would ask whether somebody may */
export function refuseUnguarded(api: Hono): void {
  const open = api.routes.find(({ method, handler }) => method !== 'ALL' && !guarded.has(handler))
  if (open) throw new Error(`${open.method} ${open.path} is not guarded: add it by route()`)
}

function refusal(signedIn: Exclude<SignedIn, { kind: 'in' }>): Problem {
  switch (signedIn.kind) {
    case 'refused':
      return new Problem(401, 'The admin token is missing or wrong', {
        headers: { 'www-authenticate': BEARER_CHALLENGE },
      })
    case 'stranger':
      return new Problem(
        403,
        'Cloudflare Access knows you, and you are no administrator here: an owner can add you by the ' +
          'name that Access has for you (postern administrators new)',
      )
    case 'other-site':
      return new Problem(403, 'A page of another site has sent this: nothing was done')
    case 'unavailable':
      return new Problem(503, 'The keys of Cloudflare Access cannot be read now: try again', {
        headers: { 'retry-after': '10' },
      })
    case 'wait':
      return new Problem(
        429,
        `Too many sign-ins from your address have failed: wait for ${signedIn.seconds} seconds`,
        { headers: { 'retry-after': String(signedIn.seconds) } },
      )
  }
}

function tooOften(waitMs: number): Problem {
  return new Problem(
    429,
    `An administrator who is limited to some connections may send ${LIMITED_PER_SECOND} requests a ` +
      'second: send fewer',
    { headers: { 'retry-after': String(Math.ceil(waitMs / 1000)) } },
  )
}

function notAllowed(refused: 'role' | 'limited', { role, of }: Need): Problem {
  const which = of === 'all' ? ', not limited to some connections' : ''
  return new Problem(
    403,
    refused === 'role'
      ? `This needs the role "${role}"${which}. An owner can give it to you.`
      : 'This reaches across connections, and you are limited to some. An owner has to do it, or to ' +
          'lift the limit.',
  )
}
