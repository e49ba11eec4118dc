/** What an administrator does with connections, apart from HTTP: the console does the same. */
import { isDeepStrictEqual } from 'node:util'
import type { Administrator } from '../access/administrator.ts'
import { mergePatch } from '../access/merge-patch.ts'
import { modeAt } from '../access/mode.ts'
import { type ConnectionMode, connectionMode, policySchema } from '../access/policy.ts'
import type { Sealed, Sealing } from '../access/seal.ts'
import { mintToken } from '../access/tokens.ts'
import type { Actor } from '../db/audit.ts'
import { type ConnectionRow, Connections } from '../db/connections.ts'
import { keepMapping } from '../db/mapping-history.ts'
import type { Json, JsonObject } from '../scim/schema.ts'
import { type CheckDeps, type ConnectionDraft, checkConnection } from './check-connection.ts'
import { refuseBeyondLimits } from './confined.ts'
import {
  type ConnectionPatch,
  checkMode,
  connectionPatch,
  newConnection,
  sameMode,
} from './connection-input.ts'
import { badCursor, PAGE_SIZE, parseCursor, toPage } from './cursor.ts'
import { type ModeBefore, modeUntilOf } from './mode-until.ts'
import type { NotesModes } from './note-mode.ts'
import { type PlacementDeps, placeConnection } from './placement.ts'
import { type Precondition, tagOf } from './precondition.ts'
import { type InvalidMember, invalidInput, invalidMembers, Problem } from './problem.ts'

export interface ConnectionDeps extends CheckDeps {
  readonly db: D1Database
  readonly sealing: Sealing
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** A connection as an administrator sees it: no secrets, every default of the policy filled in. */
export interface ConnectionView {
  readonly name: string
  readonly adapter: string
  readonly scimBaseUrl: string
  readonly settings: JsonObject
  /** `{}` where the adapter's own mapping holds. */
  readonly mapping: JsonObject
  readonly mappingVersion: number
  readonly policy: object
  /** The mode that holds now: `paused` where `observe` or `gate` has ended by itself. */
  readonly mode: ConnectionMode
  /** ISO 8601: when the mode ends, or (of a paused connection) when the one before it ended. */
  readonly modeUntil: string | null
  readonly extensions: Json[]
  readonly resourceTypes: Json[]
  /** Binding of the database that holds its data. */
  readonly database: string
  /** ISO 8601. */
  readonly createdAt: string
  readonly updatedAt: string
}

const DEFAULT_MODE = 'live'
/** Two administrators at once are rare; three losses in a row are not chance. */
const ATTEMPTS = 3

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
  const [after] = cursor === undefined ? [] : parseCursor(cursor)
  if (cursor !== undefined && typeof after !== 'string') throw badCursor()
  const rows = await new Connections(deps.db).list({
    after: typeof after === 'string' ? after : undefined,
    limit: PAGE_SIZE + 1,
    among: connections ?? undefined,
  })
  return toPage(
    rows,
    (row) => toView(row, baseUrl, deps.now()),
    (row) => [row.name],
  )
}

export interface PatchContext {
  /** For the history of mappings. */
  readonly actor: Actor
  /** For a mode that is to be another one. */
  readonly notesModes: NotesModes
  readonly isMet?: Precondition
}

/**
 * @param by whoever is limited to some connections may not change what reaches beyond them
 * @throws {Problem} 404, 422, 403, 412 as `isMet`, or 409 where others keep changing it at the same time
 */
export async function patchConnection(
  name: string,
  body: Json,
  baseUrl: string,
  deps: ConnectionDeps,
  by: Pick<Administrator, 'connections'>,
  { notesModes, isMet = () => {}, actor }: PatchContext,
): Promise<ConnectionView> {
  const patch = parsePatch(body)
  const connections = new Connections(deps.db)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const row = await connections.named(name)
    if (!row) throw noConnection()
    isMet(tagOf(row.version))
    const now = deps.now()
    const next = await accepted(row, patch, deps, by, now)
    const before = { ...toDraft(row), mode: row.mode, modeUntil: row.modeUntil }
    if (isDeepStrictEqual(next, before) && Object.keys(patch.secrets).length === 0) {
      return toView(row, baseUrl, now)
    }
    const remapped = !isDeepStrictEqual(next.mapping, before.mapping)
    const { settings, policy, extensions, mode, modeUntil } = next
    const change = {
      ...{ settings, policy, extensions, mode, modeUntil, mapping: orNull(next.mapping) },
      mappingVersion: row.mappingVersion + (remapped ? 1 : 0),
    }
    const noteMode =
      mode === row.mode ? undefined : notesModes({ id: row.id, dataDatabase: row.dataDb })
    const sealed = await sealAll(row.id, patch.secrets, deps.sealing)
    const keyIds = Object.values(sealed).some((one) => one) ? await knownKeys(deps.sealing) : []
    const { mapping, mappingVersion: version } = change
    const kept = remapped ? keepMapping(row, { version, mapping }, actor, now) : []
    if (await connections.change(row, change, sealed, now, keyIds, kept)) {
      await noteMode?.({ was: row.mode, mode, at: now })
      return readConnection(name, baseUrl, deps)
    }
  }
  throw new Problem(409, 'The connection is being changed by others at the same time: try again')
}

/**
 * The connection as a patch would have it, stored nowhere.
 *
 * @throws {Problem} as `patchConnection`
 */
export async function previewConnection(
  name: string,
  body: Json,
  deps: ConnectionDeps,
  by: Pick<Administrator, 'connections'>,
): Promise<{ row: ConnectionRow; next: ConnectionDraft; patch: ConnectionPatch }> {
  const patch = parsePatch(body)
  const row = await new Connections(deps.db).named(name)
  if (!row) throw noConnection()
  return { row, next: await accepted(row, patch, deps, by, deps.now()), patch }
}

function parsePatch(body: Json): ConnectionPatch {
  const parsed = connectionPatch.safeParse(body)
  if (!parsed.success) throw invalidInput(invalidMembers(parsed.error, []))
  const patch = parsed.data
  const policyMode = patch.policy?.['mode']
  const errors = [...sameMode(patch.mode, patch.policy ?? {}), ...checkMode(policyMode)]
  if (errors.length > 0) throw invalidInput(errors)
  return patch
}

async function accepted(
  row: ConnectionRow,
  patch: ConnectionPatch,
  deps: CheckDeps,
  by: Pick<Administrator, 'connections'>,
  now: number,
): Promise<ConnectionDraft & ModeBefore> {
  const next = applied(row, patch, now)
  if (by.connections !== null) await refuseBeyondLimits(toDraft(row), next, patch, deps)
  const broken = await newlyBroken(row, next, patch, deps)
  if (broken.length > 0) throw invalidInput(broken)
  return next
}

/** @throws {Problem} 404 */
export async function offboardConnection(name: string, deps: ConnectionDeps): Promise<void> {
  if (!(await new Connections(deps.db).offboard(name, deps.now()))) throw noConnection()
}

export function noConnection(): Problem {
  return new Problem(404, 'There is no connection of this name')
}

export function toDraft(row: ConnectionRow): ConnectionDraft {
  const { adapter, settings, policy, extensions, resourceTypes } = row
  const secrets = Object.keys(row.secrets)
  return {
    ...{ adapter, settings, policy, extensions, resourceTypes, secrets },
    mapping: row.mapping ?? {},
  }
}

/** The connection as the patch would have it (RFC 7396 §2). */
function applied(
  row: ConnectionRow,
  patch: ConnectionPatch,
  now: number,
): ConnectionDraft & ModeBefore {
  const before = toDraft(row)
  const { mode: policyMode, ...policy } = patch.policy ?? {}
  const given = patch.mode === undefined ? policyMode : patch.mode
  const removed = new Set(Object.keys(patch.secrets).filter((key) => patch.secrets[key] === null))
  const secrets = new Set([...before.secrets, ...Object.keys(patch.secrets)])
  const mode = given === undefined ? row.mode : connectionMode.parse(given ?? DEFAULT_MODE)
  return {
    ...before,
    settings: merged(before.settings, patch.settings),
    mapping: merged(before.mapping, patch.mapping),
    policy: merged(before.policy, patch.policy && policy),
    extensions: patch.extensions === undefined ? before.extensions : (patch.extensions ?? []),
    secrets: [...secrets].filter((key) => !removed.has(key)),
    mode,
    modeUntil: modeUntilOf({ mode, isSet: given !== undefined }, patch.modeUntil, row, now),
  }
}

function merged(target: JsonObject, patch: JsonObject | null | undefined): JsonObject {
  if (patch === undefined) return target
  return patch === null ? {} : (mergePatch(target, patch) as JsonObject)
}

/**
 * A patch answers for what it touches and for what it breaks. What was wrong before (an adapter
 * that grew stricter, a manifest that went away) must not keep an administrator from pausing.
 */
async function newlyBroken(
  row: ConnectionRow,
  next: ConnectionDraft,
  patch: ConnectionPatch,
  deps: CheckDeps,
): Promise<InvalidMember[]> {
  const errors = await checkConnection(next, deps)
  if (errors.length === 0) return errors
  const before = await checkConnection(toDraft(row), deps)
  const touched = Object.keys(patch).filter(
    (key) => key !== 'secrets' || Object.keys(patch.secrets).length > 0,
  )
  // Without the adapter nobody can say whether these are right.
  const needsAdapter = touched.some((key) => ['settings', 'secrets', 'mapping'].includes(key))
  return errors.filter((error) => {
    const member = /^\w+/.exec(error.path)?.[0] ?? ''
    if (touched.includes(member) || (member === 'adapter' && needsAdapter)) return true
    return !before.some((old) => old.path === error.path && old.message === error.message)
  })
}

function orNull(mapping: JsonObject): JsonObject | null {
  return Object.keys(mapping).length === 0 ? null : mapping
}

async function knownKeys(sealing: Sealing): Promise<readonly string[]> {
  const { current, previous } = await sealing.keyIds()
  return current === undefined ? previous : [current, ...previous]
}

async function sealAll<S extends string | null>(
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

export function toView(row: ConnectionRow, baseUrl: string, now: number): ConnectionView {
  const mode = modeAt(row.mode, row.modeUntil ?? undefined, now)
  const policy = { ...row.policy, mode }
  const effective = policySchema.safeParse(policy)
  return {
    name: row.name,
    adapter: row.adapter,
    scimBaseUrl: `${baseUrl}/scim/${row.name}/v2`,
    settings: row.settings,
    mapping: row.mapping ?? {},
    mappingVersion: row.mappingVersion,
    // A policy that no longer parses is shown as it is, for the administrator to repair.
    policy: effective.success ? effective.data : policy,
    mode,
    modeUntil: row.modeUntil === null ? null : new Date(row.modeUntil).toISOString(),
    extensions: row.extensions,
    resourceTypes: row.resourceTypes,
    database: row.dataDb,
    createdAt: new Date(row.createdAt).toISOString(),
    updatedAt: new Date(row.updatedAt).toISOString(),
  }
}
