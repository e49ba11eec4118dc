/** Accounts that refuse every write, and accounts that are never matched. */
import type { Policy } from '../access/policy.ts'
import type { NativeObject } from '../adapter/contract.ts'
import type { Link } from '../db/link.ts'
import { ScimError } from '../scim/error.ts'
import type { Endpoint } from './endpoint.ts'
import { reportProtected } from './findings.ts'

/** By the adapter's word, by the connection's policy, or because a person has decided so. */
export function isProtected(
  endpoint: Endpoint,
  object: Pick<NativeObject, 'attributes' | 'protected'>,
  link: Pick<Link, 'verdict'> | undefined,
): boolean {
  const { policy } = endpoint.connection
  return (
    link?.verdict === 'protected' ||
    object.protected === true ||
    fitsAny(endpoint, policy.protected, object)
  )
}

/** By the connection's policy, which speaks of people: never matched, and never offered. */
export function isExcluded(endpoint: Endpoint, object: Pick<NativeObject, 'attributes'>): boolean {
  const { connection, definition } = endpoint
  return definition.type.name === 'User' && fitsAny(endpoint, connection.policy.exclude, object)
}

function fitsAny(
  { spec }: Endpoint,
  patterns: Policy['exclude'],
  object: Pick<NativeObject, 'attributes'>,
): boolean {
  return patterns.some(({ pattern, ...rule }) => {
    const value = object.attributes[('app' in rule && rule.app) || spec.naming]
    return typeof value === 'string' && fits(pattern, value)
  })
}

/** Protected accounts refuse every write; one that has a link becomes a finding. */
export async function refuseProtected(
  endpoint: Endpoint,
  object: Pick<NativeObject, 'attributes' | 'protected'>,
  link: Link | undefined,
): Promise<void> {
  if (!isProtected(endpoint, object, link)) return
  if (link) await reportProtected(endpoint, link)
  throw new ScimError(
    400,
    'This account is protected: it is managed in the app only. Take it out of the scope of ' +
      'provisioning, or let an administrator of this connection take the protection away.',
    { reason: 'protected' },
  )
}

/** `*` stands for any text; letter case does not count. */
function fits(pattern: string, value: string): boolean {
  const parts = pattern.toLowerCase().split('*')
  const text = value.toLowerCase()
  if (parts.length === 1) return text === parts[0]
  const first = parts[0] ?? ''
  const last = parts.at(-1) ?? ''
  if (!text.startsWith(first) || text.length < first.length + last.length) return false
  let at = first.length
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return text.endsWith(last) && text.length - last.length >= at
}
