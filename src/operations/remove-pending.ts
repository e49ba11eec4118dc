/**
 * DELETE of a pending person: the invitation is withdrawn. As for an account the link retires first;
 * an account that has come to be in the meantime is removed like any other.
 */
import type { Link } from '../db/link.ts'
import type { Held } from '../db/pending.ts'
import { pendingLease, withdraw } from './activate.ts'
import type { Endpoint } from './endpoint.ts'
import { pendingBusy, pendingLinks, readWaiting } from './pending.ts'
import { isProtected } from './protected.ts'
import { endReinvitation } from './recover.ts'

/** What the intent of a removal remembers: the state before it, and of a pending link the rest. */
export interface Removal {
  readonly before: Link['state']
  /** The body of the intent that waited, to go back to where the app refuses. */
  readonly waiting?: string
}

/**
 * Begins the removal. Undefined: the link has changed meanwhile. `removed`: the invitation was
 * withdrawn before, so that nothing is left to do in the app.
 */
export async function removePending(
  endpoint: Endpoint,
  link: Link,
): Promise<{ link: Link; held: Held } | 'removed' | undefined> {
  const { links, intents, io, audit, request } = endpoint
  const intent = await intents.open(link.id)
  const now = io.now()
  if (!intent) {
    const entry = { request, type: link.type, link: link.id, op: 'delete' as const }
    const also = [audit.entry({ ...entry, decision: 'ended' }, now)]
    return (await links.bury(link, now, also)) ? 'removed' : undefined
  }
  if (intent.state !== 'waiting') {
    // To be invited again, and cut off: only what has become of it can be removed.
    if (await endReinvitation(endpoint, link, intent)) return undefined
    throw pendingBusy()
  }
  const removal: Removal = { before: 'pending', waiting: intent.body }
  const body = JSON.stringify(removal)
  const until = pendingLease(endpoint)
  const held = await pendingLinks(endpoint).beginRemoval(link, intent, body, until, now)
  return held && { link, held }
}

/**
 * The account that a removal has to remove: the link's own, or the one that its invitation has come
 * to; none where it was withdrawn. `running`: nobody can say yet.
 */
export async function withdrawnAccount(
  endpoint: Endpoint,
  link: Link,
  held: Held,
): Promise<Pick<Link, 'nativeId'> | 'running'> {
  const { links, intents, io } = endpoint
  if (link.ticket === undefined) return { nativeId: link.nativeId }
  const intent = await intents.open(link.id)
  if (!intent || intent.fence !== held.fence) throw pendingBusy()
  const { waiting = '{}' } = JSON.parse(intent.body) as Removal
  const withdrawal = await withdraw(endpoint, link.ticket, readWaiting({ body: waiting }).key)
  switch (withdrawal.kind) {
    case 'withdrawn':
      return { nativeId: undefined }
    case 'running':
      return 'running'
    case 'account': {
      const { object } = withdrawal
      const [live] = await links.byNativeIds(link.type, [object.id])
      const met = live && live.id !== link.id && !live.survives ? live : undefined
      // The person is back under another id, or the account is managed in the app only.
      if (met && met.state !== 'discovered') return { nativeId: undefined }
      if (isProtected(endpoint, object, met)) return { nativeId: undefined }
      const now = io.now()
      if (!(await pendingLinks(endpoint).bindRemoval(held, link.id, object, met, now))) {
        throw pendingBusy()
      }
      return { nativeId: object.id }
    }
  }
}

/** The app refused: the link is what it was, or linked where its account has come to be. */
export async function cancelRemoval(endpoint: Endpoint, link: Link, held: Held): Promise<void> {
  const { links, intents, io, departures } = endpoint
  const also = [departures.forget(link.id)]
  if (link.state !== 'pending') {
    await intents.cancelRemoval(held, link, also)
    return
  }
  const now = await links.get(link.type, link.id)
  const intent = await intents.open(link.id)
  const { waiting } = JSON.parse(intent?.body ?? '{}') as Partial<Removal>
  if (now?.ticket === undefined)
    await intents.cancelRemoval(held, { ...link, state: 'linked' }, also)
  else await pendingLinks(endpoint).cancelRemoval(held, link.id, waiting ?? '{}', io.now())
}
