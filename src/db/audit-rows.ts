/** The audit, as it is read: newest first, a row for each request, and for each write that has none. */
import { type SQL, sql } from 'drizzle-orm'
import type { Actor, AuditedCall, Outcome } from './audit.ts'
import type { Database } from './database.ts'

export interface AuditRow {
  readonly seq: number
  /** `answered`: a request of a client; `decided`: a write. */
  readonly kind: 'answered' | 'decided'
  /** Milliseconds. */
  readonly at: number
  readonly request: string
  readonly type: string
  /** SCIM id; empty where there is none. */
  readonly link: string
  readonly op: string
  readonly decision: string
  readonly detail: Readonly<Record<string, unknown>>
  /** Undefined on rows that are older than the column. */
  readonly actor: Actor | undefined
  readonly method: string | undefined
  readonly outcome: Outcome | undefined
  readonly status: number | undefined
  readonly ms: number | undefined
  readonly calls: readonly AuditedCall[]
  readonly asked: Readonly<Record<string, unknown>>
  readonly given: Readonly<Record<string, unknown>> | undefined
}

export interface AuditQuery {
  /** Undefined: of everybody. Rows of any of the links, and those about any of the keys. */
  readonly person:
    | { readonly links: readonly string[]; readonly abouts: readonly string[] }
    | undefined
  readonly request: string | undefined
  /** Milliseconds: from, and before. */
  readonly since: number | undefined
  readonly until: number | undefined
  readonly outcome: Outcome | undefined
  readonly op: string | undefined
  /** Any of these; undefined: whatever was decided. */
  readonly decisions: readonly string[] | undefined
  /** True: only requests with attributes that no schema of the connection has. */
  readonly hasUnknown: boolean
  readonly after: { readonly at: number; readonly seq: number } | undefined
  readonly limit: number
}

interface StoredRow {
  seq: number
  kind: 'answered' | 'decided'
  at: number
  request: string
  type: string
  link: string
  op: string
  decision: string
  detail: string
  actor: string
  method: string | null
  outcome: Outcome | null
  status: number | null
  ms: number | null
  calls: string
  asked: string
  given: string | null
}

/** Writes of one request that are shown with it: a Bulk request makes hundreds. */
const WITH_ONE = 100

export class AuditRows {
  readonly #db: Database
  readonly #connection: string

  constructor(db: Database, connection: string) {
    this.#db = db
    this.#connection = connection
  }

  async list(query: AuditQuery): Promise<AuditRow[]> {
    const { person, limit } = query
    const where = this.#where(query)
    const order = sql`ORDER BY at DESC, seq DESC LIMIT ${limit}`
    if (!person) return this.#select(sql`${where} ${order}`)
    const links = sql`link <> '' AND link IN (SELECT value FROM json_each(${JSON.stringify(person.links)}))`
    const abouts = sql`about IN (SELECT value FROM json_each(${JSON.stringify(person.abouts)}))`
    // Each branch goes by its own index.
    const [byLink, byKey] = await Promise.all([
      this.#select(sql`${where} AND ${links} ${order}`),
      this.#select(sql`${where} AND ${abouts} ${order}`),
    ])
    const all = new Map([...byLink, ...byKey].map((row) => [row.seq, row]))
    return [...all.values()].sort((a, b) => b.at - a.at || b.seq - a.seq).slice(0, limit)
  }

  /** The writes of these requests, oldest first, by request. */
  async writesOf(requests: readonly string[]): Promise<ReadonlyMap<string, readonly AuditRow[]>> {
    if (requests.length === 0) return new Map()
    const rows = await this.#select(sql`kind = 'decided'
       AND request IN (SELECT value FROM json_each(${JSON.stringify(requests)}))
     ORDER BY seq LIMIT ${WITH_ONE * requests.length}`)
    return Map.groupBy(rows, ({ request }) => request)
  }

  #where(query: AuditQuery): SQL {
    const { person, request, since, until, outcome, op, decisions, hasUnknown, after } = query
    // A write is told with its request, where the request itself is in the answer.
    const covered = sql`EXISTS (
      SELECT 1 FROM audit b
       WHERE b.connection = audit.connection AND b.request = audit.request AND b.kind = 'answered'
         ${person ? sql`AND b.link = audit.link` : sql``}
         ${op === undefined ? sql`` : sql`AND b.op = audit.op`})`
    return sql`
      ${request === undefined ? sql`` : sql`request = ${request} AND`}
      ${since === undefined ? sql`` : sql`at >= ${since} AND`}
      ${until === undefined ? sql`` : sql`at < ${until} AND`}
      ${op === undefined ? sql`` : sql`op = ${op} AND`}
      ${outcome === undefined ? sql`` : sql`${outcomeIs(outcome)} AND`}
      ${decisions ? sql`decision IN (SELECT value FROM json_each(${JSON.stringify(decisions)})) AND` : sql``}
      ${hasUnknown ? sql`json_extract(asked, '$.further') > 0 AND` : sql``}
      ${after ? sql`at <= ${after.at} AND (at < ${after.at} OR seq < ${after.seq}) AND` : sql``}
      (kind = 'answered' OR NOT ${covered})`
  }

  async #select(rest: SQL): Promise<AuditRow[]> {
    const rows = await this.#db.all<StoredRow>(sql`
      SELECT seq, kind, at, request, type, link, op, decision, detail, actor, method, outcome, status,
             ms, calls, asked, given
        FROM audit WHERE connection = ${this.#connection} AND ${rest}`)
    return rows.map(toRow)
  }
}

/** A write that no request covers is done, unless it says that it was cut off. */
function outcomeIs(outcome: Outcome): SQL {
  switch (outcome) {
    case 'done':
      return sql`(outcome = 'done' OR (kind = 'decided' AND decision <> 'cut-off'))`
    case 'failed':
      return sql`(outcome = 'failed' OR (kind = 'decided' AND decision = 'cut-off'))`
    case 'unchanged':
    case 'answered':
    case 'refused':
      return sql`outcome = ${outcome}`
  }
}

/** The one change that the audit takes: values of a person who is erased. */
export function forgetGiven(
  connection: string,
  links: readonly string[],
  abouts: readonly string[],
): SQL {
  return sql`
    UPDATE audit SET given = NULL, about = NULL
     WHERE connection = ${connection} AND seq IN (
       SELECT seq FROM audit WHERE connection = ${connection} AND link <> ''
          AND link IN (SELECT value FROM json_each(${JSON.stringify(links)}))
       UNION ALL
       SELECT seq FROM audit WHERE connection = ${connection}
          AND about IN (SELECT value FROM json_each(${JSON.stringify(abouts)})))`
}

function toRow(row: StoredRow): AuditRow {
  const actor = JSON.parse(row.actor) as Partial<Actor>
  return {
    seq: row.seq,
    kind: row.kind,
    at: row.at,
    request: row.request,
    type: row.type,
    link: row.link,
    op: row.op,
    decision: row.decision,
    detail: JSON.parse(row.detail) as AuditRow['detail'],
    actor: actor.kind === undefined ? undefined : (actor as Actor),
    method: row.method ?? undefined,
    outcome: row.outcome ?? undefined,
    status: row.status ?? undefined,
    ms: row.ms ?? undefined,
    calls: JSON.parse(row.calls) as AuditedCall[],
    asked: JSON.parse(row.asked) as AuditRow['asked'],
    given: row.given === null ? undefined : (JSON.parse(row.given) as AuditRow['given']),
  }
}
