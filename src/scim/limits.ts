/**
 * What a SCIM message may hold. Each limit has one name, stands in the table of docs/security.md (a
 * test compares the two), and leaves room far above what clients send: Entra's largest PATCH has some
 * hundred members, its filters have two terms.
 */

/** Levels of a body. A Bulk request around a PATCH around an element is ten deep. */
export const MAX_DEPTH = 32
/** Names and elements of a body, all in all: 20,000 members with all of their sub-attributes. */
export const MAX_VALUES = 200_000
/** Names in one object. A User with every extension has some hundred. */
export const MAX_NAMES = 2_000
/** Bytes of one resource as JSON, members of a group aside. A row of D1 has two million at most. */
export const MAX_RESOURCE = 500_000
/** Characters of a filter, or of a path with one. */
export const MAX_FILTER_LENGTH = 16_384
/** Parentheses and brackets within each other. */
export const MAX_FILTER_DEPTH = 50
/** Conditions of one filter. */
export const MAX_FILTER_CONDITIONS = 1_000
/** Operations, and keys in them, of one PATCH: work stays proportional to the request. */
export const MAX_PATCH_CHANGES = 2_000
/** Names in `attributes`, and in `excludedAttributes`. */
export const MAX_PROJECTED = 500
/** Operations of one Bulk request. Each may cost several app calls, and an invocation has a budget. */
export const MAX_OPERATIONS = 100
