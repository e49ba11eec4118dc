/** What a token is good for. */
export const SCOPES = ['scim', 'scim:read'] as const
export type Scope = (typeof SCOPES)[number]

/**
 * What is granted of what a client may have (RFC 6749 §3.3). Asked for nothing, it gets all of it.
 * Undefined: it asks for what it may not have, or for what there is not.
 *
 * @param asked the `scope` parameter: names with spaces between
 */
export function grantedScope(asked: string | undefined, most: Scope): Scope | undefined {
  const names = (asked ?? '').split(' ').filter((name) => name !== '')
  if (names.length === 0) return most
  if (!names.every((name) => SCOPES.some((scope) => scope === name))) return undefined
  if (!names.includes('scim')) return 'scim:read'
  return most === 'scim' ? 'scim' : undefined
}
