/** What an administrator does with connections, apart from HTTP: the console does the same. */
import type { Administrator } from '../access/administrator.ts'
import { connectionMode } from '../access/policy.ts'
import type { Sealed, Sealing } from '../access/seal.ts'
import { mintToken } from '../access/tokens.ts'
import { Connections } from '../db/connections.ts'
import type { Json, JsonObject } from '../scim/schema.ts'
import { type CheckDeps, type ConnectionDraft, checkConnection } from './check-connection.ts'
import { checkMode, newConnection, sameMode } from './connection-input.ts'
import { type ConnectionView, toView } from './connection-view.ts'
import { PAGE_SIZE, textAfter, toPage } from './cursor.ts'
import { modeUntilOf } from './mode-until.ts'
import { type PlacementDeps, placeConnection } from './placement.ts'
import { tagOf } from './precondition.ts'
import { invalidInput, invalidMembers, Problem } from './problem.ts'

export interface ConnectionDeps extends CheckDeps {
  readonly db: D1Database
  readonly sealing: Sealing
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export const DEFAULT_MODE = 'live'

/** @throws {Problem} 422 with every fault of the input, 409 where the name is taken */
export async function createConnection(
  body: Json,
  baseUrl: string,
  deps: ConnectionDeps & PlacementDeps,
): Promise<ConnectionView & { token: string; tokenId: string }> {
  const parsed = newConnection.safeParse(body)
  if (!parsed.success) throw invalidInput(invalidMembers(parsed.error, []))
  const {
    name,
    secrets,
    mode,
    modeUntil,
    database,
    format: _,
    secretNames: __,
    ...given
  } = parsed.data
  const errors = sameMode(mode, given.policy)
  const { mode: policyMode, ...policy } = given.policy
  const draft: ConnectionDraft = { ...given, policy, secrets: Object.keys(secrets) }
  errors.push(...checkMode(policyMode), ...(await checkConnection(draft, deps)))
  if (errors.length > 0) throw invalidInput(errors)
  const dataDb = await placeConnection(deps, database)

  const id = crypto.randomUUID()
  const tokenId = crypto.randomUUID()
  const { token, hash } = await mintToken()
  const createdAt = deps.now()
  const connections = new Connections(deps.db)
  const first = mode ?? connectionMode.parse(policyMode ?? DEFAULT_MODE)
  const created = await connections.create(
    {
      id,
      name,
      ...given,
      dataDb,
      adapterIdentity: (await deps.describeAdapter(given.adapter))?.identity ?? null,
      mapping: orNull(given.mapping),
      policy,
      mode: first,
      modeUntil: modeUntilOf({ mode: first, isSet: true }, modeUntil, undefined, createdAt),
      createdAt,
    },
    await sealAll(id, secrets, deps.sealing),
    { id: tokenId, hash, label: null, createdAt, expiresAt: null, scope: 'scim' },
  )
  if (!created) throw new Problem(409, `There already is a connection named "${name}"`)
  return { ...(await readConnection(name, baseUrl, deps)), token, tokenId }
}

/** @throws {Problem} 404 */
export async function readConnection(
  name: string,
  baseUrl: string,
  deps: ConnectionDeps,
): Promise<ConnectionView> {
  return (await readVersion(name, baseUrl, deps)).view
}

/** With its ETag. @throws {Problem} 404 */
export async function readVersion(
  name: string,
  baseUrl: string,
  deps: ConnectionDeps,
): Promise<{ readonly view: ConnectionView; readonly tag: string }> {
  const row = await new Connections(deps.db).named(name)
  if (!row) throw noConnection()
  return { view: toView(row, baseUrl, deps.now()), tag: tagOf(row.version) }
}

/** Those that are theirs who ask. @throws {Problem} 400 for a foreign cursor */
export async function listConnections(
  cursor: string | undefined,
  baseUrl: string,
  deps: Pick<ConnectionDeps, 'db' | 'now'>,
  { connections }: Pick<Administrator, 'connections'>,
): Promise<{ items: ConnectionView[]; nextCursor?: string }> {
  const rows = await new Connections(deps.db).list({
    after: textAfter(cursor),
    limit: PAGE_SIZE + 1,
    among: connections ?? undefined,
  })
  return toPage(
    rows,
    (row) => toView(row, baseUrl, deps.now()),
    (row) => [row.name],
  )
}

/** @throws {Problem} 404 */
export async function offboardConnection(name: string, deps: ConnectionDeps): Promise<void> {
  if (!(await new Connections(deps.db).offboard(name, deps.now()))) throw noConnection()
}

export function noConnection(): Problem {
  return new Problem(404, 'There is no connection of this name')
}

export function orNull(mapping: JsonObject): JsonObject | null {
  return Object.keys(mapping).length === 0 ? null : mapping
}

export async function sealAll<S extends string | null>(
  connectionId: string,
  secrets: Readonly<Record<string, S>>,
  sealing: Sealing,
): Promise<Record<string, Sealed | Extract<S, null>>> {
  const entries = await Promise.all(
    Object.entries(secrets).map(async ([name, plain]) => {
      const sealed = plain === null ? null : await sealing.seal(plain, { connectionId, name })
      return [name, sealed] as const
    }),
  )
  return Object.fromEntries(entries) as Record<string, Sealed | Extract<S, null>>
}
