/** The access review as a route of the admin API, and its export. */
import type { Context, Hono } from 'hono'
import * as z from 'zod'
import type { Connection } from '../access/connection.ts'
import type { Database } from '../db/database.ts'
import type { Scan } from '../db/scan.ts'
import type { ReviewedPerson } from '../govern/access-review.ts'
import { lastScan, type Review, reviewPage } from '../jobs/access-review.ts'
import { isoOf } from '../scim/date-time.ts'
import { route } from './api.ts'
import type { AuditDeps } from './audit.ts'
import { PAGE_SIZE, textAfter, toCursor } from './cursor.ts'
import { EXPORT_FORMATS, exported } from './export.ts'
import { invalidInput } from './problem.ts'
import { connectionOf, oneOf } from './query.ts'

export interface AccessDeps extends AuditDeps {
  /** Milliseconds since 1970. */
  readonly now: () => number
}

const DAY_MS = 24 * 3_600_000
const daysInput = z.coerce.number().int().min(0).max(3650)

/** A page of the review. */
export interface AccessView {
  readonly items: readonly ReviewedPerson[]
  /** What holds for all lines, in words. */
  readonly notes: readonly string[]
  readonly nextCursor?: string
}

/** For `adminApi`'s `more`. */
export function accessRoutes(deps: AccessDeps): (api: Hono) => void {
  return (api) => {
    route(api, '/connections/:name/access', {
      GET: async (c) => {
        const connection = await connectionOf(deps, c)
        const format = oneOf(c, 'format', EXPORT_FORMATS) ?? 'json'
        const review = reviewOf(deps, connection, c)
        // Who was seen last is in the audit.
        await deps.audit.flush()
        const db = deps.openData(connection)
        const scan = await lastScan(db, connection.id, review.type)
        const given = { connection, db }
        if (format !== 'json') {
          const pages = personPages(given, review, scan)
          return exported(format, `access-${connection.name}`, ACCESS_COLUMNS, pages, accessCells)
        }
        const { items, next } = await reviewPage(
          given,
          review,
          scan,
          textAfter(c.req.query('cursor')),
          PAGE_SIZE,
        )
        return c.json({
          type: review.type,
          /** Orphans are those of this scan; null: none has finished. */
          scan: scan ? { id: scan.id, finishedAt: isoOf(scan.finishedAt) } : null,
          notes: notesOf(connection, review, scan),
          items,
          ...(next !== undefined && { nextCursor: toCursor([next]) }),
        })
      },
    })
  }
}

/** What a reader would otherwise take for knowledge. */
function notesOf({ policy }: Connection, { orphans }: Review, scan: Scan | undefined): string[] {
  const { retentionDays, reads } = policy.audit
  return [
    ...(orphans && !scan
      ? ['No scan has finished: which accounts nobody manages is not known. Run a reconcile.']
      : []),
    `lastSeen and lastChange reach back ${retentionDays} days, as far as the audit does.`,
    ...(reads ? [] : ['Reads are not kept (policy.audit.reads): lastSeen is that of writes.']),
    'groups are those that Postern has recorded or read; the app may have more.',
  ]
}

async function* personPages(
  given: { readonly connection: Connection; readonly db: Database },
  review: Review,
  scan: Scan | undefined,
): AsyncGenerator<readonly ReviewedPerson[]> {
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page = await reviewPage(given, review, scan, after, PAGE_SIZE)
    yield page.items
    after = page.next
  }
}

// ---- views -------------------------------------------------------------------------------------------

const ACCESS_COLUMNS = [
  ...['kind', 'id', 'userName', 'display', 'nativeId', 'state', 'active', 'inactiveSince'],
  ...['since', 'how', 'rule', 'by', 'groups', 'lastChange', 'lastSeen', 'told', 'notKnown'],
]

function accessCells(person: ReviewedPerson) {
  const { groups, notKnown } = person
  return [
    ...[person.kind, person.id, person.userName, person.display, person.nativeId, person.state],
    ...[person.active, person.inactiveSince, person.since, person.how, person.rule, person.by],
    groups.map(({ id, display }) => display ?? id).join('; '),
    ...[person.lastChange, person.lastSeen, person.told, notKnown.join(' ')],
  ]
}

// ---- input -------------------------------------------------------------------------------------------

function reviewOf({ now }: AccessDeps, connection: Connection, c: Context): Review {
  const type = c.req.query('type') ?? 'User'
  if (!connection.definitions.has(type)) {
    throw invalidInput([{ path: 'type', message: 'the connection has no such resource type' }])
  }
  const days = c.req.query('inactiveDays')
  const parsed = days === undefined ? undefined : daysInput.safeParse(days)
  if (parsed?.success === false) {
    const message = 'must be a whole number of days, 0 to 3650'
    throw invalidInput([{ path: 'inactiveDays', message }])
  }
  const orphans = oneOf(c, 'orphans', ['true', 'false']) === 'true'
  if (orphans && parsed) {
    const message = 'is about people that a client manages: leave "orphans" out'
    throw invalidInput([{ path: 'inactiveDays', message }])
  }
  return { type, orphans, inactiveBefore: parsed && now() - parsed.data * DAY_MS }
}
