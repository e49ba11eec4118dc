/**
 * Pre-flight: what would become of each person of an Entra export, before Entra is switched on. It
 * asks a finished scan and the links, in a few questions for all people of a request, and writes
 * nothing but what it was asked and said.
 */
import type { Connection } from '../access/connection.ts'
import type { Attributes } from '../adapter/contract.ts'
import { type Bearer, type Holder, Preflights, type Verdict } from '../db/preflights.ts'
import type { Scan } from '../db/scan.ts'
import { Scans } from '../db/scans.ts'
import {
  type Candidate,
  decide,
  firstTier,
  type RuleHit,
  type Reason as Undecided,
  type Unmet,
} from '../identity/decide.ts'
import { hitOf } from '../identity/rules.ts'
import { claimsIn, isProtected } from '../operations/account.ts'
import type { Endpoint } from '../operations/endpoint.ts'
import { ScimError } from '../scim/error.ts'
import { getAt } from '../scim/path.ts'
import { foldCase, type Resource } from '../scim/schema.ts'
import { endpointOf } from './endpoint.ts'
import { type ExportedUser, toResource } from './entra-export.ts'
import type { Jobs } from './jobs.ts'
import { startScan } from './scan.ts'
import { type AskedKey, basisOf, keysIn } from './scan-keys.ts'

const TYPE = 'User'
/** Candidates that are named; all are counted. */
const NAMED = 10

/** Why somebody is blocked, or why a person has to decide. */
export type Reason =
  | Undecided
  /** The app creates nobody without these attributes. */
  | 'missing-attribute'
  /** A table of the mapping does not have one of the person's values. */
  | 'not-in-mapping'
  /** The export says nothing that a match rule could go by. */
  | 'no-key'
  /** The app lets nobody be created. */
  | 'no-create'
  /** Another person of the export is to have this account. */
  | 'taken'
  /** Of a linked person: invited, or being made by the app; the account is not there yet. */
  | 'pending'

export interface Judged {
  /** Graph's `id`, else the userName. */
  readonly person: string
  readonly userName: string | undefined
  readonly verdict: Verdict
  /** SCIM path of the match rule that hit. */
  readonly rule?: string
  readonly account?: { readonly nativeId: string; readonly display: string | undefined }
  /** Accounts that match; `candidates` names the first of them. */
  readonly count?: number
  readonly candidates?: readonly {
    readonly nativeId: string
    readonly display: string | undefined
    readonly reasons: readonly Undecided[]
  }[]
  readonly reason?: Reason
  /** SCIM paths, for `missing-attribute`. */
  readonly attributes?: readonly string[]
  /** True: the client would switch this person's account off. */
  readonly disabled?: true
}

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

interface Scanned extends Candidate {
  readonly display: string | undefined
  /** Accounts that share one of its keys. */
  readonly count: number
}

/** What a create's search would meet, by the word of the scan. */
function candidatesOf(asked: readonly AskedKey[], bearers: readonly Bearer[]): Scanned[] {
  const tiers = Map.groupBy(bearers, (bearer) => asked[bearer.key]?.rule.tier ?? 0)
  return firstTier(
    [...tiers]
      .sort(([a], [b]) => a - b)
      .map(([, tier]) =>
        [...Map.groupBy(tier, ({ nativeId }) => nativeId).values()].flatMap((rows) =>
          candidateOf(asked, rows),
        ),
      ),
  ).filter(({ nativeId }, at, all) => all.findIndex((one) => one.nativeId === nativeId) === at)
}

/** One account, by the rows of the keys that tie it to the person. */
function candidateOf(asked: readonly AskedKey[], rows: readonly Bearer[]): Scanned[] {
  const [first] = rows
  if (!first) return []
  const hits = rows.flatMap(({ key, unmet }): RuleHit[] => {
    const by = asked[key]
    return by ? [hitOf(by.rule, by.unmet, unmet as Unmet[])] : []
  })
  const { nativeId, display, situation, linkState, verdict } = first
  const isFree = linkState === undefined || linkState === 'discovered'
  return [
    {
      nativeId,
      display,
      hits,
      link: situation === 'id-reuse' ? 'id-reuse' : isFree ? 'free' : 'linked',
      isProtected: situation === 'protected',
      isExcluded: first.excluded,
      verdict,
      count: Math.max(...rows.map(({ count }) => count)),
    },
  ]
}

type Unnamed = Omit<Judged, 'person' | 'userName' | 'disabled'>

/** In the order of a create: what must not be written, who holds the key, who is searched for. */
function verdictOn(
  endpoint: Endpoint,
  resource: Resource,
  found: readonly Scanned[],
  holder: Holder | undefined,
): Unnamed {
  if (holder?.state === 'pending') return { verdict: 'linked', reason: 'pending' }
  const verdict: Unnamed =
    holder?.nativeId !== undefined
      ? { verdict: 'linked', account: { nativeId: holder.nativeId, display: holder.display } }
      : verdictOnFound(endpoint, resource, found)
  const attributes = toldBy(endpoint, resource)
  if (!attributes) return { verdict: 'blocked', reason: 'not-in-mapping' }
  // No write brings an account under the name of a protected one, nor changes one.
  const { rule, account } = verdict
  return isProtected(endpoint, { attributes }, undefined)
    ? {
        verdict: 'blocked',
        reason: 'protected',
        ...(rule && { rule }),
        ...(account && { account }),
      }
    : verdict
}

/** Undefined: a table of the mapping does not have one of the values. */
function toldBy({ mapping }: Endpoint, resource: Resource): Attributes | undefined {
  try {
    return mapping.pairsToApp(resource)
  } catch (error) {
    if (error instanceof ScimError) return undefined
    throw error
  }
}

function verdictOnFound(
  endpoint: Endpoint,
  resource: Resource,
  found: readonly Scanned[],
): Unnamed {
  const decision = decide(found)
  switch (decision.kind) {
    case 'none':
      return verdictOnStranger(endpoint, resource)
    case 'undecided': {
      const candidates = decision.candidates.map(({ candidate, reasons }) => ({
        nativeId: candidate.nativeId,
        display: candidate.display,
        reasons,
      }))
      const [only] = candidates
      const reason = candidates.length === 1 ? only?.reasons[0] : undefined
      const counts = decision.candidates.map(({ candidate }) => candidate.count)
      return {
        verdict: 'ambiguous',
        ...ruleOf(decision.candidates[0]?.candidate),
        count: Math.max(candidates.length, ...counts),
        candidates,
        ...(reason && { reason }),
      }
    }
    case 'one':
    case 'linked':
    case 'id-reuse':
    case 'protected': {
      const { candidate, kind } = decision
      const { nativeId, display } = candidate
      const hit = { ...ruleOf(candidate), count: 1, account: { nativeId, display } }
      if (kind === 'linked') return { verdict: 'linked', ...hit }
      return kind === 'one'
        ? { verdict: 'adopt', ...hit }
        : { verdict: 'blocked', ...hit, reason: kind }
    }
  }
}

function ruleOf(candidate: Scanned | undefined): { rule?: string } {
  const rule = candidate?.hits[0]?.rule
  return rule === undefined ? {} : { rule }
}

/** Nobody in the app answers to this person's keys. */
function verdictOnStranger(endpoint: Endpoint, resource: Resource): Unnamed {
  const { mapping, port } = endpoint
  if (!port.create) return { verdict: 'blocked', reason: 'no-create' }
  const missing = mapping.pairs.filter(
    ({ spec, path, fallback }) =>
      spec.required &&
      spec.write !== 'never' &&
      fallback === undefined &&
      getAt(resource, path) === undefined,
  )
  if (missing.length > 0) {
    return {
      verdict: 'blocked',
      reason: 'missing-attribute',
      attributes: missing.map(({ key }) => key),
    }
  }
  if (keysIn(endpoint, resource).length === 0 && claimsIn(endpoint, resource).length === 0) {
    return { verdict: 'blocked', reason: 'no-key' }
  }
  return { verdict: 'create' }
}

function userNameOf(resource: Resource): string | undefined {
  const userName = resource['userName']
  return typeof userName === 'string' ? userName : undefined
}
