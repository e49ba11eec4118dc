/** Reconcile and pre-flight of the admin API, as routes behind its door. */
import type { Context, Hono } from 'hono'
import * as z from 'zod'
import type { Connection } from '../access/connection.ts'
import { Preflights, VERDICTS } from '../db/preflights.ts'
import { type Scan, type ScannedAccount, SITUATIONS } from '../db/scan.ts'
import { Scanned } from '../db/scanned.ts'
import { Scans } from '../db/scans.ts'
import { unknownPaths } from '../jobs/entra-export.ts'
import type { Jobs } from '../jobs/jobs.ts'
import { preflight } from '../jobs/preflight.ts'
import type { Judged } from '../jobs/preflight-verdict.ts'
import { advanceScan, REQUEST_BUDGET, startScan } from '../jobs/scan.ts'
import { isoOf } from '../scim/date-time.ts'
import { route } from './api.ts'
import { readJson } from './body.ts'
import { PAGE_SIZE, textAfter, toCursor } from './cursor.ts'
import { invalidInput, invalidMembers, Problem } from './problem.ts'
import { connectionOf, oneOf } from './query.ts'

/** Names of people in one request, of its megabyte. */
const MAX_PEOPLE = 2_000
const MAX_AGE_MINUTES = 60

const scanInput = z.strictObject({
  dryRun: z.boolean().default(false),
  type: z.string().min(1).max(100).default('User'),
  acceptShrink: z.boolean().default(false),
})

const exportedUser = z.record(z.string().max(200), z.unknown())
const preflightInput = z.object({
  value: z.array(exportedUser).max(MAX_PEOPLE),
  preflight: z.string().max(100).optional(),
  /** False: more people follow, and orphans are counted with the last of them. */
  complete: z.boolean().default(true),
  maxAgeMinutes: z.number().min(0).max(10_080).default(MAX_AGE_MINUTES),
  /** SCIM path to the name of a Graph property. */
  attributes: z.record(z.string().max(500), z.string().min(1).max(200)).default({}),
})

/** Rows of one answer, where the caller asks for more than a page. */
const MAX_LIMIT = 1_000

const advanceInput = z.strictObject({
  ms: z.int().min(1).max(REQUEST_BUDGET.ms).default(REQUEST_BUDGET.ms),
})

/** For `adminApi`'s `more`. */
export function reconcileRoutes(jobs: Jobs): (api: Hono) => void {
  const scansOf = (connection: Connection) => new Scans(jobs.openData(connection), connection.id)
  const preflightsOf = (connection: Connection) =>
    new Preflights(jobs.openData(connection), connection.id)

  async function report(c: Context, connection: Connection, scan: Scan) {
    const situation = oneOf(c, 'situation', SITUATIONS)
    const rows = await new Scanned(jobs.openData(connection), scan).accounts(
      situation === undefined ? [] : [situation],
      textAfter(c.req.query('cursor')),
      limitOf(c) + 1,
    )
    return { ...scanView(scan), ...accountPage(rows, limitOf(c)) }
  }

  return (api) => {
    route(api, '/connections/:name/reconcile', {
      GET: async (c) => {
        const scans = await scansOf(await connectionOf(jobs, c)).latest(PAGE_SIZE)
        return c.json({ items: scans.map(scanView) })
      },
      POST: async (c) => {
        const connection = await connectionOf(jobs, c)
        const parsed = scanInput.safeParse(await readJson(c, {}))
        if (!parsed.success) throw invalidInput(invalidMembers(parsed.error, []))
        const { type, ...options } = parsed.data
        const begun = await startScan(jobs, connection, type, options)
        if (begun.kind === 'no-type') throw noType('type')
        if (begun.kind === 'busy') {
          throw new Problem(
            409,
            `The scan ${begun.scan.id} of this type is running, with other options: wait for its end`,
          )
        }
        return c.json(scanView(begun.scan), 202)
      },
    })

    route(api, '/connections/:name/reconcile/:id', {
      GET: async (c) => {
        const connection = await connectionOf(jobs, c)
        const scan = await scansOf(connection).get(c.req.param('id') ?? '')
        if (!scan) throw noScan()
        return c.json(await report(c, connection, scan))
      },
    })

    route(api, '/connections/:name/reconcile/:id/advance', {
      POST: async (c) => {
        const connection = await connectionOf(jobs, c)
        const parsed = advanceInput.safeParse(await readJson(c, {}))
        if (!parsed.success) throw invalidInput(invalidMembers(parsed.error, []))
        const scan = await advanceScan(jobs, connection, c.req.param('id') ?? '', {
          ...REQUEST_BUDGET,
          ...parsed.data,
        })
        if (!scan) throw noScan()
        return c.json(scanView(scan))
      },
    })

    route(api, '/connections/:name/preflight', {
      POST: async (c) => {
        const connection = await connectionOf(jobs, c)
        const body = await readJson(c)
        const parsed = preflightInput.safeParse(Array.isArray(body) ? { value: body } : body)
        if (!parsed.success) throw invalidInput(invalidMembers(parsed.error, []))
        const { value, maxAgeMinutes, attributes, complete, ...given } = parsed.data
        refuseUnknownPaths(connection, attributes)
        const outcome = await preflight(jobs, connection, {
          people: value,
          preflight: given.preflight,
          maxAgeMs: maxAgeMinutes * 60_000,
          changed: attributes,
        })
        switch (outcome.kind) {
          case 'no-type':
            throw noType('')
          case 'no-preflight':
            throw noPreflight()
          case 'wait':
            return c.json({ waitFor: scanView(outcome.scan) }, 202)
          case 'judged': {
            const { id, scan, people } = outcome
            const preflights = preflightsOf(connection)
            const orphans = complete
              ? { count: await preflights.countOrphans(id, scan), ...(await orphansAfter('')) }
              : undefined
            return c.json({
              preflight: id,
              scan: scanView(scan),
              counts: withZeros(await preflights.counts(id)),
              items: people,
              ...(orphans && { orphans }),
            })

            async function orphansAfter(after: string) {
              return accountPage(
                await preflights.orphans(id, scan, after, limitOf(c) + 1),
                limitOf(c),
              )
            }
          }
        }
      },
    })

    route(api, '/connections/:name/preflight/:id', {
      GET: async (c) => {
        const connection = await connectionOf(jobs, c)
        const id = c.req.param('id') ?? ''
        const preflights = preflightsOf(connection)
        const scanId = await preflights.scanOf(id)
        const scan = scanId === undefined ? undefined : await scansOf(connection).get(scanId)
        if (!scan) throw noPreflight()
        const [counts, count, rows] = await Promise.all([
          preflights.counts(id),
          preflights.countOrphans(id, scan),
          preflights.orphans(id, scan, textAfter(c.req.query('cursor')), limitOf(c) + 1),
        ])
        return c.json({
          preflight: id,
          scan: scanView(scan),
          counts: withZeros(counts),
          orphans: { count, ...accountPage(rows, limitOf(c)) },
        })
      },
    })
  }
}

// ---- views -----------------------------------------------------------------------------------------

/** What `POST /preflight` answers: judged, or what has to end first. */
export type PreflightAnswer =
  | { readonly waitFor: ScanView }
  | (PreflightView & { readonly items: readonly Judged[] })
export interface PreflightView {
  readonly preflight: string
  readonly scan: ScanView
  /** By verdict. */
  readonly counts: Readonly<Record<string, number>>
  /** Accounts that nobody of the export matches; absent while more people follow. */
  readonly orphans?: ReturnType<typeof accountPage> & { readonly count: number }
}
export type ScanView = ReturnType<typeof scanView>
export type ScannedView = ReturnType<typeof accountPage>['items'][number]
/** A page of the report of a scan. */
export type ScanReport = ScanView & ReturnType<typeof accountPage>

/** A scan as an administrator sees it. Times are ISO 8601. */
function scanView(scan: Scan) {
  return {
    id: scan.id,
    type: scan.type,
    dryRun: scan.dryRun,
    state: scan.state,
    phase: scan.state === 'running' ? scan.phase : null,
    seen: scan.seen,
    total: scan.total ?? null,
    note: scan.note ?? null,
    counts:
      scan.state === 'running'
        ? null
        : Object.fromEntries(SITUATIONS.map((name) => [name, scan.counts[name] ?? 0])),
    /** Accounts that had drifted and in which something was put back. */
    restored: scan.counts.restored ?? 0,
    startedAt: isoOf(scan.startedAt),
    touchedAt: isoOf(scan.touchedAt),
    finishedAt: isoOf(scan.finishedAt),
  }
}

/** Rows were asked for with one more than `limit`, which tells whether there is a next page. */
function accountPage(rows: readonly ScannedAccount[], limit: number) {
  const shown = rows.slice(0, limit)
  const last = rows.length > limit ? shown.at(-1) : undefined
  return {
    items: shown.map(({ nativeId, link, display, situation, detail }) => ({
      nativeId,
      id: link ?? null,
      display: display ?? null,
      situation,
      detail,
    })),
    ...(last && { nextCursor: toCursor([last.nativeId]) }),
  }
}

const withZeros = (counts: Readonly<Partial<Record<(typeof VERDICTS)[number], number>>>) =>
  Object.fromEntries(VERDICTS.map((verdict) => [verdict, counts[verdict] ?? 0]))

// ---- input -----------------------------------------------------------------------------------------

function refuseUnknownPaths(
  connection: Connection,
  attributes: Readonly<Record<string, string>>,
): void {
  const definition = connection.definitions.get('User')
  const unknown = definition ? unknownPaths(definition, attributes) : []
  if (unknown.length === 0) return
  throw invalidInput(
    unknown.map((path) => ({ path: `attributes.${path}`, message: 'no attribute of a User' })),
  )
}

function limitOf(c: Context): number {
  const text = c.req.query('limit')
  if (text === undefined) return PAGE_SIZE
  const limit = Number(text)
  if (/^[1-9]\d{0,3}$/.test(text) && limit <= MAX_LIMIT) return limit
  throw new Problem(400, 'The limit is not a number of rows', {
    errors: [{ path: 'limit', message: `must be a whole number from 1 to ${MAX_LIMIT}` }],
  })
}

const noScan = () => new Problem(404, 'The connection has no scan of this id')
const noPreflight = () =>
  new Problem(404, 'The connection has no pre-flight of this id any more: begin a new one')
const noType = (path: string) =>
  invalidInput([{ path, message: 'the connection, or its app, has no such resource type' }])
