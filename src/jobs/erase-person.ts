/** Erases what is kept of one person, for whoever asks for it (GDPR, article 17). */
import type { Connection } from '../access/connection.ts'
import { AdapterFailure } from '../adapter/failure.ts'
import { forgetGiven } from '../db/audit-rows.ts'
import type { Link } from '../db/link.ts'
import { Links } from '../db/links.ts'
import { erasePerson as eraseRows, isBare } from '../db/person.ts'
import { claimsHeld } from '../db/person-keys.ts'
import { aboutsOf } from '../govern/whose.ts'
import { isReused } from '../operations/account.ts'
import { type Endpoint, openEndpoint } from '../operations/endpoint.ts'
import { openFor } from './endpoint.ts'
import type { Jobs } from './jobs.ts'

export type ErasePersonOutcome =
  | { readonly kind: 'erased' }
  | { readonly kind: 'unknown' }
  /** Why not, and what to do first. */
  | { readonly kind: 'refused'; readonly detail: string }

/**
 * What stays is a bare tombstone: the id, so that it is never given out again. `force`: although the
 * account is still in the app, where it stays; the next read gives it another id.
 */
export async function erasePerson(
  jobs: Jobs,
  connection: Connection,
  id: string,
  force: boolean,
): Promise<ErasePersonOutcome> {
  const { io } = jobs
  const db = jobs.openData(connection)
  const [link] = await new Links(db, connection.id).getAll([id])
  if (!link) return { kind: 'unknown' }
  if (isBare(link)) return { kind: 'erased' }
  const open = await openFor(jobs, connection, 'erase')
  const endpoint = openEndpoint(open, link.type)
  if (!endpoint) throw new Error('a link of a type that its connection does not have')
  const refusal = force ? undefined : await refusalOf(endpoint, link)
  if (refusal !== undefined) return { kind: 'refused', detail: refusal }
  const now = io.now()
  const { request } = open
  const entry = { request, type: link.type, link: id, op: 'delete' as const, decision: 'erased' }
  const held = await claimsHeld(db, connection.id, [id])
  const known = link.externalId === undefined ? [] : [{ kind: 'externalId', norm: link.externalId }]
  const abouts = await aboutsOf(jobs.hashes, connection, [...held, ...known])
  await eraseRows(db, connection.id, link, now, [
    forgetGiven(connection.id, [id], abouts),
    endpoint.audit.entry(entry, now),
  ])
  return { kind: 'erased' }
}

async function refusalOf(endpoint: Endpoint, link: Link): Promise<string | undefined> {
  if (link.state === 'pending') {
    return (
      'The person is invited, or being made by the app. Let the identity provider remove the person, ' +
      'which withdraws the invitation, and try again. With force=true the invitation stays in the app.'
    )
  }
  if (await endpoint.intents.open(link.id)) {
    return 'A create or delete of this person has not ended. Wait for it, or set force=true.'
  }
  // A tombstone keeps the native id only to hide an account that is still there.
  if (link.nativeId === undefined) return undefined
  if (link.state === 'tombstone' && !link.survives) return undefined
  try {
    const object = await endpoint.port.get(link.nativeId)
    if (!object || isReused(link, object)) return undefined
  } catch (error) {
    if (!(error instanceof AdapterFailure)) throw error
    return 'The app cannot say now whether the account is gone. Try later, or set force=true.'
  }
  return (
    'The account is still in the app. Let the identity provider remove the person, or delete the ' +
    'account in the app, and try again. With force=true the account stays in the app, and the ' +
    'next read gives it another id.'
  )
}
