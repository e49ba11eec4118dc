/**
 * A group that nobody has read before its members are changed: what its app says of them proves nothing where
 * it may mean that there is no such group, and is believed only after a look for it (decision 0030).
 */
import { AdapterFailure, NotCalled } from '../adapter/failure.ts'
import type { Edge } from '../db/edges.ts'
import type { Link } from '../db/link.ts'
import { notFound, objectOf } from './account.ts'
import type { Endpoint } from './endpoint.ts'
import { readMembers } from './members.ts'

/** `again`: only a second look found it, so what the app said of it before is not to be believed. */
export type Found = 'there' | 'again' | 'gone'

/** @throws {ScimError} as `objectOf` */
export async function lookFor(endpoint: Endpoint, link: Link): Promise<Found> {
  const first = link.nativeId === undefined ? undefined : endpoint.port.get(link.nativeId)
  if (!(await objectOf(endpoint, link, first))) return 'gone'
  return (await first) ? 'there' : 'again'
}

/** True where an app may fail in this way because it has not got the group: a list has no `gone`. */
export function mayMeanGone(error: unknown): boolean {
  if (!(error instanceof AdapterFailure) || error instanceof NotCalled) return false
  switch (error.code) {
    case 'auth':
    case 'rate':
    case 'unavailable':
    case 'timeout':
      return false
    case 'forbidden':
    case 'invalid':
    case 'conflict':
    case 'limit':
    case 'blocked':
    case 'protocol':
      return true
  }
}

export interface UnreadMembers {
  /** `many`: more than `maxPages`. `unsure`: what was read is not to be believed. */
  readonly held: readonly Edge[] | 'many' | 'unsure'
  /** True: the app was seen to hold the group. */
  readonly isThere: boolean
}

/**
 * Who is in it. A list without anybody, or without one who is to leave, makes removals needless, so the
 * group is looked for before that is written down: it would be the list of an app that has lost its rights.
 *
 * @param leaving SCIM ids of those who are to leave
 * @throws {ScimError} 404 where the group is gone; 503 where that is in doubt
 * @throws {AdapterFailure} of the list, where the group is there
 */
export async function membersOfUnread(
  endpoint: Endpoint,
  link: Link,
  nativeId: string,
  leaving: readonly string[],
  maxPages: number,
): Promise<UnreadMembers> {
  const held = await readMembers(endpoint, nativeId, maxPages).catch(async (error: unknown) => {
    if (mayMeanGone(error) && (await lookFor(endpoint, link)) === 'gone') throw notFound(endpoint)
    throw error
  })
  if (!held) return { held: 'many', isThere: false }
  const ids = new Set(held.map(({ member }) => member))
  const isProof = held.length > 0 && leaving.every((id) => ids.has(id))
  if (isProof) return { held, isThere: false }
  const found = await lookFor(endpoint, link)
  if (found === 'gone') throw notFound(endpoint)
  return { held: found === 'there' ? held : 'unsure', isThere: true }
}
