/** Attribute names in body keys, in `attributes` and in `sortBy`. */
import { printRef, resolveName } from './attribute-ref.ts'
import type { Attribute, AttributeRef, ResourceDefinition } from './schema.ts'

/**
 * The attribute a client means by a name, in every form that the tolerant profile knows; undefined
 * for an unknown name and for the URN of a whole extension.
 */
export function findAttribute(
  definition: ResourceDefinition,
  name: string,
): AttributeRef | undefined {
  const found = resolveName(definition, name, 'tolerant')
  return found?.attribute ? found : undefined
}

/** The name that errors give an attribute: behind its URN where it is an extension's. */
export function attributePath(urn: string | undefined, attribute: Attribute): string {
  return printRef({ urn, attribute, subAttribute: undefined })
}
