/**
 * Where the app keeps an id that we give (its anchor), a create stamps the SCIM id there: one whose
 * answer was lost is then found by that and by nothing else, whatever names people share.
 */
import type { Attributes, NativeObject } from '../adapter/contract.ts'
import type { Link } from '../db/link.ts'
import type { Resource } from '../scim/schema.ts'
import { rulesOf } from './account.ts'
import type { Endpoint } from './endpoint.ts'
import { meet } from './meet.ts'
import { type Match, searchByRules } from './search.ts'

/** What a create sends; an attribute that the mapping speaks for is the mapping's. */
export function stamp(
  { spec }: Endpoint,
  { id }: Pick<Link, 'id'>,
  attributes: Attributes,
): Attributes {
  const { anchor } = spec.capabilities
  return anchor === undefined ? attributes : { [anchor]: id, ...attributes }
}

/** True where this account bears the link's id, which nobody else gives out. */
export function isStamped(
  { spec }: Endpoint,
  { id }: Pick<Link, 'id'>,
  { attributes }: Pick<NativeObject, 'attributes'>,
): boolean {
  const { anchor } = spec.capabilities
  return anchor !== undefined && attributes[anchor] === id
}

/** After a create that may have had an effect: by the anchor, then by the keys. */
export async function probe(endpoint: Endpoint, link: Link, desired: Resource): Promise<Match> {
  const { spec, port } = endpoint
  const { anchor, lookups } = spec.capabilities
  const lookup = lookups.find((one) => one.attribute === anchor)
  if (anchor !== undefined && lookup?.includesInactive) {
    const found = await port.find(anchor, link.id)
    const ours = found.filter((object) => isStamped(endpoint, link, object))
    if (ours.length === 1) {
      const met = await meet(endpoint, ours, desired, rulesOf(endpoint))
      return { found: met.map((one) => ({ ...one, isOurs: true })), lagMs: lookup.lagMs }
    }
  }
  return searchByRules(endpoint, desired)
}
