/** What becomes of the requests that an isolate keeps for the audit: rows, sums, and updates that ended. */
import type { Connection } from '../access/connection.ts'
import type { Answered } from '../db/audit.ts'
import type { Heard as Sums } from '../db/counters.ts'
import { BOUNDS_MS, SPAN_MS } from '../db/traffic.ts'
import type { Said } from './asked.ts'
import { isWriteOp, type Row } from './hear.ts'
import { given, hashed, shown } from './said-values.ts'
import type { Trail } from './trail.ts'
import type { ValueHashes } from './value-hashes.ts'

export interface Kept {
  readonly connection: Connection
  readonly row: Row
  readonly said: Said | undefined
  readonly trail: Trail
  /** `both`, but for a part of a Bulk request (no sum of its own) and a flood of one kind (no row). */
  readonly as: 'both' | 'row' | 'sum'
}

/** An update that has come to its end, whatever that was: it was not cut off. */
export interface Ended {
  readonly request: string
  readonly link: string
}

/** The row that is stored. */
export async function answeredOf(
  hashes: ValueHashes,
  { connection, row, said }: Kept,
): Promise<Answered> {
  const { values } = connection.policy.audit
  const { id } = connection
  const base = { ...row, connection: id, asked: said?.asked ?? {} }
  if (values === 'none' || !said) return { ...base, given: undefined, about: undefined }
  try {
    // A request whose link is known is found by that; a create that went well ends those that did not.
    const about = row.link === '' || row.op === 'create' ? said.about : undefined
    return {
      ...base,
      given: await given(said, values === 'shown' ? shown : hashed(hashes, id)),
      about: about && (await hashes.about(id, about.kind, about.norm)),
    }
  } catch {
    // Without a sealing key there is nothing to hash by, and nothing is kept.
    return { ...base, given: undefined, about: undefined }
  }
}

export function isStored({ connection, row, as }: Kept): boolean {
  if (as === 'sum') return false
  return connection.policy.audit.reads || isWriteOp(row.op) || row.status >= 400
}

/** As it is stored. */
export const endedFor = (connection: string, ended: readonly Ended[]) =>
  ended.map((one) => ({ ...one, connection }))

export function endedIn(rows: readonly Kept[]) {
  return rows.flatMap(({ connection, trail: { begun, request } }) =>
    endedFor(
      connection.id,
      [...begun].map((link) => ({ request, link })),
    ),
  )
}

export function spansOf(rows: readonly Kept[]): Sums[] {
  const spans = new Map<string, Sums>()
  for (const { connection, row, trail, as } of rows) {
    if (as === 'row') continue
    const empty = emptySpan(connection.id, row.at)
    const key = `${empty.connection}\n${empty.at}`
    const span = spans.get(key) ?? empty
    const isWrite = isWriteOp(row.op)
    const which = `${row.outcome} ${row.type}`
    spans.set(key, {
      ...span,
      heardAt: Math.max(span.heardAt, row.at),
      reads: span.reads + (isWrite ? 0 : 1),
      writes: span.writes + (isWrite ? 1 : 0),
      refused: span.refused + (row.outcome === 'refused' ? 1 : 0),
      failed: span.failed + (row.outcome === 'failed' ? 1 : 0),
      calls: span.calls + trail.callMs.length,
      callsFailed: span.callsFailed + trail.callsFailed,
      requestMs: counted(span.requestMs, [row.ms]),
      callMs: counted(span.callMs, trail.callMs),
      requests: { ...span.requests, [which]: (span.requests[which] ?? 0) + 1 },
      requestMsSum: span.requestMsSum + row.ms,
      callMsSum: trail.callMs.reduce((sum, ms) => sum + ms, span.callMsSum),
    })
  }
  return [...spans.values()]
}

export function emptySpan(connection: string, at: number): Sums {
  const none = Array.from({ length: BOUNDS_MS.length + 1 }, () => 0)
  return {
    connection,
    at: at - (at % SPAN_MS),
    ...{ heardAt: 0, reads: 0, writes: 0, refused: 0, failed: 0, denied: 0, misdirected: 0 },
    ...{ calls: 0, callsFailed: 0, lost: 0, requestMs: none, callMs: none },
    ...{ requests: {}, requestMsSum: 0, callMsSum: 0 },
  }
}

function counted(classes: readonly number[], all: readonly number[]): number[] {
  const counts = [...classes]
  for (const ms of all) {
    const found = BOUNDS_MS.findIndex((bound) => ms <= bound)
    const at = found < 0 ? BOUNDS_MS.length : found
    counts[at] = (counts[at] ?? 0) + 1
  }
  return counts
}
