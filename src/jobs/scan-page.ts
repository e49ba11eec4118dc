/** One page of an app's list: each account beside its link. */
import type { NativeObject } from '../adapter/contract.ts'
import type { Write } from '../db/database.ts'
import { isEnded } from '../db/link.ts'
import type { Scan, ScannedAccount, Situation } from '../db/scan.ts'
import { type LinkFact, ScanLinks } from '../db/scan-links.ts'
import { Scanned } from '../db/scanned.ts'
import { accepted, type Drift, isReactivation } from '../mapping/drift.ts'
import { parseShadow, printShadow } from '../mapping/shadow.ts'
import { isReused } from '../operations/account.ts'
import { driftIn, driftRule } from '../operations/drift.ts'
import type { Endpoint } from '../operations/endpoint.ts'
import { standingFor } from '../operations/pending.ts'
import { isExcluded, isProtected } from '../operations/protected.ts'
import { keysOfAccount } from './scan-keys.ts'

const LONGEST_DISPLAY = 200

/** The rows of accounts that the scan has not met before, and how many they are. */
export async function readAccounts(
  endpoint: Endpoint,
  scan: Scan,
  objects: readonly NativeObject[],
): Promise<{ writes: Write[]; fresh: number }> {
  const scanned = new Scanned(endpoint.db, scan)
  const scanLinks = new ScanLinks(endpoint.db, scan)
  const nativeIds = objects.map((object) => object.id)
  const [met, known] = await Promise.all([scanned.met(nativeIds), scanLinks.linksOf(nativeIds)])
  const byId = new Map(objects.map((object) => [object.id, object]))
  // A tombstone hides the account it was made for, and nobody who has its native id after it.
  const outlived = [...known.values()].filter((link) => {
    const object = byId.get(link.nativeId)
    return link.state === 'tombstone' && object !== undefined && isReused(link, object)
  })
  const links = new Map(known)
  for (const { nativeId } of outlived) links.delete(nativeId)
  const unmet = [...byId.values()].filter((object) => !met.has(object.id))
  // Whom a pending person is to become is that person, and gets no second link.
  const unlinked = unmet.filter((object) => !links.has(object.id))
  for (const [nativeId, link] of await standingFor(endpoint, unlinked)) {
    links.set(nativeId, { ...link, nativeId })
  }
  const accounts = unmet.map((object) => beside(endpoint, object, links.get(object.id)))
  const writes: Write[] = []
  if (!scan.dryRun) {
    writes.push(...linkWrites(endpoint, scanLinks, unmet, links))
    if (outlived.length > 0) writes.push(scanLinks.release(outlived.map(({ id }) => id)))
  }
  if (accounts.length > 0) {
    writes.push(
      scanned.putAccounts(accounts),
      scanned.putKeys(
        unmet.flatMap((object) => keysOfAccount(endpoint, object, links.get(object.id))),
      ),
    )
  }
  return { writes, fresh: accounts.length }
}

/** Links for accounts that have none; missing ones are back; baselines take what policy accepts. */
function linkWrites(
  endpoint: Endpoint,
  scanLinks: ScanLinks,
  objects: readonly NativeObject[],
  links: ReadonlyMap<string, LinkFact>,
): Write[] {
  const { io } = endpoint
  const now = io.now()
  const unlinked = objects.filter((object) => !links.has(object.id))
  const back = objects.flatMap((object) => {
    const link = links.get(object.id)
    return link?.state === 'missing' && !isReused(link, object) ? [link.id] : []
  })
  const accepting = objects.flatMap((object) => {
    const link = links.get(object.id)
    const isOurs = link?.state === 'linked' || link?.state === 'missing'
    if (!isOurs || isReused(link, object)) return []
    const { taken } = driftBeside(endpoint, object, link)
    if (taken.length === 0) return []
    const after = printShadow(accepted(parseShadow(link.shadow), taken))
    return [{ id: link.id, before: link.shadow, after }]
  })
  return [
    ...(unlinked.length > 0
      ? [
          scanLinks.mint(
            unlinked.map((object) => ({
              id: io.newId(),
              nativeId: object.id,
              fingerprint: object.fingerprint,
              display: displayOf(endpoint, object),
            })),
            now,
          ),
        ]
      : []),
    ...(back.length > 0 ? [scanLinks.reappear(back, now)] : []),
    ...(accepting.length > 0 ? [scanLinks.accept(accepting)] : []),
  ]
}

function beside(
  endpoint: Endpoint,
  object: NativeObject,
  link: LinkFact | undefined,
): ScannedAccount {
  const { situation, detail } = situationOf(endpoint, object, link)
  return {
    nativeId: object.id,
    link: link?.id,
    display: displayOf(endpoint, object),
    situation,
    detail,
  }
}

function situationOf(
  endpoint: Endpoint,
  object: NativeObject,
  link: LinkFact | undefined,
): { situation: Situation; detail: ScannedAccount['detail'] } {
  if (link && isEnded(link)) {
    return { situation: 'hidden', detail: {} }
  }
  if (link && isReused(link, object)) return { situation: 'id-reuse', detail: {} }
  // What it holds is compared when it is the person's own.
  if (link?.state === 'pending') return { situation: 'linked', detail: {} }
  if (!link || link.state === 'discovered' || link.state === 'ambiguous') {
    return {
      situation: isProtected(endpoint, object, link) ? 'protected' : 'discovered',
      detail: isExcluded(endpoint, object) ? { excluded: true } : {},
    }
  }
  const { drift, taken } = driftBeside(endpoint, object, link)
  const detail = {
    ...(drift.length > 0 && { paths: keysOf(drift) }),
    ...(taken.length > 0 && { accepted: keysOf(taken) }),
  }
  if (drift.length === 0) return { situation: 'linked', detail }
  return { situation: drift.some(isReactivation) ? 'reactivated' : 'drift', detail }
}

/** `taken`: what policy accepts, and is nothing that anybody need look at. */
function driftBeside(
  endpoint: Endpoint,
  object: NativeObject,
  link: LinkFact,
): { drift: Drift[]; taken: Drift[] } {
  const all = driftIn(endpoint, link, object)
  const isTaken = ({ place }: Drift) => driftRule(endpoint, place.key) === 'accept'
  return { drift: all.filter((one) => !isTaken(one)), taken: all.filter(isTaken) }
}

const keysOf = (drift: readonly Drift[]): string[] => drift.map(({ place }) => place.key)

function displayOf({ spec }: Endpoint, object: NativeObject): string | undefined {
  const name = object.attributes[spec.naming]
  return typeof name === 'string' ? name.slice(0, LONGEST_DISPLAY) : undefined
}
