/** An account's keys for the match rules, normalised as a create's search compares them. */
import type { NativeObject } from '../adapter/contract.ts'
import type { ScannedKey } from '../db/scan.ts'
import type { LinkFact } from '../db/scan-links.ts'
import { askedKeys, heldKeys, type KeyFact, type MatchRule } from '../identity/rules.ts'
import { rulesOf } from '../operations/account.ts'
import type { Endpoint } from '../operations/endpoint.ts'
import { isExcluded } from '../operations/protected.ts'
import type { Resource } from '../scim/schema.ts'

/** What keys mean changes with the mapping and with the policy: an old scan is of no use then. */
export function basisOf(endpoint: Endpoint): string {
  const { connection, definition } = endpoint
  const rules = rulesOf(endpoint).map(({ kind, tier, auto, domainIn, mustBeVerified }) =>
    JSON.stringify([kind, tier, auto, domainIn ?? null, mustBeVerified]),
  )
  const { exclude, protected: isProtected } = connection.policy
  const patterns = definition.type.name === 'User' ? [JSON.stringify([exclude, isProtected])] : []
  return [connection.mappingVersion, ...rules, ...patterns].join('\n')
}

export function keysOfAccount(
  endpoint: Endpoint,
  object: NativeObject,
  link: LinkFact | undefined,
): ScannedKey[] {
  const isFree = !link || link.state === 'discovered'
  // Who was set aside makes nobody else ambiguous, also as somebody whom a client manages.
  const isAside = link?.verdict === 'aside'
  const excluded = isAside || (isFree && isExcluded(endpoint, object) && link?.verdict !== 'chosen')
  return rulesOf(endpoint).flatMap((rule) =>
    heldKeys(rule, object.attributes).map(({ norm, unmet }) => ({
      kind: rule.kind,
      norm,
      nativeId: object.id,
      unmet,
      excluded,
    })),
  )
}

export interface AskedKey extends KeyFact {
  readonly rule: MatchRule
}

/** What a search for this person asks for, in the order of tiers. */
export function keysIn(endpoint: Endpoint, resource: Resource): AskedKey[] {
  return rulesOf(endpoint).flatMap((rule) =>
    askedKeys(rule, resource).map((fact) => ({ rule, ...fact })),
  )
}
