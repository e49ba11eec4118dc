/**
 * Pre-flight: what would become of each person of an Entra export, before Entra is switched on. It
 * asks a finished scan and the links, in a few questions for all people of a request, and writes
 * nothing but what it was asked and said.
 */
import type { Connection } from '../access/connection.ts'
import { Preflights } from '../db/preflights.ts'
import type { Scan } from '../db/scan.ts'
import { Scans } from '../db/scans.ts'
import { claimsIn } from '../operations/account.ts'
import type { Endpoint } from '../operations/endpoint.ts'
import { foldCase, type Resource } from '../scim/schema.ts'
import { endpointOf } from './endpoint.ts'
import { type ExportedUser, toResource } from './entra-export.ts'
import type { Jobs } from './jobs.ts'
import { candidatesOf, type Judged, verdictOn } from './preflight-verdict.ts'
import { startScan } from './scan.ts'
import { basisOf, keysIn } from './scan-keys.ts'

const TYPE = 'User'
/** Candidates that are named; all are counted. */
const NAMED = 10

export interface PreflightInput {
  readonly people: readonly ExportedUser[]
  /** Goes on with this one. */
  readonly preflight: string | undefined
  readonly maxAgeMs: number
  /** SCIM path to Graph name, where Entra's mapping is not the default one. */
  readonly changed: Readonly<Record<string, string>>
}

export type PreflightOutcome =
  | { readonly kind: 'judged'; readonly id: string; readonly scan: Scan; readonly people: Judged[] }
  /** There is no finished scan that is young enough: this one has to end first. */
  | { readonly kind: 'wait'; readonly scan: Scan }
  | { readonly kind: 'no-type' | 'no-preflight' }

export async function preflight(
  jobs: Jobs,
  connection: Connection,
  input: PreflightInput,
): Promise<PreflightOutcome> {
  const endpoint = await endpointOf(jobs, connection, TYPE, 'scan')
  if (!endpoint) return { kind: 'no-type' }
  const { io, db } = endpoint
  const preflights = new Preflights(db, connection.id)
  const scans = new Scans(db, connection.id)
  const basis = basisOf(endpoint)
  const isUsable = (scan: Scan | undefined): scan is Scan =>
    scan !== undefined && !scan.pruned && scan.basis === basis

  if (input.preflight !== undefined) {
    const scanId = await preflights.scanOf(input.preflight)
    const scan = scanId === undefined ? undefined : await scans.get(scanId)
    if (!isUsable(scan)) return { kind: 'no-preflight' }
    const people = await judge(endpoint, preflights, input.preflight, scan, input)
    return { kind: 'judged', id: input.preflight, scan, people }
  }

  const scan = await scans.lastDone(TYPE)
  if (!isUsable(scan) || (scan.finishedAt ?? 0) < io.now() - input.maxAgeMs) {
    const begun = await startScan(jobs, connection, TYPE, { dryRun: true, acceptShrink: false })
    return begun.kind === 'no-type' ? { kind: 'no-type' } : { kind: 'wait', scan: begun.scan }
  }
  const id = io.newId()
  await preflights.begin(id, scan, io.now())
  return {
    kind: 'judged',
    id,
    scan,
    people: await judge(endpoint, preflights, id, scan, input),
  }
}

interface Person {
  readonly person: string
  readonly resource: Resource
}

async function judge(
  endpoint: Endpoint,
  preflights: Preflights,
  id: string,
  scan: Scan,
  { people: exported, changed }: PreflightInput,
): Promise<Judged[]> {
  const people = exported.map((user): Person => {
    const resource = toResource(endpoint.definition, user, changed)
    const own = user['id'] ?? user['objectId'] ?? user['Object Id']
    const person =
      typeof own === 'string' && own !== '' ? own : foldCase(userNameOf(resource) ?? '')
    return { person: person || JSON.stringify(user), resource }
  })
  const asked = people.map(({ resource }) => keysIn(endpoint, resource))
  const keys = asked.flatMap((keysOfOne, person) =>
    keysOfOne.map(({ rule, norm }, key) => ({ person, key, kind: rule.kind, norm })),
  )
  const claims = people.flatMap(({ resource }, person) =>
    claimsIn(endpoint, resource).map((claim) => ({ person, ...claim })),
  )
  const [bearers, holders] = await Promise.all([
    preflights.bearers(scan, keys, NAMED),
    preflights.holders(TYPE, claims),
  ])
  const byPerson = Map.groupBy(bearers, (bearer) => bearer.person)
  const holderOf = new Map(
    holders.flatMap((h) => (h.state === 'linked' || h.state === 'pending' ? [[h.person, h]] : [])),
  )
  const promised = await preflights.promised(id, [
    ...new Set(bearers.map((bearer) => bearer.nativeId)),
  ])

  const judged = people.map(({ person, resource }, at) => {
    const verdict = verdictOn(
      endpoint,
      resource,
      candidatesOf(asked[at] ?? [], byPerson.get(at) ?? []),
      holderOf.get(at),
    )
    const { account } = verdict
    const other = account && promised.get(account.nativeId)
    const isPromise = verdict.verdict === 'adopt' || verdict.verdict === 'linked'
    const isTaken = isPromise && other !== undefined && other !== person
    if (account && isPromise && !isTaken) promised.set(account.nativeId, person)
    return {
      person,
      userName: userNameOf(resource),
      ...verdict,
      ...(isTaken && { verdict: 'blocked' as const, reason: 'taken' as const }),
      ...(resource['active'] === false && { disabled: true as const }),
    }
  })
  await preflights.put(
    id,
    judged,
    judged.flatMap(({ person, account, candidates = [] }) =>
      [...candidates, ...(account ? [account] : [])].map(({ nativeId }) => ({ person, nativeId })),
    ),
  )
  return judged
}

function userNameOf(resource: Resource): string | undefined {
  const userName = resource['userName']
  return typeof userName === 'string' ? userName : undefined
}
