/**
 * Pre-flight: what would become of each person of an Entra export, before Entra is switched on. It
 * asks a finished scan and the links, in a few questions for all people of a request, and writes
 * nothing but what it was asked and said.
 */
import type { Connection } from '../access/connection.ts'
import { type Candidate, type Holder, Preflights, type Verdict } from '../db/preflights.ts'
import type { Scan } from '../db/scan.ts'
import { Scans } from '../db/scans.ts'
import { claimsIn } from '../operations/account.ts'
import type { Endpoint } from '../operations/endpoint.ts'
import { getAt } from '../scim/path.ts'
import { foldCase, type Resource } from '../scim/schema.ts'
import { type ExportedUser, toResource } from './entra-export.ts'
import type { Jobs } from './jobs.ts'
import { endpointOf, startScan } from './scan.ts'
import { basisOf, keysIn } from './scan-keys.ts'

const TYPE = 'User'
/** Candidates that are named; all are counted. */
const NAMED = 10

/** Why somebody is blocked, or why a person has to decide. */
export type Reason =
  /** The account refuses every write. */
  | 'protected'
  /** The app gave the native id of a link to this account. */
  | 'id-reuse'
  /** The app creates nobody without these attributes. */
  | 'missing-attribute'
  /** The export says nothing that a match rule could go by. */
  | 'no-key'
  /** The app lets nobody be created. */
  | 'no-create'
  /** Another person of the export is to have this account. */
  | 'taken'
  /** The match rule that hit only suggests. */
  | 'not-automatic'

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
  readonly candidates?: readonly { nativeId: string; display: string | undefined }[]
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
  const endpoint = await endpointOf(jobs, connection, TYPE)
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
  const keys = people.flatMap(({ resource }, person) =>
    keysIn(endpoint, resource).map((key) => ({ person, ...key })),
  )
  const claims = people.flatMap(({ resource }, person) =>
    claimsIn(endpoint, resource).map((claim) => ({ person, ...claim })),
  )
  const [candidates, holders] = await Promise.all([
    preflights.candidates(scan, keys, NAMED),
    preflights.holders(TYPE, claims),
  ])
  const byPerson = Map.groupBy(candidates, (candidate) => candidate.person)
  const holderOf = new Map(
    holders.flatMap((h) => (h.state === 'linked' || h.state === 'pending' ? [[h.person, h]] : [])),
  )
  const promised = await preflights.promised(id, [...new Set(candidates.map((c) => c.nativeId))])

  const judged = people.map(({ person, resource }, at) => {
    const verdict = verdictOn(
      endpoint,
      resource,
      firstTier(byPerson.get(at) ?? []),
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

/** The first tier of match rules that hits decides, as in a create's search. */
function firstTier(candidates: readonly Candidate[]): readonly Candidate[] {
  const tier = Math.min(...candidates.map((candidate) => candidate.tier))
  return candidates.filter((candidate) => candidate.tier === tier)
}

type Unnamed = Omit<Judged, 'person' | 'userName' | 'disabled'>

function verdictOn(
  endpoint: Endpoint,
  resource: Resource,
  hits: readonly Candidate[],
  holder: Holder | undefined,
): Unnamed {
  if (holder?.nativeId !== undefined) {
    return { verdict: 'linked', account: { nativeId: holder.nativeId, display: holder.display } }
  }
  const [first] = hits
  if (!first) return verdictOnStranger(endpoint, resource)
  const rule = keysIn(endpoint, resource).find(({ tier }) => tier === first.tier)
  const accounts = hits.map(({ nativeId, display }) => ({ nativeId, display }))
  const hit = { ...(rule && { rule: rule.kind }), count: first.count }
  if (first.count > 1) return { verdict: 'ambiguous', ...hit, candidates: accounts }
  const account = { nativeId: first.nativeId, display: first.display }
  if (first.situation === 'id-reuse') {
    return { verdict: 'blocked', ...hit, account, reason: 'id-reuse' }
  }
  if (first.linkState === 'linked' || first.linkState === 'pending') {
    return { verdict: 'linked', ...hit, account }
  }
  if (first.situation === 'protected') {
    return { verdict: 'blocked', ...hit, account, reason: 'protected' }
  }
  if (rule?.auto !== true) {
    return { verdict: 'ambiguous', ...hit, candidates: accounts, reason: 'not-automatic' }
  }
  return { verdict: 'adopt', ...hit, account }
}

/** Nobody in the app answers to this person's keys. */
function verdictOnStranger(endpoint: Endpoint, resource: Resource): Unnamed {
  const { mapping, port } = endpoint
  if (!port.create) return { verdict: 'blocked', reason: 'no-create' }
  const missing = mapping.pairs.filter(
    ({ spec, path }) =>
      spec.required && spec.write !== 'never' && getAt(resource, path) === undefined,
  )
  if (missing.length > 0) {
    return {
      verdict: 'blocked',
      reason: 'missing-attribute',
      attributes: missing.map(({ key }) => key),
    }
  }
  if (keysIn(endpoint, resource).length === 0) return { verdict: 'blocked', reason: 'no-key' }
  return { verdict: 'create' }
}

function userNameOf(resource: Resource): string | undefined {
  const userName = resource['userName']
  return typeof userName === 'string' ? userName : undefined
}
