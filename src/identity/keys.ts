/** Keys that name one person or group: what a create claims before the app is asked. */
import type { Claim } from '../db/link.ts'
import { foldCase, type Resource, type ResourceDefinition } from '../scim/schema.ts'
import { claimKeysOf, type MatchRule } from './rules.ts'

/**
 * Claims of a resource: every attribute that is unique by schema, and every key of an automatic rule,
 * normalised as the rule compares. The kind names path and normalisation, so that keys of rules
 * that were changed meet nobody, and go with the next commit.
 */
export function claimsOf(
  definition: ResourceDefinition,
  rules: readonly MatchRule[],
  resource: Resource,
): Claim[] {
  const claims = new Map<string, Claim>()
  const add = (kind: string, norm: string): void => {
    claims.set(JSON.stringify([kind, norm]), { kind, norm })
  }
  for (const attribute of definition.attributes) {
    // `id` is ours to give; it is unique without a claim.
    if (attribute.uniqueness === 'none' || attribute.mutability === 'readOnly') continue
    const value = resource[attribute.name]
    if (typeof value === 'string') {
      add(attribute.name, attribute.caseExact ? value : foldCase(value))
    }
  }
  for (const rule of rules) {
    if (!rule.auto) continue
    for (const norm of claimKeysOf(rule, resource)) add(rule.claimKind, norm)
  }
  return [...claims.values()]
}

/** Claims of `a` that `b` lacks. */
export function without(a: readonly Claim[], b: readonly Claim[]): Claim[] {
  return a.filter((x) => !b.some((y) => y.kind === x.kind && y.norm === x.norm))
}
