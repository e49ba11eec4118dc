/** Accounts of the app beside their links, as `decide` asks for them; and what a refusal says. */
import type { NativeObject } from '../adapter/contract.ts'
import type { Link } from '../db/link.ts'
import { type Candidate, decide, type Reasoned, reasonsOf } from '../identity/decide.ts'
import { heldKeys, hitsOf, type MatchRule } from '../identity/rules.ts'
import { ScimError } from '../scim/error.ts'
import type { Resource } from '../scim/schema.ts'
import { isReused, rulesOf } from './account.ts'
import type { Endpoint } from './endpoint.ts'
import { reportAmbiguous } from './findings.ts'
import { isExcluded, isProtected } from './protected.ts'

export interface Met extends Candidate {
  readonly object: NativeObject
  /** The live link of the account, or the tombstone that hides it. */
  readonly live: Link | undefined
}

/** Each account with the rules that tie it to the resource, and with its link. */
export async function meet(
  endpoint: Endpoint,
  objects: readonly NativeObject[],
  resource: Resource,
  rules: readonly MatchRule[],
): Promise<Met[]> {
  const ids = objects.map(({ id }) => id)
  const links = await endpoint.links.byNativeIds(endpoint.definition.type.name, ids)
  return objects.map((object) => {
    // Live ones come first.
    const live = links.find((link) => link.nativeId === object.id)
    return metAs(endpoint, object, live, resource, rules)
  })
}

export function metAs(
  endpoint: Endpoint,
  object: NativeObject,
  live: Link | undefined,
  resource: Resource,
  rules: readonly MatchRule[],
): Met {
  return {
    nativeId: object.id,
    hits: rules.flatMap((rule) => hitsOf(rule, resource, object.attributes)),
    link: standingOf(live, object),
    isProtected: isProtected(endpoint, object, live),
    isExcluded: isExcluded(endpoint, object),
    verdict: live?.verdict,
    object,
    live,
  }
}

/** Who was deleted here, and whose account stayed, is free to return (design decision 10). */
function standingOf(live: Link | undefined, object: NativeObject): Candidate['link'] {
  if (!live || live.survives) return 'free'
  if (isReused(live, object)) return 'id-reuse'
  return live.state === 'discovered' ? 'free' : 'linked'
}

/** What ties the account to the person, for the audit: the rule, or a person's word. */
export function ruleOf({ hits, verdict }: Pick<Candidate, 'hits' | 'verdict'>): string | undefined {
  if (verdict === 'chosen') return 'decision'
  return (hits.find(({ auto, unmet }) => auto && unmet.length === 0) ?? hits[0])?.rule
}

// ---- refusals --------------------------------------------------------------------------------------

/** @throws {ScimError} 409, always: a person decides, and finds why by the id of the finding */
export async function refuseUndecided(
  endpoint: Endpoint,
  candidates: readonly Reasoned[],
): Promise<never> {
  const finding = await reportAmbiguous(endpoint, candidates)
  const type = endpoint.definition.type.name
  throw new ScimError(
    'uniqueness',
    candidates.length > 1
      ? `${candidates.length} accounts in the app match this ${type}. Postern links none of them on ` +
          'a guess: an administrator of the app must leave one. ' +
          `See finding ${finding}.`
      : `An account in the app may be this ${type}, and the match rules do not let it be linked by ` +
          `itself. An administrator of this connection must decide: see finding ${finding}.`,
    { reason: candidates.length > 1 ? 'ambiguous' : 'not-automatic' },
  )
}

/**
 * The first write to an account that a read has shown takes it over. What tied it to the person is
 * not in a PATCH, so what is asked is whether any rule could have: an account with no key of an
 * automatic rule, or one that fails its conditions, is taken over by nobody.
 *
 * @throws {ScimError} 400 with the id of the finding
 */
export async function refuseUnmatched(
  endpoint: Endpoint,
  link: Link,
  object: NativeObject,
): Promise<void> {
  const { definition } = endpoint
  // The policy's match rules are about people.
  if (link.state !== 'discovered' || definition.type.name !== 'User') return
  const rules = rulesOf(endpoint)
  if (rules.length === 0) return
  const hits = rules.flatMap((rule) =>
    heldKeys(rule, object.attributes).map(({ unmet }) => ({
      rule: rule.key,
      auto: rule.auto,
      unmet,
    })),
  )
  const candidate = { ...metAs(endpoint, object, link, {}, []), hits }
  endpoint.trail.rule = ruleOf(candidate)
  const { kind } = decide([candidate])
  if (kind === 'one' || kind === 'protected') return
  const reasoned = { candidate, reasons: reasonsOf(candidate, false) }
  const finding = await reportAmbiguous(endpoint, [reasoned])
  throw new ScimError(
    400,
    `No match rule of this connection lets this account be linked by itself, so nothing was ` +
      `changed. An administrator of this connection must decide: see finding ${finding}.`,
    { reason: 'not-automatic' },
  )
}
