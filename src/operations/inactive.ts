/**
 * What "off" means here (design decision 10): the app's own switch, or what policy puts in its place.
 * `active` then lives with the link, and is shown from there.
 */
import type { Attributes, Delta, NativeObject } from '../adapter/contract.ts'
import type { Link } from '../db/link.ts'
import { ScimError } from '../scim/error.ts'
import type { Resource } from '../scim/schema.ts'
import type { Endpoint } from './endpoint.ts'

/** True where a client's `active` is carried out by something else than the app's own switch. */
export function standsIn({ connection, definition }: Endpoint): boolean {
  return (
    connection.policy.deprovision.onInactive !== 'native' &&
    definition.coreAttribute('active') !== undefined
  )
}

/** True where a person who is off is taken out of every group, and put back when on again. */
export function strips({ connection }: Endpoint): boolean {
  return connection.policy.deprovision.onInactive === 'strip'
}

/** True where the account of a person who is off goes, and another one is made when on again. */
export function removesOff({ connection, definition }: Endpoint): boolean {
  return (
    connection.policy.deprovision.onInactive === 'remove' &&
    definition.coreAttribute('active') !== undefined
  )
}

/** True where somebody who was off has to be put back into groups: by policy, or by the app's habit. */
export function losesGroups(endpoint: Endpoint): boolean {
  return strips(endpoint) || endpoint.spec.capabilities.offLeavesGroups === true
}

/** @throws {ScimError} 501 where nothing here can switch an account off */
export function refuseDisable(endpoint: Endpoint, wanted: Resource): void {
  const { connection, mapping, definition, port } = endpoint
  if (wanted['active'] !== false || !definition.coreAttribute('active')) return
  const { onInactive } = connection.policy.deprovision
  switch (onInactive) {
    case 'record':
    case 'strip':
      return
    case 'downgrade':
      if (port.update) return
      throw new ScimError(501, 'The app does not let an account be changed, so none is downgraded.')
    case 'remove':
      if (port.remove && port.create) return
      throw new ScimError(
        501,
        'The app cannot both remove accounts and make them anew, so none is removed for being off. ' +
          'An administrator of this connection must choose another policy ' +
          '"deprovision.onInactive".',
      )
    case 'native':
      if (mapping.switches || mapping.pair('active')) return
      throw new ScimError(
        501,
        'The app has no switch to disable an account, so nothing was changed. Delete the account, ' +
          'take it out of the scope of provisioning, or let an administrator of this connection ' +
          'choose another policy "deprovision.onInactive".',
      )
  }
}

/** The app's object as it would be without the downgrade: what a client is shown and changes. */
export function withFormer(link: Pick<Link, 'former'>, object: NativeObject): NativeObject {
  if (link.former === undefined) return object
  return { ...object, attributes: { ...object.attributes, ...formerOf(link) } }
}

/** Without what must not reach the app while the person is off. */
export function heldBack({ connection }: Endpoint, after: Resource, delta: Delta): Delta {
  const { onInactive, downgradeTo } = connection.policy.deprovision
  if (onInactive !== 'downgrade' || after['active'] !== false) return delta
  const isFree = (name: string) => !Object.hasOwn(downgradeTo, name)
  return {
    set: Object.fromEntries(Object.entries(delta.set).filter(([name]) => isFree(name))),
    unset: delta.unset.filter(isFree),
  }
}

/** What a commit remembers for the day when the person is back; undefined: nothing is replaced. */
export async function formerAfter(
  { connection, mapping }: Endpoint,
  after: Resource,
  object: Pick<NativeObject, 'attributes'>,
  link: Pick<Link, 'former'> | undefined,
): Promise<string | undefined> {
  const { onInactive, downgradeTo } = connection.policy.deprovision
  if (after['active'] !== false) return undefined
  // Under another policy by now: what was replaced comes back with the person all the same.
  if (onInactive !== 'downgrade') return link?.former
  // What has no form for this person must not keep a leaver switched on.
  const { attributes: wanted } = await mapping.tryToApp(after)
  const held = link?.former === undefined ? object.attributes : formerOf(link)
  const names = Object.keys(downgradeTo)
  return JSON.stringify(
    Object.fromEntries(names.map((name) => [name, wanted[name] ?? held[name] ?? null])),
  )
}

/** What a create sends for somebody who is off from the start. */
export function whileOff(
  { connection }: Endpoint,
  wanted: Resource,
  attributes: Attributes,
): Attributes {
  const { onInactive, downgradeTo } = connection.policy.deprovision
  const isDown = onInactive === 'downgrade' && wanted['active'] === false
  return isDown ? { ...attributes, ...downgradeTo } : attributes
}

/** What the app is told when `active` turns, policy standing in for its switch; empty: nothing. */
export function turn(
  { connection }: Endpoint,
  active: boolean,
  object: NativeObject,
  link: Pick<Link, 'former'> | undefined,
): Delta {
  const { onInactive, downgradeTo } = connection.policy.deprovision
  if (!active && onInactive !== 'downgrade') return { set: {}, unset: [] }
  const wanted = active ? formerOf(link ?? {}) : downgradeTo
  const differs = Object.entries(wanted).filter(
    ([name, value]) => object.attributes[name] !== value,
  )
  return {
    set: Object.fromEntries(differs.filter(([, value]) => value !== null)),
    unset: differs.flatMap(([name, value]) =>
      value === null && object.attributes[name] !== undefined ? [name] : [],
    ),
  }
}

function formerOf(link: Partial<Pick<Link, 'former'>>): Attributes {
  return link.former === undefined ? {} : (JSON.parse(link.former) as Attributes)
}
