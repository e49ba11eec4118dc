/** The audit as routes of the admin API: a timeline, newest first, and its export. */
import type { Context, Hono } from 'hono'
import * as z from 'zod'
import type { Connection } from '../access/connection.ts'
import { OUTCOMES, REQUEST_OPS } from '../db/audit.ts'
import { type AuditQuery, type AuditRow, AuditRows } from '../db/audit-rows.ts'
import type { Database } from '../db/database.ts'
import type { AuditBatch } from '../govern/audit-batch.ts'
import { tell } from '../govern/sentences.ts'
import type { ValueHashes } from '../govern/value-hashes.ts'
import { whoseRows } from '../govern/whose.ts'
import { route } from './api.ts'
import { badCursor, PAGE_SIZE, parseCursor, toPage } from './cursor.ts'
import { EXPORT_FORMATS, exported } from './export.ts'
import { Problem } from './problem.ts'
import { connectionOf, oneOf } from './query.ts'

export interface AuditDeps {
  readonly access: { named(name: string): Promise<Connection | undefined> }
  readonly openData: (connection: Connection) => Database
  readonly hashes: ValueHashes
  readonly audit: AuditBatch
}

const OPS = [...REQUEST_OPS, 'members', 'decide'] as const
const PERSON_MAX = 1_000

/** For `adminApi`'s `more`. */
export function auditRoutes(deps: AuditDeps): (api: Hono) => void {
  return (api) => {
    route(api, '/connections/:name/audit', {
      GET: async (c) => {
        const connection = await connectionOf(deps, c)
        const format = oneOf(c, 'format', EXPORT_FORMATS) ?? 'json'
        // What this isolate has not written yet; others have within seconds.
        await deps.audit.flush()
        const query = await queryOf(deps, connection, c)
        const rows = new AuditRows(deps.openData(connection), connection.id)
        if (format !== 'json') {
          const pages = entryPages(rows, query)
          return exported(format, `audit-${connection.name}`, AUDIT_COLUMNS, pages, auditCells)
        }
        const found = await rows.list({ ...query, limit: PAGE_SIZE + 1 })
        const writes = await writesOf(rows, found.slice(0, PAGE_SIZE))
        const view = (row: AuditRow) => entryView(row, writes.get(row) ?? [])
        return c.json(toPage(found, view, (row) => [row.at, row.seq]))
      },
    })
  }
}

async function* entryPages(rows: AuditRows, query: AuditQuery): AsyncGenerator<AuditEntryView[]> {
  let { after } = query
  for (;;) {
    const found = await rows.list({ ...query, after, limit: PAGE_SIZE })
    const writes = await writesOf(rows, found)
    yield found.map((row) => entryView(row, writes.get(row) ?? []))
    const last = found.at(-1)
    if (!last || found.length < PAGE_SIZE) return
    after = { at: last.at, seq: last.seq }
  }
}

async function writesOf(rows: AuditRows, found: readonly AuditRow[]) {
  const answered = found.filter(({ kind }) => kind === 'answered')
  const byRequest = await rows.writesOf(answered.map(({ request }) => request))
  // A part of a Bulk request that was refused has written nothing.
  const whole = answered.filter(({ detail }) => detail['part'] === undefined)
  return new Map(whole.map((row) => [row, byRequest.get(row.request) ?? []]))
}

// ---- views -------------------------------------------------------------------------------------------

export type AuditEntryView = ReturnType<typeof entryView>

/** One request, or one piece of work, told in order. */
function entryView(row: AuditRow, writes: readonly AuditRow[]) {
  const isRequest = row.kind === 'answered'
  return {
    at: new Date(row.at).toISOString(),
    request: row.request,
    kind: isRequest ? ('request' as const) : ('work' as const),
    actor: row.actor ?? null,
    method: row.method ?? null,
    op: row.op,
    type: row.type === '' ? null : row.type,
    id: row.link === '' ? null : row.link,
    outcome: row.outcome ?? (row.decision === 'cut-off' ? 'failed' : 'done'),
    status: row.status ?? null,
    ms: row.ms ?? null,
    decision: row.decision,
    detail: row.detail,
    asked: row.asked,
    /** In the order of `asked`; null: none are kept. */
    values: row.given ?? null,
    writes: writes.map((write) => ({
      at: new Date(write.at).toISOString(),
      op: write.op,
      type: write.type,
      id: write.link,
      decision: write.decision,
      detail: write.detail,
    })),
    calls: row.calls.map(({ method, route: where, status, failure, ms }) => ({
      ...{ method, route: where, status: status ?? null, failure: failure ?? null, ms },
    })),
    ...tell(row, writes),
  }
}

const AUDIT_COLUMNS = [
  ...['at', 'request', 'who', 'whoId', 'method', 'op', 'type', 'id', 'outcome', 'status', 'ms'],
  ...['decision', 'rule', 'changed', 'findings', 'appCalls', 'appFailures'],
  ...['came', 'decided', 'answered'],
]

function auditCells(entry: AuditEntryView) {
  const { detail, calls, writes } = entry
  const changed = [detail, ...writes.map((write) => write.detail)].flatMap((one) =>
    Array.isArray(one['changed']) ? one['changed'].map(String) : [],
  )
  const findings = [detail['findings'], detail['finding']].flat().filter(Boolean).map(String)
  return [
    entry.at,
    entry.request,
    entry.actor?.kind,
    entry.actor?.label ?? entry.actor?.id,
    entry.method,
    entry.op,
    entry.type,
    entry.id,
    entry.outcome,
    entry.status,
    entry.ms,
    entry.decision,
    typeof detail['rule'] === 'string' ? detail['rule'] : undefined,
    [...new Set(changed)].join(' '),
    findings.join(' '),
    calls.length + Number(detail['furtherCalls'] ?? 0),
    calls.filter(({ failure, status }) => failure !== null || (status ?? 0) >= 500).length,
    entry.came,
    entry.decided,
    entry.answered,
  ]
}

// ---- input -------------------------------------------------------------------------------------------

async function queryOf(
  { openData, hashes }: AuditDeps,
  connection: Connection,
  c: Context,
): Promise<AuditQuery> {
  const text = textOf(c, 'person')
  const db = openData(connection)
  return {
    person: text === undefined ? undefined : await whoseRows({ connection, db, hashes }, text),
    request: textOf(c, 'request'),
    since: timeOf(c, 'since'),
    until: timeOf(c, 'until'),
    outcome: oneOf(c, 'outcome', OUTCOMES),
    op: oneOf(c, 'op', OPS),
    decisions: textOf(c, 'decision')?.split(','),
    hasUnknown: oneOf(c, 'unknown', ['true']) !== undefined,
    after: afterOf(c),
    limit: PAGE_SIZE,
  }
}

function textOf(c: Context, name: string): string | undefined {
  const text = c.req.query(name)
  if (text === undefined || (text !== '' && text.length <= PERSON_MAX)) return text
  throw new Problem(400, `The ${name} is empty or too long`, {
    errors: [{ path: name, message: `must have 1 to ${PERSON_MAX} characters` }],
  })
}

const time = z.iso.datetime({ offset: true })

function timeOf(c: Context, name: string): number | undefined {
  const text = c.req.query(name)
  if (text === undefined) return undefined
  if (time.safeParse(text).success) return Date.parse(text)
  throw new Problem(400, `${name} is no time`, {
    errors: [{ path: name, message: 'must be ISO 8601 with a zone, as 2026-11-24T18:00:00Z' }],
  })
}

function afterOf(c: Context): AuditQuery['after'] {
  const cursor = c.req.query('cursor')
  if (cursor === undefined) return undefined
  const [at, seq] = parseCursor(cursor)
  if (typeof at !== 'number' || typeof seq !== 'number') throw badCursor()
  return { at, seq }
}
