/** A connection as an administrator would have it: what a patch makes of it, and what it breaks. */
import { isDeepStrictEqual } from 'node:util'
import type { Administrator } from '../access/administrator.ts'
import { mergePatch } from '../access/merge-patch.ts'
import { connectionMode } from '../access/policy.ts'
import type { Sealing } from '../access/seal.ts'
import type { Actor } from '../db/audit.ts'
import { type ConnectionRow, Connections } from '../db/connections.ts'
import { keepMapping } from '../db/mapping-history.ts'
import type { Json, JsonObject } from '../scim/schema.ts'
import { type CheckDeps, type ConnectionDraft, checkConnection } from './check-connection.ts'
import { refuseBeyondLimits } from './confined.ts'
import { type ConnectionPatch, checkMode, connectionPatch, sameMode } from './connection-input.ts'
import { type ConnectionView, toDraft, toView } from './connection-view.ts'
import {
  type ConnectionDeps,
  DEFAULT_MODE,
  noConnection,
  orNull,
  readConnection,
  sealAll,
} from './connections.ts'
import { type ModeBefore, modeUntilOf } from './mode-until.ts'
import type { NotesModes } from './note-mode.ts'
import { type Precondition, tagOf } from './precondition.ts'
import { type InvalidMember, invalidInput, invalidMembers, Problem } from './problem.ts'

/** Two administrators at once are rare; three losses in a row are not chance. */
const ATTEMPTS = 3

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

async function knownKeys(sealing: Sealing): Promise<readonly string[]> {
  const { current, previous } = await sealing.keyIds()
  return current === undefined ? previous : [current, ...previous]
}
