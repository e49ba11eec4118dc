/**
 * Scans: the app's list is walked in bursts that fit an invocation. Everything a burst knows is in
 * D1 when it ends, whichever way it ends: the next one, in whatever isolate, goes on from there.
 */
import type { Connection } from '../access/connection.ts'
import type { NativeObject, Page } from '../adapter/contract.ts'
import { AdapterFailure } from '../adapter/failure.ts'
import type { Write } from '../db/database.ts'
import type { Scan } from '../db/scan.ts'
import { failScan, idleScans, prunePreflights, pruneScans } from '../db/scan-upkeep.ts'
import { Scans } from '../db/scans.ts'
import type { Endpoint } from '../operations/endpoint.ts'
import { toScimError } from '../operations/failure.ts'
import { ScimError } from '../scim/error.ts'
import { eachConnection } from './each-connection.ts'
import { endpointOf } from './endpoint.ts'
import type { DataJobs, Jobs } from './jobs.ts'
import { restores } from './restore-by-policy.ts'
import { basisOf } from './scan-keys.ts'
import { readAccounts } from './scan-page.ts'
import { doubtOf, STEP_READS, STEP_RESTORES, settleStep } from './scan-settle.ts'

/** What one burst may cost. */
export interface Budget {
  /** Of the app and of D1: a Worker's invocation may make 1,000. */
  readonly calls: number
  /** Accounts that are mapped: the clock of a Worker stands still while it computes. */
  readonly accounts: number
  readonly ms: number
}

export const REQUEST_BUDGET: Budget = { calls: 600, accounts: 10_000, ms: 5_000 }
/** Of one run of the cron, for all scans that it goes on with; the sweeper runs beside it. */
const CRON_BUDGET: Budget = { calls: 400, accounts: 10_000, ms: 20_000 }
/** A page, and its part of a commit. */
const PAGE_CALLS = 2
/** A step of `missing` also reads accounts one by one. */
const STEP_CALLS = 6
/** The link, the account, what changes it, what switches it, and the commit. */
const RESTORE_CALLS = 5
/** Scans that one run of the cron goes on with, while its budget lasts. */
const AT_ONCE = 10
/** Whoever drives a scan by hand is not disturbed by the cron. */
const IDLE_MS = 30_000
/** Bursts in a row that fail; the cron makes one a minute. */
const MAX_FAILURES = 10
/** Objects in one page: an isolate has 128 MB for all its requests, and D1 takes 2 MB a value. */
const MAX_PAGE = 500
/** Objects: a commit costs three round trips to D1, however few there are in it. */
const WORTH_A_COMMIT = 250
/** Keys and names are personal data. */
const KEEP_MS = 30 * 24 * 3_600_000
const KEEP_NEWER = 3
const KEEP_PREFLIGHT_MS = 24 * 3_600_000
const PRUNE_ROWS = 5_000

export type ScanStart =
  | { readonly kind: 'started' | 'joined'; readonly scan: Scan }
  /** One that writes differently is running. */
  | { readonly kind: 'busy'; readonly scan: Scan }
  | { readonly kind: 'no-type' }

export async function startScan(
  jobs: Jobs,
  connection: Connection,
  type: string,
  options: { readonly dryRun: boolean; readonly acceptShrink: boolean },
): Promise<ScanStart> {
  const { io } = jobs
  const endpoint = await endpointOf(jobs, connection, type, 'scan')
  if (!endpoint) return { kind: 'no-type' }
  const scans = new Scans(endpoint.db, connection.id)
  const id = io.newId()
  const begun = await scans.begin({ id, type, ...options, basis: basisOf(endpoint) }, io.now())
  const scan = begun ? await scans.get(id) : await scans.running(type)
  // It ended in between: the caller gets what it asked for by asking again.
  if (!scan) return startScan(jobs, connection, type, options)
  if (begun) return { kind: 'started', scan }
  const same = scan.dryRun === options.dryRun && scan.acceptShrink === options.acceptShrink
  return { kind: same ? 'joined' : 'busy', scan }
}

/**
 * Walks on within the budget. What the app refuses is written down in the scan's note, and tried
 * again by the next burst.
 */
export async function advanceScan(
  jobs: Jobs,
  connection: Connection,
  id: string,
  budget: Budget,
): Promise<Scan | undefined> {
  return advance(jobs, connection, id, purseOf(jobs, budget))
}

async function advance(
  jobs: Jobs,
  connection: Connection,
  id: string,
  purse: Purse,
): Promise<Scan | undefined> {
  const db = jobs.openData(connection)
  const scans = new Scans(db, connection.id)
  const scan = await scans.get(id)
  if (scan?.state !== 'running') return scan
  let endpoint: Endpoint | undefined
  try {
    endpoint = await endpointOf(jobs, connection, scan.type, 'scan')
    if (endpoint && basisOf(endpoint) === scan.basis) {
      await burst(endpoint, scans, scan, purse)
    } else {
      const note =
        'The match rules or the mapping of this connection have changed since the scan began. ' +
        'Start a new one.'
      await failScan(db, id, note, jobs.io.now())
    }
  } catch (error) {
    if (endpoint && error instanceof AdapterFailure) await jobs.trouble.note(endpoint, error)
    await scans.failed(scan, noteOf(error), MAX_FAILURES, jobs.io.now())
    if (!(error instanceof AdapterFailure) && !(error instanceof ScimError)) throw error
  }
  return scans.get(id)
}

/** The cron: goes on with scans that nobody drives, and forgets old ones. */
export async function continueScans(jobs: DataJobs): Promise<void> {
  const { db, io, access } = jobs
  const purse = purseOf(jobs, CRON_BUDGET)
  const idle = await idleScans(db, io.now() - IDLE_MS, AT_ONCE)
  await eachConnection(jobs, 'scan.failed', idle, async (scans, id) => {
    const connection = await access.byId(id)
    for (const scan of scans) {
      if (!purse.isOpen()) return
      if (connection) await advance(jobs, connection, scan.id, purse)
      else await failScan(db, scan.id, 'The connection is gone.', io.now())
    }
  })
  await prunePreflights(db, io.now() - KEEP_PREFLIGHT_MS, PRUNE_ROWS)
  await pruneScans(db, { before: io.now() - KEEP_MS, keep: KEEP_NEWER, limit: PRUNE_ROWS })
}

// ---- a burst ---------------------------------------------------------------------------------------

interface Purse {
  readonly isOpen: () => boolean
  /** True, and taken from the budget, where so many calls are left. */
  readonly spend: (calls: number) => boolean
  readonly mapped: (accounts: number) => void
}

function purseOf({ io }: Pick<Jobs, 'io'>, budget: Budget): Purse {
  const until = io.now() + budget.ms
  let { calls, accounts } = budget
  const isOpen = () => calls > 0 && accounts > 0 && io.now() < until
  return {
    isOpen,
    spend(wanted) {
      if (calls < wanted || !isOpen()) return false
      calls -= wanted
      return true
    },
    mapped(number) {
      accounts -= number
    },
  }
}

async function burst(endpoint: Endpoint, scans: Scans, scan: Scan, purse: Purse): Promise<void> {
  if (scan.phase === 'walk' && !(await walk(endpoint, scans, scan, purse))) return
  while (purse.spend(STEP_CALLS)) {
    const now = await scans.get(scan.id)
    if (now?.phase === 'missing' && !purse.spend(STEP_READS)) return
    const mayRestore = now?.phase === 'findings' && !now.dryRun && restores(endpoint)
    if (mayRestore && !purse.spend(STEP_RESTORES * RESTORE_CALLS)) return
    // Where another walker is faster, this one leaves the field to it.
    if (now?.state !== 'running' || !(await settleStep(endpoint, scans, now))) return
  }
}

/** True: the walk has come to its end, and is to be settled. */
async function walk(endpoint: Endpoint, scans: Scans, begun: Scan, purse: Purse): Promise<boolean> {
  const { io } = endpoint
  let scan = begun
  let pages = await readPages(endpoint, scan.cursor, purse)
  while (pages) {
    const { items, next, total } = pages
    const { writes, fresh } = await readAccounts(endpoint, scan, items)
    if (next !== undefined && next === scan.cursor) {
      const note =
        'The app gives out the same page of its list again and again. Nothing was changed.'
      await scans.end(scan, 'failed', note, io.now(), [])
      return false
    }
    const moved = { ...scan, cursor: next, seen: scan.seen + fresh, total: total ?? scan.total }
    if (next === undefined) return endWalk(endpoint, scans, moved, items[0]?.id, writes)
    // The app reads the next pages while D1 writes these.
    const [committed, ahead] = await Promise.all([
      scans.commit(scan, moved, io.now(), writes),
      readPages(endpoint, next, purse),
    ])
    if (!committed) return false
    scan = { ...moved, step: scan.step + 1 }
    pages = ahead
  }
  return false
}

/** The last page is written together with the decision whether the whole is to be believed. */
async function endWalk(
  endpoint: Endpoint,
  scans: Scans,
  scan: Scan,
  known: string | undefined,
  writes: readonly Write[],
): Promise<boolean> {
  const { io } = endpoint
  const doubt = await doubtOf(endpoint, scans, scan, known)
  if (doubt === undefined) {
    return scans.commit(scan, { ...scan, phase: 'ambiguous', cursor: undefined }, io.now(), writes)
  }
  await scans.end(scan, 'refused', doubt, io.now(), writes)
  return false
}

/**
 * As many pages as are worth a commit; undefined where the budget is spent. A page that fails after
 * others is left to the next call: what came before it is not lost.
 */
async function readPages(
  endpoint: Endpoint,
  from: string | undefined,
  purse: Purse,
): Promise<Page<NativeObject> | undefined> {
  const pageSize = Math.min(endpoint.spec.capabilities.list.maxPage, MAX_PAGE)
  const items: NativeObject[] = []
  let read: Page<NativeObject> | undefined
  while (items.length < WORTH_A_COMMIT && purse.spend(PAGE_CALLS)) {
    const cursor = read ? read.next : from
    if (read && (cursor === undefined || cursor === from)) break
    try {
      read = await endpoint.port.list({ pageSize, ...(cursor !== undefined && { cursor }) })
      items.push(...read.items)
      purse.mapped(read.items.length)
    } catch (error) {
      if (!read) throw error
      break
    }
  }
  return read && { ...read, items }
}

/** Our own words: foreign messages hold values. */
function noteOf(error: unknown): string {
  if (error instanceof AdapterFailure) return toScimError(error).message
  if (error instanceof ScimError) return error.message
  return 'Postern failed; see its log.'
}
