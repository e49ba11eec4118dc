/**
 * Keys that name one person or group: what a create claims, and what the app is searched by. Both
 * come from the schema's `uniqueness` and from the connection's match rules.
 */
import type { Claim } from '../db/link.ts'
import type { Mapping, Pair } from '../mapping/mapping.ts'
import { getAt } from '../scim/path.ts'
import { type Attribute, foldCase, type Resource, type ResourceDefinition } from '../scim/schema.ts'

/** A rule that finds an existing account, in the order of the connection's policy. */
export interface MatchRule {
  readonly pair: Pair
  /** False: a hit is for a person to decide. */
  readonly auto: boolean
}

/**
 * The rules that fit this type and mapping. `match` holds the policy's rules; those that name
 * nothing mapped are left out, and where none is left the adapter's `naming` attribute decides.
 */
export function matchRules(
  match: readonly {
    readonly scim: string
    readonly app?: string | undefined
    readonly auto: boolean
  }[],
  mapping: Mapping,
  naming: string,
): MatchRule[] {
  const rules = match.flatMap((rule) => {
    const pair = mapping.pair(rule.scim)
    return pair && pair.app === (rule.app ?? pair.app) ? [{ pair, auto: rule.auto }] : []
  })
  if (rules.length > 0) return rules
  const pair = mapping.pairs.find((candidate) => candidate.app === naming)
  return pair ? [{ pair, auto: true }] : []
}

/** Claims of a resource: every attribute that is unique by schema, and every automatic rule. */
export function claimsOf(
  definition: ResourceDefinition,
  rules: readonly MatchRule[],
  resource: Resource,
): Claim[] {
  const claims = new Map<string, Claim>()
  const add = (kind: string, attribute: Attribute, value: unknown): void => {
    if (typeof value !== 'string') return
    claims.set(kind, { kind, norm: attribute.caseExact ? value : foldCase(value) })
  }
  for (const attribute of definition.attributes) {
    // `id` is ours to give; it is unique without a claim.
    if (attribute.uniqueness === 'none' || attribute.mutability === 'readOnly') continue
    add(attribute.name, attribute, resource[attribute.name])
  }
  for (const { pair, auto } of rules) {
    const { path } = pair
    if (auto && path.kind === 'attribute') {
      add(pair.key, path.ref.subAttribute ?? path.ref.attribute, getAt(resource, path))
    }
  }
  return [...claims.values()]
}

/** Claims of `a` that `b` lacks. */
export function without(a: readonly Claim[], b: readonly Claim[]): Claim[] {
  return a.filter((x) => !b.some((y) => y.kind === x.kind && y.norm === x.norm))
}
