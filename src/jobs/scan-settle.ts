/**
 * After the walk: is it to be believed, who shares a key, whose account is gone, and what a person
 * should look at. Each step is bounded, and can be taken again after a kill.
 */
import type { FindingKind, Found } from '../db/findings.ts'
import { countLeavers } from '../db/leavers.ts'
import type { Scan, ScannedAccount, Situation } from '../db/scan.ts'
import { ScanLinks } from '../db/scan-links.ts'
import { Scanned } from '../db/scanned.ts'
import type { Scans } from '../db/scans.ts'
import { rulesOf } from '../operations/account.ts'
import type { Endpoint } from '../operations/endpoint.ts'
import { type Mended, pathsOf, restoreByPolicy, restores } from './restore-by-policy.ts'
import { readAccounts } from './scan-page.ts'

/**
 * A list that shrank by more than a tenth since the last scan is more often a broken filter, a lost
 * right or a wrong tenant than a wave of leavers, and a wrong sweep hides people from the client.
 * Backstage and midPoint guard their sweeps alike. Whoever knows better says so with the next scan.
 */
const LEAST_SHARE = 0.9
const DAY_MS = 24 * 3_600_000
/** Keys, or rows, of one step. */
const STEP_ROWS = 200
/** Accounts of one step that are read one by one. */
export const STEP_READS = 20
/** Accounts of one step in which something may be put back. */
export const STEP_RESTORES = 10
/** Native ids that a finding names; it counts all of them. */
const NAMED_IDS = 20
/** What becomes a finding by itself; an ambiguous key is one for all its accounts. */
const REPORTED = [
  'id-reuse',
  'drift',
  'reactivated',
  'missing',
] as const satisfies readonly Situation[]

/**
 * Undefined: the walk is to be believed. Else why not, for an administrator. `known`: an account of
 * the list's last page.
 */
export async function doubtOf(
  endpoint: Endpoint,
  scans: Scans,
  scan: Scan,
  known: string | undefined,
): Promise<string | undefined> {
  const before = await scans.lastDone(scan.type, scan)
  if (!scan.acceptShrink) {
    if (scan.seen === 0 && ((before?.seen ?? 0) > 0 || (await hasLinked(endpoint, scan)))) {
      return (
        `The app's list is empty, although it held ${before?.seen ?? 'linked'} accounts before. ` +
        'Nothing was changed. Check the credentials, rights and base URL of this connection.'
      )
    }
    if (before && scan.seen < before.seen * LEAST_SHARE) {
      return (
        `The app lists ${scan.seen} accounts; the last scan met ${before.seen}. Nothing was ` +
        'changed. If so many really left, start the next scan with acceptShrink.'
      )
    }
  }
  if (scan.total !== undefined && scan.seen < scan.total * LEAST_SHARE) {
    return (
      `The app says that it holds ${scan.total} accounts and listed ${scan.seen}: the list was not ` +
      'complete. Nothing was changed. Start the scan again.'
    )
  }
  // A control read: where even a known account cannot be read, nobody can be called missing.
  if (known !== undefined && !(await endpoint.port.get(known))) {
    return (
      'The app listed an account that it could not show afterwards. Nothing was changed. Start the ' +
      'scan again.'
    )
  }
  return undefined
}

const hasLinked = ({ db }: Endpoint, scan: Scan) => new ScanLinks(db, scan).hasLinked()

/** A step of the phases after `walk`. False: another walker was faster. */
export function settleStep(endpoint: Endpoint, scans: Scans, scan: Scan): Promise<boolean> {
  switch (scan.phase) {
    case 'walk':
      throw new Error('a walk is settled only after its end')
    case 'ambiguous':
      return ambiguousStep(endpoint, scans, scan)
    case 'missing':
      return missingStep(endpoint, scans, scan)
    case 'findings':
      return findingsStep(endpoint, scans, scan)
  }
}

async function ambiguousStep(endpoint: Endpoint, scans: Scans, scan: Scan): Promise<boolean> {
  const { io, findings } = endpoint
  const rules = rulesOf(endpoint).filter(({ auto }) => auto)
  const kinds = rules.map(({ kind }) => kind)
  const after = scan.cursor === undefined ? undefined : readKey(scan.cursor)
  const scanned = new Scanned(endpoint.db, scan)
  const shared = await scanned.sharedKeys(kinds, after, STEP_ROWS, NAMED_IDS)
  const last = shared.length === STEP_ROWS ? shared.at(-1) : undefined
  const now = io.now()
  const found = shared.map(({ kind, nativeIds, count }) => {
    const ids = [...nativeIds].sort()
    const more = count > ids.length ? `,+${count - ids.length}` : ''
    const key = rules.find((rule) => rule.kind === kind)?.key ?? kind
    const candidates = ids.map((nativeId) => ({ nativeId, rules: [key], reasons: ['several'] }))
    return {
      id: io.newId(),
      subject: `${scan.type}:${ids.join(',')}${more}`,
      detail: { type: scan.type, nativeIds: ids, candidates, count, key, scan: scan.id },
    }
  })
  return scans.commit(
    scan,
    {
      ...scan,
      phase: last ? 'ambiguous' : 'missing',
      cursor: last && JSON.stringify([last.kind, last.norm]),
    },
    now,
    shared.length === 0
      ? []
      : [
          ...kinds.flatMap((kind) => {
            const norms = shared.flatMap((key) => (key.kind === kind ? [key.norm] : []))
            const key = rules.find((rule) => rule.kind === kind)?.key ?? kind
            return norms.length > 0 ? [scanned.markAmbiguous(kind, norms, key)] : []
          }),
          ...(scan.dryRun ? [] : [findings.found('ambiguous', found, now)]),
        ],
  )
}

function readKey(cursor: string): { kind: string; norm: string } {
  const [kind = '', norm = ''] = JSON.parse(cursor) as string[]
  return { kind, norm }
}

/**
 * Each account that should have been there is asked for by its id: pages shift under a walk. The
 * second finished scan in a row that cannot find it makes the link missing. A tombstone whose
 * account has gone has nothing to hide any more.
 */
async function missingStep(endpoint: Endpoint, scans: Scans, scan: Scan): Promise<boolean> {
  const { io, port, db } = endpoint
  const scanLinks = new ScanLinks(db, scan)
  const unmet = await scanLinks.unmet(scan.cursor ?? '', STEP_READS)
  const objects = await Promise.all(unmet.map(({ nativeId }) => port.get(nativeId)))
  const there = objects.filter((object) => object !== null)
  const absent = unmet.filter((_, at) => objects[at] === null)
  const gone = absent.filter(({ state }) => state !== 'tombstone')
  const hidden = absent.filter(({ state }) => state === 'tombstone')
  const before = await scans.lastDone(scan.type, scan)
  const goneBefore = before
    ? await new Scanned(db, before).inSituation(
        'missing',
        gone.map(({ nativeId }) => nativeId),
      )
    : new Set<string>()
  const confirmed = (link: (typeof gone)[number]) =>
    link.state === 'missing' || goneBefore.has(link.nativeId)
  const { writes, fresh } = await readAccounts(endpoint, scan, there)
  const last = unmet.length === STEP_READS ? unmet.at(-1) : undefined
  const now = io.now()
  return scans.commit(
    scan,
    {
      ...scan,
      phase: last ? 'missing' : 'findings',
      cursor: last?.nativeId,
      seen: scan.seen + fresh,
    },
    now,
    [
      ...writes,
      new Scanned(db, scan).putAccounts(
        gone.map((link) => ({
          nativeId: link.nativeId,
          link: link.id,
          display: link.display,
          situation: 'missing',
          detail: { confirmed: confirmed(link) },
        })),
      ),
      ...(scan.dryRun
        ? []
        : [
            scanLinks.disappear(
              gone.filter(confirmed).map(({ id }) => id),
              now,
            ),
            scanLinks.release(hidden.map(({ id }) => id)),
          ]),
    ],
  )
}

async function findingsStep(endpoint: Endpoint, scans: Scans, scan: Scan): Promise<boolean> {
  const { io, findings } = endpoint
  if (scan.dryRun) return scans.end(scan, 'done', undefined, io.now(), [])
  const mayRestore = restores(endpoint)
  const limit = mayRestore ? STEP_RESTORES : STEP_ROWS
  const scanned = new Scanned(endpoint.db, scan)
  const accounts = await scanned.accounts(REPORTED, scan.cursor ?? '', limit)
  const mended = mayRestore ? await restoreByPolicy(endpoint, accounts) : new Map<string, Mended>()
  const now = io.now()
  const restored = [...mended.values()].filter((one) => one.restored.length > 0)
  const writes = [
    ...REPORTED.flatMap((kind) => {
      const found = accounts.flatMap((account) =>
        foundOf(kind, account, mended.get(account.nativeId)).map((detail) => ({
          id: io.newId(),
          subject: `${scan.type}:${account.link}`,
          detail: { type: scan.type, nativeId: account.nativeId, scan: scan.id, ...detail },
        })),
      )
      return found.length > 0 ? [findings.found(kind, found, now)] : []
    }),
    ...(restored.length > 0
      ? [
          scanned.markRestored(
            restored.map(({ nativeId, restored: paths }) => ({ nativeId, paths })),
          ),
        ]
      : []),
  ]
  const last = accounts.length === limit ? accounts.at(-1) : undefined
  if (last) return scans.commit(scan, { ...scan, cursor: last.nativeId }, now, writes)
  return scans.end(scan, 'done', undefined, now, [
    ...writes,
    ...(await orphans(endpoint, scan, now)),
    ...(await leavers(endpoint, scan, now)),
    findings.closeOutdated(scan.type, scan.startedAt),
  ])
}

/** The detail of the finding of this kind about an account; none where there is nothing to say. */
function foundOf(
  kind: FindingKind,
  { situation, link, detail }: ScannedAccount,
  mended: Mended | undefined,
): Found['detail'][] {
  if (link === undefined || detail['confirmed'] === false) return []
  if (situation !== 'drift' && situation !== 'reactivated') {
    return situation === kind ? [{ link, ...detail }] : []
  }
  // Somebody who was switched on is one thing to look at, and what else was changed another.
  const isSwitch = (path: string) => situation === 'reactivated' && path === 'active'
  const paths = (mended?.left ?? pathsOf(detail)).filter(
    (path) => isSwitch(path) === (kind === 'reactivated'),
  )
  if (paths.length === 0 || (kind !== 'drift' && kind !== 'reactivated')) return []
  return [{ link, paths, ...(mended?.reason !== undefined && { reason: mended.reason }) }]
}

/**
 * One finding for all of them: before a client is connected everybody is in the app only, and a
 * row for each of 100,000 people would be read by nobody. The report lists them.
 */
async function orphans(endpoint: Endpoint, scan: Scan, now: number) {
  const { io, findings } = endpoint
  if (!(await hasLinked(endpoint, scan))) return []
  const count = await new Scanned(endpoint.db, scan).count('discovered')
  if (count === 0) return []
  const detail = { type: scan.type, count, scan: scan.id }
  return [findings.found('orphan', [{ id: io.newId(), subject: scan.type, detail }], now)]
}

/** Entra disables whom it unassigns and never sends the DELETE: one finding for all who stay off. */
async function leavers({ db, connection, io, findings }: Endpoint, scan: Scan, now: number) {
  const { leaverAfterDays } = connection.policy.deprovision
  if (leaverAfterDays === 0) return []
  const before = now - leaverAfterDays * DAY_MS
  const count = await countLeavers(db, connection.id, scan.type, before)
  if (count === 0) return []
  const detail = { type: scan.type, count, days: leaverAfterDays, scan: scan.id }
  return [findings.found('leaver', [{ id: io.newId(), subject: scan.type, detail }], now)]
}
