/**
 * Search filters as data. Values travel as they are, in BER (RFC 4511 §4.5.1.7): nothing is ever
 * written into the text form of RFC 4515, so there is nothing to escape and nothing to break out of.
 */
import {
  AndFilter,
  EqualityFilter,
  GreaterThanEqualsFilter,
  LessThanEqualsFilter,
  NotFilter,
  OrFilter,
  PresenceFilter,
  type Filter as Wire,
} from 'ldapts'

export type LdapFilter =
  | { readonly and: readonly LdapFilter[] }
  | { readonly or: readonly LdapFilter[] }
  | { readonly not: LdapFilter }
  | { readonly equal: readonly [attribute: string, value: string] }
  /** Only for attributes with an ordering rule. */
  | { readonly atLeast: readonly [attribute: string, value: string] }
  | { readonly atMost: readonly [attribute: string, value: string] }
  | { readonly present: string }

export function wireFilter(filter: LdapFilter): Wire {
  if ('and' in filter) return new AndFilter({ filters: filter.and.map(wireFilter) })
  if ('or' in filter) return new OrFilter({ filters: filter.or.map(wireFilter) })
  if ('not' in filter) return new NotFilter({ filter: wireFilter(filter.not) })
  if ('present' in filter) return new PresenceFilter({ attribute: filter.present })
  if ('equal' in filter) return new EqualityFilter(pairOf(filter.equal))
  if ('atLeast' in filter) return new GreaterThanEqualsFilter(pairOf(filter.atLeast))
  return new LessThanEqualsFilter(pairOf(filter.atMost))
}

function pairOf([attribute, value]: readonly [string, string]): {
  attribute: string
  value: string
} {
  return { attribute, value }
}
