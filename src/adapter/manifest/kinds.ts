/** The kinds of manifests that there are: requests of an HTTP API, or tables of a database. */
import * as z from 'zod'
import type { Adapter } from '../contract.ts'
import { compileTables } from '../tables/compile.ts'
import { shapeOfTables, type TablesManifest, tablesManifestSchema } from '../tables/schema.ts'
import { movedTables, readsTablesOtherwise } from '../tables/upgrade.ts'
import { compileManifest } from './compile.ts'
import { type Manifest, manifestSchema, shapeOfManifest } from './schema.ts'
import { type Moved, movedIdentity, readsOtherwise } from './upgrade.ts'

export type AnyManifest = Manifest | TablesManifest

/** By its own `kind`, so that what is wrong with it is said of that kind alone. */
export function parseAnyManifest(document: unknown): z.ZodSafeParseResult<AnyManifest> {
  const isOther =
    typeof document === 'object' && document !== null && Object.hasOwn(document, 'kind')
  return isOther ? tablesManifestSchema.safeParse(document) : manifestSchema.safeParse(document)
}

function isTables(manifest: AnyManifest): manifest is TablesManifest {
  return 'kind' in manifest
}

export function compileAny(manifest: AnyManifest): Adapter {
  return (isTables(manifest) ? compileTables(manifest) : compileManifest(manifest)) as Adapter
}

/** What stands against another manifest in the place of this one, while there are links. */
export function movedByAny(from: AnyManifest, to: AnyManifest): readonly Moved[] {
  if (isTables(from) && isTables(to)) return movedTables(from, to)
  if (!isTables(from) && !isTables(to)) return movedIdentity(from, to)
  return Object.keys(from.resources).map((type) => ({
    type,
    path: ['kind'],
    message: 'is another kind of manifest, and has linked objects',
  }))
}

export function readsAnyOtherwise(from: AnyManifest, to: AnyManifest): boolean {
  if (isTables(from) && isTables(to)) return readsTablesOtherwise(from, to)
  return isTables(from) || isTables(to) || readsOtherwise(from, to)
}

/** JSON Schema (2020-12) of what an author writes. */
export function manifestJsonSchema(): object {
  return z.toJSONSchema(z.union([shapeOfManifest, shapeOfTables]), {
    io: 'input',
    target: 'draft-2020-12',
    reused: 'ref',
  })
}
