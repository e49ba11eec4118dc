/** The end of a create: the link is linked, or waits for what the app has taken on. */
import type { NativeObject } from '../adapter/contract.ts'
import { firstWords } from '../mapping/words.ts'
import type { Resource } from '../scim/schema.ts'
import { isObject } from '../scim/values.ts'
import { type Account, accountOf, factsOf } from './account.ts'
import { linkPending, onLinked } from './activate.ts'
import type { Endpoint } from './endpoint.ts'
import { givenWay } from './give-way.ts'
import { formerAfter, withFormer } from './inactive.ts'
import { type Awaited, beginPending } from './pending.ts'
import { inDoubt, taken } from './refuse-create.ts'
import type { Reservation } from './reservation.ts'

/** What the client did not send stays as the app has it. */
export function overlay(before: Resource, sent: Resource): Resource {
  const merged: Resource = { ...before }
  for (const [name, value] of Object.entries(sent)) {
    const held = merged[name]
    const both = isObject(held) && isObject(value)
    merged[name] = both ? { ...held, ...value } : value
  }
  return merged
}

/** The app has taken the create on: the person is there for clients, and the cron asks the app. */
export async function wait(
  endpoint: Endpoint,
  reservation: Reservation,
  outcome: Awaited,
  sent: Resource,
): Promise<Account> {
  const begun = await beginPending(endpoint, reservation, outcome, sent)
  if (begun) return begun
  const { links, intents, definition } = endpoint
  const nativeId = outcome.object?.id
  const [live] =
    nativeId === undefined ? [] : await links.byNativeIds(definition.type.name, [nativeId])
  // The app has it now, and so has the intent: whoever comes next finds it there.
  if (!live || live.id === reservation.link.id || live.state === 'discovered') throw inDoubt(2)
  await intents.release(reservation.intent, reservation.link.id)
  throw taken(endpoint)
}

export async function commit(
  endpoint: Endpoint,
  reservation: Reservation,
  object: NativeObject,
  origin: 'created' | 'adopted',
  before?: NativeObject,
): Promise<Account> {
  const { links, intents, definition, audit, request, io } = endpoint
  const { intent, desired, ignored } = reservation
  const type = definition.type.name
  const now = io.now()
  const former = await formerAfter(endpoint, desired, before ?? { attributes: {} }, undefined)
  const held = endpoint.mapping.toScim(withFormer({ former }, object))
  const view = origin === 'created' ? desired : overlay(held, desired)
  if (reservation.link.state === 'pending') {
    const pending = reservation.link
    const linked = await linkPending(endpoint, intent, pending, view, object, origin, former)
    if (linked === 'lost') throw inDoubt(2)
    if (linked === 'taken') throw taken(endpoint)
    await onLinked(endpoint, linked, false)
    return linked
  }
  const facts = factsOf(endpoint, view, object, former, firstWords(desired))
  const entry = (link: string) =>
    audit.entry({ request, type, link, op: 'create', decision: origin, detail: { ignored } }, now)
  const { link } = reservation
  const outcome = await intents.commitCreate(intent, link.id, facts, origin, now, [
    entry(link.id),
    audit.linked(link.id, now),
    ...(reservation.isUnheard ? [intents.unheard(intent)] : []),
  ])
  switch (outcome) {
    case 'committed':
      return accountOf(endpoint, { ...link, ...facts, state: 'linked', modifiedAt: now }, object)
    case 'met': {
      // A read met the account before this commit and minted a link: that id is out already.
      const [met] = await links.byNativeIds(type, [object.id])
      if (met && met.state !== 'discovered') {
        const also = givenWay(endpoint, link, { live: met, object }, origin === 'created')
        await intents.release(intent, link.id, also)
        throw taken(endpoint)
      }
      const also = met ? [entry(met.id), audit.linked(met.id, now)] : []
      if (met && (await intents.commitOnto(intent, link.id, met, facts, now, also))) {
        const version = met.version + 1
        return accountOf(
          endpoint,
          { ...met, ...facts, state: 'linked', version, modifiedAt: now },
          object,
        )
      }
      throw inDoubt(2)
    }
    case 'lost': {
      // Another request took the lease over and has settled this create, or is about to.
      const [settled] = await links.byNativeIds(type, [object.id])
      if (settled?.state !== 'linked') throw inDoubt(2)
      return accountOf(endpoint, settled, object)
    }
  }
}
