/** The access review of a connection, page by page: who its clients manage, and whom nobody does. */
import type { Connection } from '../access/connection.ts'
import { managedRows, orphanRows } from '../db/access-rows.ts'
import type { Database } from '../db/database.ts'
import type { Scan } from '../db/scan.ts'
import { Scans } from '../db/scans.ts'
import { managedPerson, orphanPerson, type ReviewedPerson } from '../govern/access-review.ts'
import { parseShadow } from '../mapping/shadow.ts'
import type { ResourceDefinition } from '../scim/schema.ts'

export interface Review {
  readonly type: string
  /** A part of a name or key, or an id; absent: everybody. */
  readonly text?: string | undefined
  /** Milliseconds since 1970: only who was switched off by then. */
  readonly inactiveBefore: number | undefined
  /** True: accounts of the app that no client manages, by the last finished scan. */
  readonly orphans: boolean
}

export interface ReviewPage {
  readonly items: readonly ReviewedPerson[]
  /** Key after which the next page begins; undefined: this is the last. */
  readonly next: string | undefined
}

const SCANS = 50

/** The last scan of this type that has come to its end. */
export async function lastScan(
  db: Database,
  connection: string,
  type: string,
): Promise<Scan | undefined> {
  const scans = await new Scans(db, connection).latest(SCANS)
  return scans.find((scan) => scan.type === type && scan.state === 'done')
}

/** @param scan of `lastScan`; only orphans need it */
export async function reviewPage(
  { connection, db }: { readonly connection: Connection; readonly db: Database },
  { type, text, inactiveBefore, orphans }: Review,
  scan: Scan | undefined,
  after: string,
  limit: number,
): Promise<ReviewPage> {
  const definition = connection.definitions.get(type)
  if (!definition || (orphans && !scan)) return { items: [], next: undefined }
  if (orphans && scan) {
    const rows = await orphanRows(db, connection.id, { scan: scan.id, after, limit: limit + 1 })
    const at = scan.finishedAt === undefined ? null : new Date(scan.finishedAt).toISOString()
    return paged(
      rows,
      limit,
      (row) => orphanPerson(row, at),
      (row) => row.nativeId,
    )
  }
  const query = { type, text, inactiveBefore, after, limit: limit + 1 }
  const rows = await managedRows(db, connection.id, query)
  return paged(
    rows,
    limit,
    (row) => managedPerson(definition, row, sentName(definition, row.shadow)),
    (row) => row.id,
  )
}

/** Of these links, by id, those that a client manages. */
export async function reviewOf(
  { connection, db }: { readonly connection: Connection; readonly db: Database },
  ids: readonly string[],
): Promise<ReadonlyMap<string, ReviewedPerson>> {
  if (ids.length === 0) return new Map()
  const types = [...connection.definitions]
  const found = await Promise.all(
    types.map(async ([type, definition]) => {
      const query = { type, ids, inactiveBefore: undefined, after: '', limit: ids.length }
      const rows = await managedRows(db, connection.id, query)
      return rows.map((row): [string, ReviewedPerson] => [
        row.id,
        managedPerson(definition, row, sentName(definition, row.shadow)),
      ])
    }),
  )
  return new Map(found.flat())
}

function paged<Row>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => ReviewedPerson,
  keyOf: (row: Row) => string,
): ReviewPage {
  const shown = rows.slice(0, limit)
  const last = rows.length > limit ? shown.at(-1) : undefined
  return { items: shown.map(toItem), next: last === undefined ? undefined : keyOf(last) }
}

/** What the client last called the resource by the first attribute that is unique, letter case and all. */
function sentName(definition: ResourceDefinition, shadow: string): string | undefined {
  const { kept, echo, held } = parseShadow(shadow)
  for (const { name, uniqueness, mutability } of definition.attributes) {
    if (uniqueness === 'none' || mutability === 'readOnly') continue
    const sent = kept[name] ?? held[name] ?? echo[name]?.sent
    if (typeof sent === 'string') return sent
  }
  return undefined
}
