/**
 * What decisions about accounts have in common: the accounts that a finding names, as the app shows
 * them now and each with its link, and the batch that a decision is.
 */
import type { NativeObject } from '../adapter/contract.ts'
import type { Write } from '../db/database.ts'
import type { Decided } from '../db/decided.ts'
import type { Finding } from '../db/findings.ts'
import type { Link } from '../db/link.ts'
import { isReused } from '../operations/account.ts'
import type { Endpoint } from '../operations/endpoint.ts'
import { isProtected } from '../operations/protected.ts'

/** Why a decision cannot be carried out; ends it with nothing written, or what can be repeated. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
}

export interface Given {
  readonly endpoint: Endpoint
  readonly decided: Decided
  readonly finding: Finding
  readonly nativeId: string | undefined
}

/** The audit of a decision about one link. */
export function entryOf(
  { endpoint, finding, decided }: Given,
  link: Link,
  decision: string,
): Write {
  const { audit, request, io } = endpoint
  const detail = { finding: finding.id, administrator: decided.by }
  return audit.entry(
    { request, type: link.type, link: link.id, op: 'decide', decision, detail },
    io.now(),
  )
}

/** @throws {Refusal} where somebody was faster */
export async function write({ decided }: Given, writes: readonly Write[]): Promise<void> {
  if (!(await decided.write(writes)))
    throw new Refusal('Somebody else changed this at the same time: look at the finding again')
}

/** @throws {Refusal} where the account cannot stand for anybody */
export function kept(given: Given, accounts: readonly NamedAccount[]): NamedAccount {
  const one = accounts.find(({ nativeId }) => nativeId === given.nativeId)
  if (!one?.object) throw new Refusal(`Account ${given.nativeId} is not in the app any more`)
  if (isProtected(given.endpoint, one.object, one.link)) {
    throw new Refusal(
      `Account ${one.nativeId} is protected and refuses every write: it can stand for nobody`,
    )
  }
  if (isReused(one.link, one.object)) {
    throw new Refusal(
      `The app has given the identifier ${one.nativeId} to another account: decide that finding first`,
    )
  }
  return one
}

/** The verdicts of `link`, without the end of the finding. */
export function verdictsOf(
  given: Given,
  one: NamedAccount,
  accounts: readonly NamedAccount[],
): Write[] {
  const { decided, endpoint } = given
  const others = accounts.filter((account) => account !== one)
  // A protected account stays so; it is out of the question already.
  const aside = others.filter(({ link }) => link.verdict !== 'protected')
  const type = endpoint.definition.type.name
  return [
    decided.verdict([one.link.id], 'chosen'),
    endpoint.audit.decidedBy([one.link.id]),
    decided.verdict(
      aside.map(({ link }) => link.id),
      'aside',
    ),
    decided.excludeKeys(
      type,
      others.map(({ nativeId }) => nativeId),
    ),
    entryOf(given, one.link, 'chosen'),
    ...aside.map(({ link }) => entryOf(given, link, 'aside')),
  ]
}

// ---- accounts ------------------------------------------------------------------------------------

export interface NamedAccount {
  readonly nativeId: string
  /** Undefined: it is not in the app any more. */
  readonly object: NativeObject | undefined
  readonly link: Link
}

/** In the order given; those that have neither a link nor an account are left out. */
export async function readNamed(
  endpoint: Endpoint,
  nativeIds: readonly string[],
): Promise<NamedAccount[]> {
  const objects = await Promise.all(nativeIds.map((id) => endpoint.port.get(id)))
  const there = new Map(objects.flatMap((object) => (object ? [[object.id, object] as const] : [])))
  const { links, definition, io, spec } = endpoint
  const type = definition.type.name
  const known = new Map((await linksOf(endpoint, nativeIds)).map((link) => [link.nativeId, link]))
  const unseen = [...there.values()].filter((object) => !known.has(object.id))
  if (unseen.length > 0) {
    // A verdict needs a place to stand, also where no read has met the account yet.
    const accounts = unseen.map((object) => ({
      id: io.newId(),
      nativeId: object.id,
      ...(object.fingerprint !== undefined && { fingerprint: object.fingerprint }),
      ...(typeof object.attributes[spec.naming] === 'string' && {
        display: String(object.attributes[spec.naming]),
      }),
    }))
    for (const link of await links.see(type, accounts, io.now())) known.set(link.nativeId, link)
  }
  return nativeIds.flatMap((nativeId) => {
    const link = known.get(nativeId)
    return link ? [{ nativeId, object: there.get(nativeId), link }] : []
  })
}

/** One for each account: the live link, else the tombstone that hides it. */
async function linksOf(endpoint: Endpoint, nativeIds: readonly string[]): Promise<Link[]> {
  const found = await endpoint.links.byNativeIds(endpoint.definition.type.name, nativeIds)
  const byNativeId = new Map<string | undefined, Link>()
  // Live ones come first.
  for (const link of found) if (!byNativeId.has(link.nativeId)) byNativeId.set(link.nativeId, link)
  return [...byNativeId.values()]
}
