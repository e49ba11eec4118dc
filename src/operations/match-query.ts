/**
 * Filters that ask for one person. A client keeps the id of whom it is shown and takes the account
 * over with its first write, so what is shown here is what a create would adopt: an account that only
 * suggests itself is not offered, and the create that follows says so. Several are shown as several.
 */
import { decide, stepsAside } from '../identity/decide.ts'
import { claimKeysOf, hitsOf, type MatchRule } from '../identity/rules.ts'
import { equalities, type Filter } from '../scim/filter.ts'
import { matches } from '../scim/match.ts'
import { setAt } from '../scim/path.ts'
import type { JsonObject, Resource } from '../scim/schema.ts'
import { type Account, rulesOf } from './account.ts'
import type { Endpoint } from './endpoint.ts'
import { reportAmbiguous } from './findings.ts'
import { metAs, ruleOf } from './meet.ts'

export interface MatchQuery {
  readonly filter: Filter
  /** Canonical text of the path that is asked for. */
  readonly path: string
  readonly value: string
  /** Rules that compare the attribute; none where matching does not go by it. */
  readonly rules: readonly MatchRule[]
  /** What the client gives of the person. */
  readonly asked: Resource
}

/** Undefined: the filter asks for no attribute by its value, or by the id of a resource. */
export function matchQueryOf(endpoint: Endpoint, filter: Filter): MatchQuery | undefined {
  const asked = equalities(filter).flatMap(({ path, value }) =>
    typeof value === 'string' && path !== 'id' ? [{ path, value }] : [],
  )
  const rules = rulesOf(endpoint)
  const first = asked.find(({ path }) => rules.some((rule) => rule.key === path)) ?? asked[0]
  if (!first) return undefined
  const compared = rules.filter((rule) => rule.key === first.path)
  return {
    filter,
    ...first,
    rules: compared,
    asked: compared.reduce((resource, { path }) => setAt(resource, path, first.value), {}),
  }
}

export interface Rendered {
  readonly account: Account
  readonly resource: JsonObject
}

/**
 * True where the filter would match if the resource had the value that was asked for. That is so for
 * an unmanaged account which a rule finds by another attribute, or in another form, than the view
 * shows; the link that holds the claim on the key is that person's by its own word.
 */
export function answersByRule(
  { rules, asked, value, filter }: MatchQuery,
  { account: { link, object, view }, resource }: Rendered,
): boolean {
  return rules.some((rule) => {
    const isHit =
      link.state === 'discovered'
        ? hitsOf(rule, asked, object.attributes).length > 0
        : sharesKey(rule, asked, view)
    return isHit && matches(filter, setAt(resource, rule.path, value))
  })
}

function sharesKey(rule: MatchRule, asked: Resource, view: Resource): boolean {
  const held = claimKeysOf(rule, view)
  return rule.auto && claimKeysOf(rule, asked).some((key) => held.includes(key))
}

/** Of the accounts that match, those that the client may take for the person. */
export async function offered<R extends Rendered>(
  endpoint: Endpoint,
  { rules, asked }: MatchQuery,
  matching: readonly R[],
): Promise<readonly R[]> {
  const met = matching.map((rendered) => {
    const { object, link } = rendered.account
    return { ...metAs(endpoint, object, link, asked, rules), rendered }
  })
  const standing = met.filter((one) => !stepsAside(one))
  const shown = standing.map(({ rendered }) => rendered)
  const [only] = standing
  if (rules.length === 0 || (standing.length === 1 && only?.link === 'linked')) {
    endpoint.trail.rule = only && ruleOf(only)
    return shown
  }
  const decision = decide(met)
  switch (decision.kind) {
    case 'none':
      return []
    case 'undecided':
      await reportAmbiguous(endpoint, decision.candidates)
      return shown.length > 1 ? shown : []
    case 'one':
    case 'linked':
    case 'id-reuse':
    case 'protected':
      endpoint.trail.rule = ruleOf(decision.candidate)
      return [decision.candidate.rendered]
  }
}
