/** Brings an account of the app to a wanted state. */
import type { Delta, NativeObject } from '../adapter/contract.ts'
import type { Link } from '../db/link.ts'
import { parseShadow } from '../mapping/shadow.ts'
import { ScimError } from '../scim/error.ts'
import type { Resource } from '../scim/schema.ts'
import type { Endpoint } from './endpoint.ts'
import { heldBack, standsIn, turn, withFormer } from './inactive.ts'
import { refuseProtected } from './protected.ts'
import { switchAccount } from './switch-account.ts'

/** An account as a client knows it, and its link where it has one. */
export interface Subject {
  readonly link: Link | undefined
  readonly object: NativeObject
  readonly view: Resource
}

/**
 * Brings the account from the client's view to `after`, with no call where nothing differs, and
 * answers with what the app holds then. `onEffect`: a first call has had its effect.
 */
export async function change(
  endpoint: Endpoint,
  { link, object, view: before }: Subject,
  after: Resource,
  onEffect: () => void = () => {},
): Promise<NativeObject> {
  const { port, mapping } = endpoint
  await refuseProtected(endpoint, object, link)
  const isOurs = standsIn(endpoint)
  const shown = link ? withFormer(link, object) : object
  const own = isOurs ? { ...after, active: before['active'] ?? true } : after
  let current = await send(
    endpoint,
    object,
    heldBack(endpoint, after, await mapping.delta(before, own, shown, isFirst(endpoint, link))),
  )
  if (current !== object) onEffect()
  const active = after['active']
  if (typeof active !== 'boolean') return current
  const isHeldDown = isOurs || link?.former !== undefined
  if (isHeldDown && active !== (before['active'] ?? true)) {
    current = await send(endpoint, current, turn(endpoint, active, current, link))
  }
  const isWanted = active !== current.active && (active || !isOurs)
  if (mapping.switches && port.setActive && isWanted) {
    const outcome = await switchAccount(endpoint, link?.id, object.id, active)
    if (outcome?.kind === 'gone') throw vanished()
    current = (outcome?.kind === 'ok' && outcome.object) || (await reread(endpoint, object.id))
  }
  return current
}

/** No client has written it under this mapping yet: what the app is told beside comes along. */
function isFirst({ connection }: Endpoint, link: Link | undefined): boolean {
  return link?.state !== 'linked' || parseShadow(link.shadow).mapping !== connection.mappingVersion
}

async function send(endpoint: Endpoint, object: NativeObject, delta: Delta): Promise<NativeObject> {
  if (delta.unset.length === 0 && Object.keys(delta.set).length === 0) return object
  if (!endpoint.port.update) {
    throw new ScimError(501, `The app does not let a ${endpoint.definition.type.name} be changed.`)
  }
  const outcome = await endpoint.port.update(object.id, delta)
  if (outcome.kind === 'gone') throw vanished()
  return (outcome.kind === 'ok' && outcome.object) || (await reread(endpoint, object.id))
}

async function reread(endpoint: Endpoint, nativeId: string): Promise<NativeObject> {
  const object = await endpoint.port.get(nativeId)
  if (!object) throw vanished()
  return object
}

function vanished(): ScimError {
  return new ScimError(404, 'The app no longer holds this resource.', { reason: 'vanished' })
}
