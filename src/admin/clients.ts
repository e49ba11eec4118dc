/** The OAuth clients of a connection, as an administrator sees them. */
import type { Context, Hono } from 'hono'
import * as z from 'zod'
import type { Access } from '../access/authenticate.ts'
import { SCOPES } from '../access/scope.ts'
import { mintClientSecret } from '../access/tokens.ts'
import { toTrust, trustInput } from '../access/trust.ts'
import { type ClientRow, Clients, type NewSecret, type SecretRow } from '../db/clients.ts'
import { isoOf } from '../scim/date-time.ts'
import type { Json, JsonObject } from '../scim/schema.ts'
import { route } from './api.ts'
import { readJson } from './body.ts'
import { noConnection } from './connections.ts'
import { type InvalidMember, invalidInput, invalidMembers, Problem } from './problem.ts'
import { connectionOf } from './query.ts'

export interface ClientDeps {
  readonly db: D1Database
  readonly access: Access
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Public origin of the gateway, without a slash at the end. */
  readonly baseUrl: (requestUrl: string) => string
  /** Why an address of keys is refused; undefined where it is accepted. */
  readonly checkUrl: (url: string) => string | undefined
}

/** Enough to exchange one while the other is in use, on two continents. */
const MOST_SECRETS = 10
/** Each is asked of every signed token. */
const MOST_CLIENTS = 50

const expiresAt = z.iso.datetime({ offset: true }).nullish()
const common = {
  label: z.string().min(1).max(200).nullish(),
  scope: z.enum(SCOPES).default('scim'),
  /** Entra takes an hour to six. */
  tokenSeconds: z.int().min(3_600).max(21_600).default(3_600),
}
const clientId = z.string().regex(/^[A-Za-z0-9._:/@-]{1,200}$/, {
  message: 'must be 1 to 200 of letters, digits and . _ : / @ -',
})
const newClient = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('secret'), ...common, expiresAt }),
  z.strictObject({
    kind: z.literal('assertion'),
    ...common,
    clientId: clientId.optional(),
    // Whose assertion is meant is said by its audience: without one, any of the provider's would do.
    trust: trustInput.refine((trust) => trust.audiences !== undefined, {
      path: ['audiences'],
      message: 'must name the audiences (aud) of the assertions',
    }),
  }),
  z.strictObject({
    kind: z.literal('token'),
    label: common.label,
    scope: common.scope,
    trust: trustInput.refine(
      (trust) => trust.tenantId !== undefined || trust.audiences !== undefined,
      { path: ['audiences'], message: 'must name the audiences (aud) of the tokens' },
    ),
  }),
])
const newSecret = z.strictObject({ expiresAt })

/** For `adminApi`'s `more`. */
export function clientRoutes(deps: ClientDeps): (api: Hono) => void {
  const clientsOf = async (c: Context) => new Clients(deps.db, (await connectionOf(deps, c)).id)
  const idOf = (c: Context) => c.req.param('id') ?? ''
  const tokenUrlOf = (c: Context) =>
    `${deps.baseUrl(c.req.url)}/scim/${c.req.param('name')}/oauth/token`

  return (api) => {
    route(api, '/connections/:name/clients', {
      GET: async (c) => {
        const rows = await (await clientsOf(c)).list()
        return c.json({ items: rows.map((row) => viewOf(row, tokenUrlOf(c))) })
      },
      POST: async (c) => {
        const clients = await clientsOf(c)
        const { row, secret } = await draft(await readJson(c), deps)
        if ((await clients.list()).length >= MOST_CLIENTS) {
          throw new Problem(409, `A connection has ${MOST_CLIENTS} clients at most: remove one`)
        }
        switch (await clients.add(row, secret?.row)) {
          case 'gone':
            throw noConnection()
          case 'taken':
            throw new Problem(409, 'The connection has a client of this clientId already')
          case 'added':
            return c.json(
              {
                ...viewOf({ ...row, lastUsedAt: null }, tokenUrlOf(c)),
                ...(secret && { clientSecret: secret.plain, secretId: secret.row.id }),
              },
              201,
            )
        }
      },
    })

    route(api, '/connections/:name/clients/:id', {
      GET: async (c) => {
        const clients = await clientsOf(c)
        const row = await clients.get(idOf(c))
        if (!row) throw noClient()
        const secrets = row.kind === 'secret' ? await clients.secrets(row.id) : undefined
        return c.json({
          ...viewOf(row, tokenUrlOf(c)),
          ...(secrets && { secrets: secrets.map(secretView) }),
        })
      },
      DELETE: async (c) => {
        if (!(await (await clientsOf(c)).remove(idOf(c)))) throw noClient()
        return c.body(null, 204)
      },
    })

    route(api, '/connections/:name/clients/:id/secrets', {
      POST: async (c) => {
        const clients = await clientsOf(c)
        const parsed = newSecret.safeParse(await readJson(c, {}))
        if (!parsed.success) throw invalidInput(invalidMembers(parsed.error, []))
        const row = await clients.get(idOf(c))
        if (row?.kind !== 'secret') throw noClient()
        const secret = await makeSecret(parsed.data.expiresAt, deps.now())
        if (!(await clients.addSecret(row.id, secret.row, MOST_SECRETS))) {
          throw new Problem(409, `A client has ${MOST_SECRETS} secrets at most: remove one first`)
        }
        const view = secretView({ ...secret.row, lastUsedAt: null })
        return c.json({ ...view, clientId: row.id, clientSecret: secret.plain }, 201)
      },
    })

    route(api, '/connections/:name/clients/:id/secrets/:secret', {
      DELETE: async (c) => {
        const clients = await clientsOf(c)
        if (!(await clients.removeSecret(idOf(c), c.req.param('secret') ?? ''))) {
          throw new Problem(404, 'The client has no secret of this id')
        }
        return c.body(null, 204)
      },
    })
  }
}

function noClient(): Problem {
  return new Problem(404, 'The connection has no client of this id')
}

interface MintedSecret {
  readonly row: NewSecret
  readonly plain: string
}

async function draft(
  body: Json,
  { now, checkUrl }: ClientDeps,
): Promise<{ row: Omit<ClientRow, 'lastUsedAt'>; secret: MintedSecret | undefined }> {
  const parsed = newClient.safeParse(body)
  if (!parsed.success) throw invalidInput(invalidMembers(parsed.error, []))
  const { data } = parsed
  const createdAt = now()
  const given = data.kind === 'assertion' ? data.clientId : undefined
  const row = {
    id: given ?? crypto.randomUUID(),
    kind: data.kind,
    label: data.label ?? null,
    scope: data.scope,
    // A provider's own tokens live as long as they say.
    tokenSeconds: data.kind === 'token' ? 3_600 : data.tokenSeconds,
    createdAt,
  }
  if (data.kind === 'secret') {
    const secret = await makeSecret(data.expiresAt, createdAt)
    return { row: { ...row, trust: null }, secret }
  }
  const errors: InvalidMember[] = (data.trust.keySets ?? []).flatMap((url, at) => {
    const refusal = checkUrl(url)
    return refusal === undefined
      ? []
      : [{ path: `trust.keySets.${at}`, message: `is refused: ${refusal}` }]
  })
  if (errors.length > 0) throw invalidInput(errors)
  return { row: { ...row, trust: data.trust as JsonObject }, secret: undefined }
}

async function makeSecret(until: string | null | undefined, now: number): Promise<MintedSecret> {
  const expires = until ? Date.parse(until) : null
  if (expires !== null && expires <= now) {
    throw invalidInput([{ path: 'expiresAt', message: 'must be in the future' }])
  }
  const { secret, hash } = await mintClientSecret()
  const row = { id: crypto.randomUUID(), hash, createdAt: now, expiresAt: expires }
  return { row, plain: secret }
}

/** Times are ISO 8601. */
export interface ClientView {
  readonly clientId: string
  readonly kind: ClientRow['kind']
  readonly label: string | null
  readonly scope: string
  readonly created: string | null
  readonly lastUsed: string | null
  readonly tokenUrl?: string
  readonly tokenSeconds?: number
  /** With all that follows from the tenant, so that it can be compared with a token. */
  readonly trust?: JsonObject
}

export interface SecretView {
  readonly id: string
  readonly created: string | null
  readonly expiresAt: string | null
  readonly lastUsed: string | null
}

function viewOf(row: ClientRow, tokenUrl: string): ClientView {
  const { id, kind, label, scope, tokenSeconds, trust } = row
  return {
    clientId: id,
    kind,
    label,
    scope,
    created: isoOf(row.createdAt),
    lastUsed: isoOf(row.lastUsedAt),
    ...(kind !== 'token' && { tokenUrl, tokenSeconds }),
    ...(trust && { trust: { ...toTrust(trustInput.parse(trust)) } as JsonObject }),
  }
}

function secretView({ id, createdAt, expiresAt: until, lastUsedAt }: SecretRow): SecretView {
  return {
    id,
    created: isoOf(createdAt),
    expiresAt: isoOf(until),
    lastUsed: isoOf(lastUsedAt),
  }
}
