/** What can be said of a tree that is XML (`xml.ts`) without reading or writing one. */

/** Namespaces in XML 1.0: a name, or two with a colon between. */
const NAME = /^[\p{L}_][\p{L}\p{N}\p{M}_.-]*(?::[\p{L}_][\p{L}\p{N}\p{M}_.-]*)?$/u

/** A member of a tree that XML can have: an element, or `@` and the name of an attribute. */
export function isXmlName(member: string): boolean {
  return member === '#text' || NAME.test(member.replace(/^@/, ''))
}

/** The tree with each null as an empty element that has this attribute, `nil` or `xsi:nil`. */
export function markNil(tree: unknown, attribute: string): unknown {
  if (tree === null) return { [`@${attribute}`]: 'true' }
  if (Array.isArray(tree)) return tree.map((one) => markNil(one, attribute))
  if (typeof tree !== 'object') return tree
  return Object.fromEntries(
    Object.entries(tree).map(([name, inner]) => [
      name,
      name.startsWith('@') || name === '#text' ? inner : markNil(inner, attribute),
    ]),
  )
}
