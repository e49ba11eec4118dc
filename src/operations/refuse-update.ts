/** What keeps an update from being written, asked before the app is told; `gate` asks the same. */
import type { Claim } from '../db/link.ts'
import { claimKeysOf, pathOfKind } from '../identity/rules.ts'
import type { Pair } from '../mapping/pair.ts'
import { same } from '../mapping/same.ts'
import { ScimError } from '../scim/error.ts'
import { getAt } from '../scim/path.ts'
import type { Resource } from '../scim/schema.ts'
import { type Account, rulesOf } from './account.ts'
import type { Endpoint } from './endpoint.ts'
import { refuseDisable } from './inactive.ts'
import { refuseUnmatched } from './meet.ts'
import { refuseProtected } from './protected.ts'

/** @throws {ScimError} where this account must not become so */
export async function refuseUpdate(
  endpoint: Endpoint,
  { link, object, view: before }: Account,
  after: Resource,
): Promise<void> {
  await refuseProtected(endpoint, object, link)
  await refuseUnmatched(endpoint, link, object)
  // Whose account is not there yet is switched off by withdrawing the invitation.
  const isThere = link.state !== 'pending'
  if (isThere && before['active'] !== false) refuseDisable(endpoint, after)
  refuseCreateOnly(endpoint, before, after)
  // What the mapping has no form of is refused before anything is written down.
  if (isThere) await endpoint.mapping.delta(before, after, object)
}

/** What the app takes at the create and never again cannot be changed by a client either. */
function refuseCreateOnly(endpoint: Endpoint, before: Resource, after: Resource): void {
  const pair = endpoint.mapping.pairs.find(
    (one) =>
      one.spec.write === 'create' &&
      // The mapping says so: told once, and echoed from then on.
      one.apply !== 'create' &&
      !same(getAt(after, one.path), getAt(before, one.path)) &&
      !isOneName(endpoint, one, before, after),
  )
  if (pair) {
    throw new ScimError('mutability', `The app does not let "${pair.key}" be changed any more.`)
  }
}

/**
 * A client that finds `Ann b` by `ann_b` brings the account to its own form of the name: to the rule
 * that found it there is nothing to change, and the echo rule gives the client its form back.
 */
function isOneName(endpoint: Endpoint, pair: Pair, before: Resource, after: Resource): boolean {
  return rulesOf(endpoint).some((rule) => {
    if (rule.key !== pair.key || rule.app !== pair.app) return false
    const [was, is] = [claimKeysOf(rule, before), claimKeysOf(rule, after)]
    return is.length > 0 && same(was, is)
  })
}

/** Of a rename whose keys another link holds. */
export function keysTaken({ definition }: Endpoint, renamed: readonly Claim[]): ScimError {
  return new ScimError(
    'uniqueness',
    `Another ${definition.type.name} has this ${pathsOf(renamed)} already.`,
  )
}

function pathsOf(claims: readonly Claim[]): string {
  return [...new Set(claims.map(({ kind }) => pathOfKind(kind)))].join(' or ')
}

/** Names of attributes, never values. */
export function changedNames(before: Resource, after: Resource): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].filter((name) => !same(before[name], after[name]))
}
