/** Whether a path is one of SCIM, and an attribute one of the app. */
import { ScimError } from '../scim/error.ts'
import { type Path, parsePath } from '../scim/path.ts'
import type { ResourceDefinition } from '../scim/schema.ts'
import type { AdapterDescription } from './describe-adapter.ts'
import { type InvalidMember, memberPath } from './problem.ts'

export function parseAt(
  text: string,
  definition: ResourceDefinition,
  at: readonly PropertyKey[],
): { value?: Path; errors: InvalidMember[] } {
  try {
    const value = parsePath(definition, text, 'tolerant')
    if (value.kind !== 'unknown') return { value, errors: [] }
    const message = `${definition.type.name} has no such attribute`
    return { errors: [{ path: memberPath(at), message }] }
  } catch (error) {
    if (!(error instanceof ScimError)) throw error
    return { errors: [{ path: memberPath(at), message: error.message }] }
  }
}

export function checkAttribute(
  attribute: string,
  type: string,
  adapter: AdapterDescription | undefined,
  at: readonly PropertyKey[],
): InvalidMember[] {
  const known = adapter?.resourceAttributes(type) ?? 'any'
  if (known === 'any' || known.includes(attribute)) return []
  return [{ path: memberPath(at), message: `the app has no attribute "${attribute}" of ${type}` }]
}
