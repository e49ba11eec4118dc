/** A manifest that an administrator publishes, rolls back or removes, and what stands against it. */
import { isDeepStrictEqual } from 'node:util'
import * as z from 'zod'
import {
  type AnyManifest,
  compileAny,
  movedByAny,
  parseAnyManifest,
  readsAnyOtherwise,
} from '../adapter/manifest/kinds.ts'
import { type ConnectionRow, Connections } from '../db/connections.ts'
import type { Placed } from '../db/data-databases.ts'
import type { Database } from '../db/database.ts'
import { hasLinks, type ManifestRow, Manifests, type NewRevision } from '../db/manifests.ts'
import type { Json, JsonObject } from '../scim/schema.ts'
import { parseResources } from '../scim/schemas.ts'
import { checkConnection } from './check-connection.ts'
import { checkMapping } from './check-mapping.ts'
import { toDraft } from './connection-view.ts'
import type { ConnectionDeps } from './connections.ts'
import { describeAdapter } from './describe-adapter.ts'
import { type Precondition, tagOf } from './precondition.ts'
import { type InvalidMember, invalidInput, invalidMembers, memberPath, Problem } from './problem.ts'

export interface ManifestDeps
  extends Pick<ConnectionDeps, 'db' | 'now' | 'checkAppUrl' | 'hasCertificate'> {
  /** Adapters that are part of this build: their names are taken. */
  readonly isBuiltIn: (name: string) => boolean
  /** The database of a connection's data, by the name that its row has for it. */
  readonly openData: (connection: Pick<Placed, 'dataDatabase'>) => Database
}

const MAX_LENGTH = 256 * 1024
/** Two administrators at once are rare; three losses in a row are not chance. */
const ATTEMPTS = 3

const rollbackInput = z.union([
  z.strictObject({ revision: z.int().min(1) }),
  z.strictObject({ version: z.string().min(1) }),
])

export function noManifest(): Problem {
  return new Problem(404, 'There is no manifest of this name')
}

/** @throws {Problem} 422 with every fault, 409 where it would break what is connected or linked, 412 */
export async function putManifest(
  name: string,
  document: Json,
  deps: ManifestDeps,
  isMet: Precondition = () => {},
): Promise<{ row: ManifestRow; isNew: boolean }> {
  refuseBuiltIn(name, deps)
  const manifest = parseManifest(name, document)
  const next = { version: manifest.version, document }
  const manifests = new Manifests(deps.db)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const now = deps.now()
    const row = await manifests.named(name)
    isMet(row && tagOf(row.change))
    const stored = row
      ? isDeepStrictEqual(row.document, document) || (await upgrade(row, manifest, next, deps))
      : await manifests.create(name, next, now)
    const after = stored ? await manifests.named(name) : undefined
    if (after) return { row: after, isNew: !row }
  }
  throw new Problem(409, 'The manifest is being changed by others at the same time: try again')
}

function refuseBuiltIn(name: string, { isBuiltIn }: ManifestDeps): void {
  if (!isBuiltIn(name)) return
  throw new Problem(409, `"${name}" is the name of an adapter that is built in: take another one`)
}

/** @throws {Problem} 404, 422, or 409 as for a new version */
export async function rollBack(name: string, body: Json, deps: ManifestDeps): Promise<ManifestRow> {
  const parsed = rollbackInput.safeParse(body)
  if (!parsed.success) {
    const message = 'must be { "revision": n } or { "version": "..." }'
    throw invalidInput([{ path: '', message }])
  }
  const wanted = parsed.data
  const manifests = new Manifests(deps.db)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const row = await manifests.named(name)
    if (!row) throw noManifest()
    const kept = await manifests.revisions(name)
    const found = kept.find((one) =>
      'revision' in wanted ? one.revision === wanted.revision : one.version === wanted.version,
    )
    const document = found && (await manifests.document(name, found.revision))
    if (!found || document === undefined) {
      const [path] = Object.keys(wanted)
      throw invalidInput([{ path: path ?? '', message: 'is none of the versions that are kept' }])
    }
    if (found.revision === row.revision) return row
    const manifest = parseManifest(name, document)
    const { revision } = found
    if (await upgrade(row, manifest, { revision }, deps)) {
      const after = await manifests.named(name)
      if (after) return after
    }
  }
  throw new Problem(409, 'The manifest is being changed by others at the same time: try again')
}

export async function removeManifest(name: string, manifests: Manifests): Promise<void> {
  if (await manifests.remove(name)) return
  if (!(await manifests.named(name))) throw noManifest()
  const users = await manifests.usedBy(name)
  const said = users.slice(0, 10).join(', ')
  throw new Problem(409, `Connections use this manifest: ${said}. Delete them first.`)
}

function parseManifest(name: string, document: Json): AnyManifest {
  if (JSON.stringify(document).length > MAX_LENGTH) {
    throw invalidInput([{ path: '', message: `longer than ${MAX_LENGTH} characters` }])
  }
  const parsed = parseAnyManifest(document)
  if (!parsed.success) throw invalidInput(invalidMembers(parsed.error, []))
  if (parsed.data.name !== name) {
    throw invalidInput([{ path: 'name', message: `must be "${name}", as in the URL` }])
  }
  const faults = checkMappings(parsed.data)
  if (faults.length > 0) throw invalidInput(faults)
  return parsed.data
}

/** What it maps by default, as the mapping of a connection is checked; extensions are a connection's. */
function checkMappings(manifest: AnyManifest): InvalidMember[] {
  const definitions = parseResources([], [])
  if (!definitions.ok) throw new Error('the schemas of RFC 7643 are not valid')
  const adapter = describeAdapter(compileAny(manifest))
  return Object.entries(manifest.resources).flatMap(([type, resource]) =>
    resource
      ? checkMapping({ [type]: resource.mapping as JsonObject }, definitions.value, adapter).map(
          ({ path, message }) => ({
            path: path.replace(`mapping.${type}`, `resources.${type}.mapping`),
            message,
          }),
        )
      : [],
  )
}

/** False: another change came first. @throws {Problem} 409 with everything that stands against it */
async function upgrade(
  row: ManifestRow,
  manifest: AnyManifest,
  next: NewRevision | { readonly revision: number },
  deps: ManifestDeps,
): Promise<boolean> {
  const { remap } = await refuseBreaking(row, manifest, deps)
  return new Manifests(deps.db).change(row, next, remap, deps.now())
}

/** @throws {Problem} 409 with everything that stands against it */
async function refuseBreaking(
  row: ManifestRow,
  manifest: AnyManifest,
  deps: ManifestDeps,
): Promise<{ readonly remap: boolean }> {
  const users = await new Manifests(deps.db).usedBy(row.name)
  // One that a newer Postern no longer takes has no links to speak of: it could not be used.
  const before = parseAnyManifest(row.document).data
  const faults: InvalidMember[] = []
  const moved = before ? movedByAny(before, manifest) : []
  const linked = new Set<string>()
  for (const name of users) {
    const found = await new Connections(deps.db).named(name)
    if (!found) continue
    for (const { type } of moved) {
      if (
        !linked.has(type) &&
        (await hasLinks(deps.openData({ dataDatabase: found.dataDb }), found.id, type))
      ) {
        linked.add(type)
      }
    }
    faults.push(...(await newlyBroken(found, before, manifest, deps)))
  }
  faults.push(
    ...moved
      .filter(({ type }) => linked.has(type))
      .map(({ path, message }) => ({ path: memberPath(path), message })),
  )
  if (faults.length > 0) {
    throw new Problem(409, 'This manifest would break connections that use it: see errors', {
      errors: faults,
    })
  }
  return { remap: !before || readsAnyOtherwise(before, manifest) }
}

/** What publishing a manifest would do. */
export interface ManifestCheck {
  readonly version: string
  readonly isNew: boolean
  /** True: it is the one that is in force. */
  readonly isSame: boolean
  /** True: what the app holds is compared anew with what clients sent. */
  readonly remaps: boolean
  readonly connections: readonly string[]
}

/** As `putManifest`, and nothing is stored. @throws {Problem} as it */
export async function checkManifest(
  name: string,
  document: Json,
  deps: ManifestDeps,
): Promise<{ check: ManifestCheck; manifest: AnyManifest }> {
  refuseBuiltIn(name, deps)
  const manifest = parseManifest(name, document)
  const manifests = new Manifests(deps.db)
  const row = await manifests.named(name)
  const remap = row ? (await refuseBreaking(row, manifest, deps)).remap : false
  const isSame = row !== undefined && isDeepStrictEqual(row.document, document)
  const connections = row ? await manifests.usedBy(name) : []
  const { version } = manifest
  return { check: { version, isNew: !row, isSame, remaps: remap, connections }, manifest }
}

/** What was wrong with the connection before is not this manifest's fault. */
async function newlyBroken(
  row: ConnectionRow,
  before: AnyManifest | undefined,
  manifest: AnyManifest,
  { checkAppUrl, hasCertificate }: ManifestDeps,
): Promise<InvalidMember[]> {
  const check = (one: AnyManifest) =>
    checkConnection(toDraft(row), {
      checkAppUrl,
      hasCertificate,
      describeAdapter: () => describeAdapter(compileAny(one)),
    })
  const old = before ? await check(before) : []
  const errors = await check(manifest)
  return errors
    .filter((e) => !old.some(({ path, message }) => path === e.path && message === e.message))
    .map(({ path, message }) => ({ path: `connections.${row.name}.${path}`, message }))
}
