/**
 * Brings an account to a wanted view: keys first, then the app, then the commit. A rename and a
 * disable are written down before the app hears of them (an intent), so that one which was cut off
 * is finished without its client; every other update is the client's to repeat.
 */
import type { NativeObject } from '../adapter/contract.ts'
import { AdapterFailure } from '../adapter/failure.ts'
import type { Write } from '../db/database.ts'
import type { Claim, Intent, Link } from '../db/link.ts'
import { endSending } from '../db/sending.ts'
import { admit, park } from '../govern/guard.ts'
import { without } from '../identity/keys.ts'
import { withoutSecrets } from '../mapping/shadow.ts'
import type { Words } from '../mapping/words.ts'
import { ScimError } from '../scim/error.ts'
import type { Resource } from '../scim/schema.ts'
import { type Account, accountOf, claimsIn, factsOf, staleBefore } from './account.ts'
import { change, type Subject } from './change-account.ts'
import type { Endpoint } from './endpoint.ts'
import { formerAfter, losesGroups, removesOff, strips } from './inactive.ts'
import { restoreMemberships, stripMemberships } from './memberships.ts'
import { changedNames, keysTaken } from './refuse-update.ts'
import { commitRemoved, removeWhileOff } from './remove-while-off.ts'
import { leaseUntil } from './reservation.ts'
import { rolesOfPerson, rolesOfRenamed, tellDueRoles } from './roles.ts'

/** The lease of an update that is under way. */
type Held = Pick<Intent, 'id'> & { readonly fence: number }

/** What an intent keeps: top-level attributes that change, secrets left out. */
export interface Plan {
  readonly before: Resource
  readonly after: Resource
}

/** Whose update it is, and what it leaves behind beside the account. */
interface Cause {
  readonly ignored: readonly string[]
  readonly words: Words
  /** For the audit, where it is not a client's. */
  readonly decision: 'restored' | undefined
}

/**
 * Undefined: the link has changed meanwhile, and all is to be read again.
 *
 * @throws {ScimError} 409 where another link holds a key
 */
export async function apply(
  endpoint: Endpoint,
  account: Account,
  after: Resource,
  cause: Cause,
): Promise<Account | undefined> {
  const { intents, io } = endpoint
  const { link, view: before } = account
  const renamed = without(claimsIn(endpoint, after), claimsIn(endpoint, before))
  const disables = before['active'] !== false && after['active'] === false
  const removes = disables && removesOff(endpoint)
  let held: Held | undefined
  if (renamed.length > 0 || disables) {
    // Where the account itself goes, nobody can read what it was.
    const names = removes ? undefined : changedNames(before, after)
    const plan = JSON.stringify(planOf(endpoint, before, after, names))
    const intent = { id: io.newId(), body: plan, leaseUntil: leaseUntil(endpoint) }
    const admission = disables ? admit(endpoint, link, 'disable') : []
    switch (await intents.beginUpdate(link, renamed, intent, io.now(), admission)) {
      case 'parked':
        return park(endpoint, link, 'disable')
      case 'taken':
        throw keysTaken(endpoint, renamed)
      case 'busy':
        return undefined
      case 'begun':
        held = { id: intent.id, fence: 1 }
    }
  }
  if (removes && held) return remove(endpoint, account, after, renamed, held)
  return write(endpoint, account, after, cause, renamed, held)
}

/** @param names undefined: all */
function planOf(
  { definition }: Endpoint,
  before: Resource,
  after: Resource,
  names: readonly string[] | undefined,
): Plan {
  const pick = (resource: Resource): Resource =>
    withoutSecrets(
      definition,
      Object.fromEntries(
        Object.entries(resource).filter(([name]) => names?.includes(name) ?? true),
      ) as Resource,
    )
  return { before: pick(before), after: pick(after) }
}

/** Instead of `write`, where the account of a person who is off goes. */
export async function remove(
  endpoint: Endpoint,
  { link, object, view }: Account,
  after: Resource,
  renamed: readonly Claim[],
  held: Held,
): Promise<Account | undefined> {
  await removeWhileOff(endpoint, { link, object }).catch((error: unknown) =>
    giveUp(endpoint, error, { link, renamed, held, hasEffect: false }),
  )
  const removed = await commitRemoved(endpoint, link, held, { before: view, after })
  // The account is gone: whoever comes next finds the intent, and ends it so.
  if (!removed) await endpoint.intents.markUnknown(held, { answeredAt: endpoint.io.now() })
  return removed
}

/** The app did not do it, or nobody knows. @throws always */
async function giveUp(
  { intents, departures, io }: Endpoint,
  error: unknown,
  {
    link,
    renamed,
    held,
    hasEffect,
  }: { link: Link; renamed: readonly Claim[]; held: Held; hasEffect: boolean },
): Promise<never> {
  // An unknown effect may be the rename: its keys stay taken until it is known not to be.
  if (!hasEffect && changedNothing(error)) {
    await intents.cancelUpdate(held, link, renamed, [departures.forget(link.id)])
  } else {
    const answered = changedNothing(error) || (error instanceof AdapterFailure && error.answered)
    await intents.markUnknown(held, { answeredAt: answered ? io.now() : undefined })
  }
  throw error
}

export async function write(
  endpoint: Endpoint,
  { link, object, view: before }: Account,
  after: Resource,
  { ignored, words, decision }: Cause,
  renamed: readonly Claim[],
  held: Held | undefined,
): Promise<Account | undefined> {
  const { intents, io, audit, departures, request, connection } = endpoint
  let hasEffect = false
  const subject = { link, object, view: before }
  const changed = await bring(endpoint, subject, after, () => {
    hasEffect = true
  }).catch((error: unknown) => {
    if (!held) throw error
    return giveUp(endpoint, error, { link, renamed, held, hasEffect })
  })

  const now = io.now()
  const turnsOn = before['active'] === false && after['active'] === true
  const former = await formerAfter(endpoint, after, object, link)
  const facts = factsOf(endpoint, after, changed, former, words)
  const wanted = claimsIn(endpoint, after)
  const committed = await intents.commitUpdate(
    link,
    held,
    facts,
    { wanted, given: without(claimsIn(endpoint, before), wanted) },
    staleBefore(endpoint),
    now,
    [
      audit.entry(
        {
          request,
          type: link.type,
          link: link.id,
          op: 'update',
          decision: decision ?? (link.state === 'discovered' ? 'adopted' : 'updated'),
          detail: { changed: changedNames(before, after), ignored },
        },
        now,
      ),
      ...(link.state === 'discovered' ? [audit.linked(link.id, now)] : []),
      endSending(connection.id, { request, link: link.id }),
      // Who is back has not left.
      ...(turnsOn ? [departures.forget(link.id)] : []),
      ...followGroups(endpoint, link, before, after, now),
      ...rolesOfRenamed(endpoint, link, facts.externalId),
    ],
  )
  if (!committed) {
    // The app has done it all; its keys stay, and whoever reads again sees what is left to do.
    if (held) await intents.cancelUpdate(held, link, [], [])
    return undefined
  }
  if (link.externalId !== facts.externalId) await tellDueRoles(endpoint)
  const next: Link = {
    ...link,
    ...facts,
    state: 'linked',
    version: link.version + 1,
    modifiedAt: now,
  }
  const account = accountOf(endpoint, next, changed)
  // What is left of it is the sweeper's: the commit has made it due.
  if (turnsOn && losesGroups(endpoint)) await restoreMemberships(endpoint, account)
  return account
}

/** @throws what kept the app from being told of all: nobody is called off who is still in a group */
async function bring(
  endpoint: Endpoint,
  subject: Subject & { readonly link: Link },
  after: Resource,
  onEffect: () => void,
): Promise<NativeObject> {
  const object = await change(endpoint, subject, after, onEffect)
  if (subject.view['active'] === false || after['active'] !== false || !strips(endpoint)) {
    return object
  }
  onEffect()
  const failure = await stripMemberships(endpoint, subject)
  if (failure !== undefined) throw failure
  return object
}

/** For the commit: memberships go and come back with the switch, because a client sends them once. */
function followGroups(
  endpoint: Endpoint,
  { id }: Link,
  before: Resource,
  after: Resource,
  now: number,
): Write[] {
  const isOff = after['active'] === false
  if ((before['active'] === false) === isOff) return []
  // Also where another policy has parked them: what is left is the sweeper's.
  if (!isOff) return [endpoint.edges.makeDue(id, now)]
  if (!losesGroups(endpoint)) return []
  // Where the app itself has taken the person out, nobody has to tell it.
  return strips(endpoint) ? [] : [endpoint.edges.park(id, now), rolesOfPerson(endpoint, id)]
}

export function changedNothing(error: unknown): boolean {
  return error instanceof ScimError || (error instanceof AdapterFailure && error.effect === 'none')
}
