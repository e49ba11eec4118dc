/** Administrators and their tokens, and who is asking: routes of the admin API behind its door. */
import type { Context, Hono } from 'hono'
import * as z from 'zod'
import { type Administrator, refusalOf } from '../access/administrator.ts'
import { mintAdminToken } from '../access/tokens.ts'
import {
  type AdministratorRow,
  Administrators,
  type AdministratorTokenRow,
  NameTaken,
  ROLES,
} from '../db/administrators.ts'
import { Connections } from '../db/connections.ts'
import { isoOf } from '../scim/date-time.ts'
import { weakETag } from '../scim/etag.ts'
import type { Json } from '../scim/schema.ts'
import { route } from './api.ts'
import { readJson } from './body.ts'
import { administratorOf } from './door.ts'
import { permissions } from './permissions.ts'
import { preconditionOf } from './precondition.ts'
import { invalidInput, invalidMembers, Problem } from './problem.ts'

export interface AdministratorDeps {
  readonly db: D1Database
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** They are listed in one answer. */
const MOST_ADMINISTRATORS = 1_000
/** Enough to exchange one while others are in use. */
const MOST_TOKENS = 10
/** An administrator of more of them is better one of all. */
const MOST_CONNECTIONS = 100

const name = z.string().trim().min(1).max(200)
const role = z.enum(ROLES)
/** Names; null: all. */
const connections = z.array(z.string()).max(MOST_CONNECTIONS).nullable()

const newAdministrator = z.strictObject({ name, role, connections: connections.default(null) })
const administratorPatch = z.strictObject({
  name: name.optional(),
  role: role.optional(),
  connections: connections.optional(),
})
const newToken = z.strictObject({
  label: z.string().min(1).max(200).nullish(),
  expiresAt: z.iso.datetime({ offset: true }).nullish(),
})

/** For `adminApi`'s `more`. */
export function administratorRoutes(deps: AdministratorDeps): (api: Hono) => void {
  const administrators = new Administrators(deps.db)
  const known = new Connections(deps.db)

  async function namesOf(rows: readonly Pick<AdministratorRow, 'connections'>[]) {
    const ids = [...new Set(rows.flatMap(({ connections }) => connections ?? []))]
    const found = ids.length === 0 ? [] : await known.known({ ids })
    const byId = new Map(found.map(({ id, name }) => [id, name]))
    // Those that were off-boarded have no name any more.
    return ({ connections }: Pick<AdministratorRow, 'connections'>) =>
      connections === null ? null : connections.flatMap((id) => byId.get(id) ?? []).sort()
  }

  async function idsOf(names: readonly string[] | null): Promise<readonly string[] | null> {
    if (names === null) return null
    const found = await known.known({ names })
    const byName = new Map(found.map(({ id, name }) => [name, id]))
    const errors = names.flatMap((name, at) =>
      byName.has(name)
        ? []
        : [{ path: `connections.${at}`, message: 'there is no connection of this name' }],
    )
    if (errors.length > 0) throw invalidInput(errors)
    return found.map(({ id }) => id)
  }

  async function view(row: AdministratorRow) {
    return administratorView(row, (await namesOf([row]))(row))
  }

  async function the(c: Context): Promise<AdministratorRow> {
    const row = await administrators.get(c.req.param('id') ?? '')
    if (!row) throw noAdministrator()
    return row
  }

  return (api) => {
    route(api, '/me', {
      GET: async (c) => {
        const me = administratorOf(c)
        const { id, name, role, signedInBy } = me
        const connections = (await namesOf([me]))(me)
        return c.json({ id, name, role, connections, signedInBy, may: mayOf(me) })
      },
    })

    route(api, '/administrators', {
      GET: async (c) => {
        const rows = await administrators.list(MOST_ADMINISTRATORS)
        const names = await namesOf(rows)
        return c.json({ items: rows.map((row) => administratorView(row, names(row))) })
      },
      POST: async (c) => {
        const given = parse(newAdministrator, await readJson(c))
        const row = {
          ...given,
          id: crypto.randomUUID(),
          connections: await idsOf(given.connections),
          createdAt: deps.now(),
        }
        if (!(await unlessTaken(() => administrators.add(row, MOST_ADMINISTRATORS)))) {
          const detail = `There are ${MOST_ADMINISTRATORS} administrators at most: remove one first`
          throw new Problem(409, detail)
        }
        return c.json(await view({ ...row, lastUsedAt: null }), 201)
      },
    })

    route(api, '/administrators/:id', {
      GET: async (c) => {
        const row = await the(c)
        c.header('etag', contentTag(row))
        const tokens = await administrators.tokens(row.id)
        return c.json({ ...(await view(row)), tokens: tokens.map(tokenView) })
      },
      PATCH: async (c) => {
        const before = await the(c)
        preconditionOf(c)(contentTag(before))
        const { connections: named, ...change } = parse(administratorPatch, await readJson(c))
        const limit = named === undefined ? {} : { connections: await idsOf(named) }
        const set = Object.fromEntries(Object.entries(change).filter(([, v]) => v !== undefined))
        if (!(await unlessTaken(() => administrators.change(before, { ...set, ...limit })))) {
          await the(c)
          throw new Problem(409, 'Somebody else has changed them just now: read them again')
        }
        return c.json(await view(await the(c)))
      },
      DELETE: async (c) => {
        if (!(await administrators.remove(c.req.param('id') ?? ''))) throw noAdministrator()
        return c.body(null, 204)
      },
    })

    route(api, '/administrators/:id/tokens', {
      POST: async (c) => {
        const { id } = await the(c)
        const given = parse(newToken, await readJson(c, {}))
        const createdAt = deps.now()
        const expiresAt = given.expiresAt ? Date.parse(given.expiresAt) : null
        if (expiresAt !== null && expiresAt <= createdAt) {
          throw invalidInput([{ path: 'expiresAt', message: 'must be in the future' }])
        }
        const { token, hash } = await mintAdminToken()
        const row = { id: crypto.randomUUID(), label: given.label ?? null, createdAt, expiresAt }
        if (!(await administrators.addToken(id, { ...row, hash }, MOST_TOKENS))) {
          const detail = `An administrator has ${MOST_TOKENS} tokens at most: revoke one first`
          throw new Problem(409, detail)
        }
        return c.json({ ...tokenView({ ...row, lastUsedAt: null }), token }, 201)
      },
    })

    route(api, '/administrators/:id/tokens/:token', {
      DELETE: async (c) => {
        const { id } = await the(c)
        if (!(await administrators.removeToken(id, c.req.param('token') ?? ''))) {
          throw new Problem(404, 'The administrator has no token of this id')
        }
        return c.body(null, 204)
      },
    })
  }
}

/** What may be changed: there is no number of the version. */
const contentTag = ({ name, role, connections }: AdministratorRow): string =>
  weakETag({ name, role, connections: connections && [...connections] })

const noAdministrator = () => new Problem(404, 'There is no administrator of this id')

/** Methods and routes, as the table of permissions has them. */
function mayOf(me: Administrator): string[] {
  return permissions().flatMap(({ method, path, need }) =>
    refusalOf(me, need) === undefined ? [`${method} ${path}`] : [],
  )
}

function parse<T extends z.ZodType>(schema: T, body: Json): z.output<T> {
  const parsed = schema.safeParse(body)
  if (!parsed.success) throw invalidInput(invalidMembers(parsed.error, []))
  return parsed.data
}

/** @throws {Problem} 409 */
async function unlessTaken(write: () => Promise<boolean>): Promise<boolean> {
  try {
    return await write()
  } catch (error) {
    if (!(error instanceof NameTaken)) throw error
    throw new Problem(409, 'There is an administrator of this name already')
  }
}

/** Times are ISO 8601. */
export interface AdministratorView {
  readonly id: string
  readonly name: string
  readonly role: AdministratorRow['role']
  /** Names; null: all. */
  readonly connections: readonly string[] | null
  readonly created: string | null
  readonly lastUsed: string | null
}

export interface AdministratorTokenView {
  readonly id: string
  readonly label: string | null
  readonly created: string | null
  readonly expiresAt: string | null
  readonly lastUsed: string | null
}

function administratorView(
  row: AdministratorRow,
  names: readonly string[] | null,
): AdministratorView {
  const { id, name, role, createdAt, lastUsedAt } = row
  return {
    id,
    name,
    role,
    connections: names,
    created: isoOf(createdAt),
    lastUsed: isoOf(lastUsedAt),
  }
}

function tokenView(row: AdministratorTokenRow): AdministratorTokenView {
  const { id, label, createdAt, expiresAt, lastUsedAt } = row
  return {
    id,
    label,
    created: isoOf(createdAt),
    expiresAt: isoOf(expiresAt),
    lastUsed: isoOf(lastUsedAt),
  }
}
