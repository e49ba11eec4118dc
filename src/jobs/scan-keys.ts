/** An account's keys for the match rules, normalised as a create's search compares them. */
import type { NativeObject } from '../adapter/contract.ts'
import type { ScannedKey } from '../db/scan.ts'
import type { MatchRule } from '../identity/keys.ts'
import { rulesOf } from '../operations/account.ts'
import type { Endpoint } from '../operations/endpoint.ts'
import { getAt } from '../scim/path.ts'
import { foldCase, type Json, type Resource } from '../scim/schema.ts'

/** Names of keys, and of people in a report: no app needs more to tell two of them apart. */
const LONGEST = 1_000

/** What keys mean changes with the mapping and with the match rules: an old scan is of no use then. */
export function basisOf(endpoint: Endpoint): string {
  const rules = rulesOf(endpoint).map(
    ({ pair, auto }) => `${pair.key}=${pair.app}${auto ? '*' : ''}`,
  )
  return [endpoint.connection.mappingVersion, ...rules].join('\n')
}

export function keyOf({ pair }: MatchRule, value: Json | undefined): string | undefined {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string' || text === '' || text.length > LONGEST) return undefined
  return pair.spec.caseExact ? text : foldCase(text)
}

export function keysOfAccount(endpoint: Endpoint, object: NativeObject): ScannedKey[] {
  return keysIn(endpoint, endpoint.mapping.toScim(object)).map(({ kind, norm }) => ({
    kind,
    norm,
    nativeId: object.id,
  }))
}

/** One for each match rule whose attribute the resource has, in the order of the rules. */
export function keysIn(
  endpoint: Endpoint,
  resource: Resource,
): { kind: string; norm: string; auto: boolean; tier: number }[] {
  return rulesOf(endpoint).flatMap((rule, tier) => {
    const norm = keyOf(rule, getAt(resource, rule.pair.path))
    return norm === undefined ? [] : [{ kind: rule.pair.key, norm, auto: rule.auto, tier }]
  })
}
