/**
 * Whether accounts that answer to a person's keys may become that person's. The one place that
 * decides: a create, a match query, a scan and a pre-flight differ only in where their facts come
 * from (docs/decisions/0006-match-rules.md).
 */

/** What a person has said of one account, which outweighs the rules. */
export type AccountVerdict =
  /** It is theirs, although the rule that hits does not link by itself. */
  | 'chosen'
  /** It is nobody's: as excluded. */
  | 'aside'
  | 'protected'

/** Conditions of a rule. */
export type Unmet = 'domain' | 'not-verified'

/** Why an account was not linked: names only, never values. */
export type Reason =
  | Unmet
  /** Other accounts answer as well. */
  | 'several'
  /** No rule that links by itself hits it. */
  | 'not-automatic'
  | 'excluded'
  | 'protected'
  /** A client manages it under another id. */
  | 'linked'
  /** The app gave it the native id of another account. */
  | 'id-reuse'

/** A rule of the tier that ties the account to the person by one key. */
export interface RuleHit {
  /** SCIM path of the rule. */
  readonly rule: string
  readonly auto: boolean
  readonly unmet: readonly Unmet[]
}

export interface Candidate {
  readonly nativeId: string
  /** Empty where something else than a rule brought it up. */
  readonly hits: readonly RuleHit[]
  /** `free`: no client has written to it. */
  readonly link: 'free' | 'linked' | 'id-reuse'
  readonly isProtected: boolean
  readonly isExcluded: boolean
  /** A create of ours that was cut off has made it. */
  readonly isOurs?: boolean
  readonly verdict?: AccountVerdict | undefined
}

export interface Reasoned<C extends Candidate = Candidate> {
  readonly candidate: C
  readonly reasons: readonly Reason[]
}

export type Decision<C extends Candidate = Candidate> =
  | { readonly kind: 'none' }
  /** `one` may be linked; of the others it is certain who they are, and that they must not be. */
  | { readonly kind: 'one' | 'linked' | 'id-reuse' | 'protected'; readonly candidate: C }
  /** A person decides. */
  | { readonly kind: 'undecided'; readonly candidates: readonly Reasoned<C>[] }

/**
 * `found`: the accounts of the first tier that settles it, and those that have stepped aside before.
 * One account, that an automatic rule hits with its conditions met, is linked; all else is not.
 */
export function decide<C extends Candidate>(found: readonly C[]): Decision<C> {
  const standing = found.filter((candidate) => !stepsAside(candidate))
  const chosen = standing.filter(({ verdict }) => verdict === 'chosen')
  // Whom a person has protected is out of the question, where somebody else is in it.
  const open = standing.filter(({ verdict }) => verdict !== 'protected')
  const contenders = chosen.length > 0 ? chosen : open.length > 0 ? open : standing
  const [only] = contenders
  if (!only) {
    // A new account with the key of an excluded one would be a duplicate; to a rule that only
    // suggests, an excluded account is nobody.
    const inTheWay = found.filter(({ hits }) => hits.some(({ auto }) => auto))
    return inTheWay.length === 0 ? { kind: 'none' } : undecided(inTheWay)
  }
  if (contenders.length > 1 || !isAutomatic(only)) return undecided(contenders)
  if (only.link !== 'free') return { kind: only.link, candidate: only }
  if (isProtected(only)) return { kind: 'protected', candidate: only }
  return { kind: 'one', candidate: only }
}

/** True where the tiers that follow are not asked. */
export function settles(tier: readonly Candidate[]): boolean {
  return tier.some((candidate) => !stepsAside(candidate))
}

/** Of hits of all tiers, in the order of tiers: those that a search tier by tier would find. */
export function firstTier<C extends Candidate>(tiers: readonly (readonly C[])[]): C[] {
  const found: C[] = []
  for (const tier of tiers) {
    found.push(...tier)
    if (settles(tier)) break
  }
  return found
}

/**
 * An excluded account is out of the question while no client manages it: it is not offered, and it
 * does not make another one ambiguous.
 */
export function stepsAside({ isExcluded, verdict, link, isOurs }: Candidate): boolean {
  const isOut = verdict === 'aside' || (isExcluded && verdict !== 'chosen')
  return isOut && link !== 'linked' && isOurs !== true
}

export function reasonsOf(candidate: Candidate, isOneOfSeveral: boolean): Reason[] {
  const { hits, link } = candidate
  const unmet = hits.flatMap((hit) => (hit.auto ? hit.unmet : []))
  const automatic = isAutomatic(candidate)
  return [
    ...(isOneOfSeveral ? (['several'] as const) : []),
    ...(!automatic && unmet.length === 0 ? (['not-automatic'] as const) : []),
    ...(automatic ? [] : new Set(unmet)),
    ...(stepsAside(candidate) ? (['excluded'] as const) : []),
    ...(isProtected(candidate) ? (['protected'] as const) : []),
    ...(link === 'free' ? [] : [link]),
  ]
}

function undecided<C extends Candidate>(candidates: readonly C[]): Decision<C> {
  const isOneOfSeveral = candidates.length > 1
  return {
    kind: 'undecided',
    candidates: candidates.map((candidate) => ({
      candidate,
      reasons: reasonsOf(candidate, isOneOfSeveral),
    })),
  }
}

function isAutomatic({ hits, verdict, isOurs }: Candidate): boolean {
  if (verdict === 'chosen' || isOurs === true) return true
  return hits.some(({ auto, unmet }) => auto && unmet.length === 0)
}

function isProtected({ isProtected: byPolicy, verdict }: Candidate): boolean {
  return byPolicy || verdict === 'protected'
}
