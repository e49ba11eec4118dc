/** What a create would do for one person of an export, by the word of a scan. Writes nothing, and asks nobody. */
import type { Attributes } from '../adapter/contract.ts'
import type { Bearer, Holder, Verdict } from '../db/preflights.ts'
import {
  type Candidate,
  decide,
  firstTier,
  type RuleHit,
  type Reason as Undecided,
  type Unmet,
} from '../identity/decide.ts'
import { hitOf } from '../identity/rules.ts'
import { claimsIn } from '../operations/account.ts'
import type { Endpoint } from '../operations/endpoint.ts'
import { isProtected } from '../operations/protected.ts'
import { ScimError } from '../scim/error.ts'
import { getAt } from '../scim/path.ts'
import type { Resource } from '../scim/schema.ts'
import { type AskedKey, keysIn } from './scan-keys.ts'

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

interface Scanned extends Candidate {
  readonly display: string | undefined
  /** Accounts that share one of its keys. */
  readonly count: number
}

/** What a create's search would meet, by the word of the scan. */
export function candidatesOf(asked: readonly AskedKey[], bearers: readonly Bearer[]): Scanned[] {
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
export function verdictOn(
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
