/** `/admin/api`: routes to functions, problem+json, and who may come in. */
import { type Context, type Handler, Hono } from 'hono'
import { BaseUrlMissing } from '../access/base-url.ts'
import type { After } from '../access/read-at-most.ts'
import { SealError } from '../access/seal.ts'
import { SecretUnavailable } from '../access/worker-secret.ts'
import { AdapterFailure } from '../adapter/failure.ts'
import { DatabaseUnbound } from '../db/data-databases.ts'
import { isStorageError } from '../db/database.ts'
import { actorOf } from './actor.ts'
import { limitBody, readJson } from './body.ts'
import {
  type ConnectionDeps,
  createConnection,
  listConnections,
  offboardConnection,
  readVersion,
} from './connections.ts'
import {
  administratorOf,
  type DoorDeps,
  guard,
  keepRecord,
  refuseUnguarded,
  requestOf,
  signInAtDoor,
} from './door.ts'
import { notesModes } from './note-mode.ts'
import { patchConnection } from './patch-connection.ts'
import type { AdminPath, MethodOf } from './permissions.ts'
import type { PlacementDeps } from './placement.ts'
import { preconditionOf } from './precondition.ts'
import { Problem } from './problem.ts'
import { createToken, listTokens, removeToken } from './tokens.ts'

export interface AdminDeps extends ConnectionDeps, DoorDeps, PlacementDeps {
  readonly after: After
  /** Public origin of the gateway, without a slash at the end. @throws {BaseUrlMissing} */
  readonly baseUrl: (requestUrl: string) => string
  /** Told of each accident that became a 500. Drizzle's messages hold values: log no message. */
  readonly report: (error: unknown, request: string) => void
}

const STORAGE_FAILED =
  'D1 failed, and nothing is wrong with the request. Retry in a minute. If it stays, postern doctor says ' +
  'whether every migration is applied and how full each database is'

/**
 * To be mounted with `app.route('/admin/api', adminApi(deps))`. `more` adds routes of other parts of
 * the gateway behind the same door; what they throw ends here as well.
 */
export function adminApi(deps: AdminDeps, more: (api: Hono) => void = () => {}): Hono {
  const api = new Hono()

  api.onError((error, c) => {
    if (error instanceof Problem) return error.toResponse()
    // Its message is ours, and names no value.
    if (error instanceof AdapterFailure) return new Problem(503, error.message).toResponse()
    deps.report(error, requestOf(c))
    if (error instanceof BaseUrlMissing) return new Problem(503, error.message).toResponse()
    // Our own words, and only the operator can act on them.
    if (error instanceof SealError) {
      return new Problem(error.passes ? 503 : 500, error.message).toResponse()
    }
    if (error instanceof DatabaseUnbound) return new Problem(503, error.message).toResponse()
    if (isStorageError(error)) return new Problem(503, STORAGE_FAILED).toResponse()
    if (error instanceof SecretUnavailable) return new Problem(503, error.message).toResponse()
    return new Problem(500, 'The request failed for a reason that is not yours').toResponse()
  })

  api.use('*', keepRecord(deps))
  api.use('*', signInAtDoor(deps))
  // Before anything is done: what is made is answered with its address.
  api.use('*', async (c, next) => {
    deps.baseUrl(c.req.url)
    await next()
  })
  api.use('*', limitBody(deps.after))

  const base = (c: Context) => deps.baseUrl(c.req.url)

  route(api, '/connections', {
    GET: async (c) =>
      c.json(await listConnections(c.req.query('cursor'), base(c), deps, administratorOf(c))),
    POST: async (c) => {
      const created = await createConnection(await readJson(c), base(c), deps)
      c.header('location', `${base(c)}/admin/api/connections/${created.name}`)
      return c.json(created, 201)
    },
  })

  route(api, '/connections/:name', {
    GET: async (c) => {
      const { view, tag } = await readVersion(param(c, 'name'), base(c), deps)
      c.header('etag', tag)
      return c.json(view)
    },
    PATCH: async (c) =>
      c.json(
        await patchConnection(
          param(c, 'name'),
          await readJson(c),
          base(c),
          deps,
          administratorOf(c),
          {
            actor: actorOf(c),
            notesModes: notesModes(deps.data, { actor: actorOf(c), request: requestOf(c) }),
            isMet: preconditionOf(c),
          },
        ),
      ),
    DELETE: async (c) => {
      const name = param(c, 'name')
      await offboardConnection(name, deps)
      const detail =
        'Its tokens are refused from now on; reads may still be answered for up to 5 seconds. ' +
        'Its data is being erased.'
      return c.json({ name, state: 'offboarding', detail }, 202)
    },
  })

  route(api, '/connections/:name/tokens', {
    GET: async (c) => c.json(await listTokens(param(c, 'name'), c.req.query('cursor'), deps)),
    POST: async (c) => {
      const name = param(c, 'name')
      const created = await createToken(name, await readJson(c, {}), deps)
      c.header('location', `${base(c)}/admin/api/connections/${name}/tokens/${created.id}`)
      return c.json(created, 201)
    },
  })

  route(api, '/connections/:name/tokens/:id', {
    DELETE: async (c) => {
      await removeToken(param(c, 'name'), param(c, 'id'), deps)
      return c.body(null, 204)
    },
  })

  more(api)
  refuseUnguarded(api)
  api.all('*', () => {
    throw new Problem(404, 'The admin API has nothing here')
  })
  return api
}

/**
 * Adds all methods of one path, each for those who may (permissions.ts), so that every other one is a 405
 * that says which there are.
 */
export function route<P extends AdminPath>(
  api: Hono,
  path: P,
  handlers: Readonly<Record<MethodOf<P>, Handler>>,
): void {
  for (const [method, handler] of Object.entries<Handler>(handlers)) {
    api.on(method, path, guard(path, method as MethodOf<P>, handler))
  }
  // Hono answers HEAD from GET.
  const allow = Object.keys(handlers).flatMap((m) => (m === 'GET' ? ['GET', 'HEAD'] : [m]))
  api.all(path, (c) => {
    throw new Problem(405, `${c.req.method} is not possible here`, {
      headers: { allow: allow.join(', ') },
    })
  })
}

function param(c: Context, name: string): string {
  return c.req.param(name) ?? ''
}
