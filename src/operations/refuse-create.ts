/** Why there is no account: what a client hears of its create. */
import { ScimError } from '../scim/error.ts'
import type { Endpoint } from './endpoint.ts'

export function noCreate({ definition: { type } }: Endpoint): ScimError {
  return new ScimError(
    501,
    `The app does not let ${type.name}s be created, and has none that matches this one. Create it ` +
      `in the app first, or take it out of the scope of provisioning.`,
    { reason: 'no-create' },
  )
}

export function taken(endpoint: Endpoint): ScimError {
  const { name } = endpoint.definition.type
  return new ScimError(
    'uniqueness',
    `A ${name} with the same ${uniqueNames(endpoint)} exists already. Find it by a filter and ` +
      'update it.',
    { reason: 'taken' },
  )
}

function uniqueNames(endpoint: Endpoint): string {
  const unique = [...endpoint.definition.attributes].filter(
    (a) => a.uniqueness !== 'none' && a.mutability !== 'readOnly',
  )
  return unique.map((a) => a.name).join(' or ') || 'key'
}

export function inDoubt(retryAfterSeconds: number): ScimError {
  return new ScimError(
    503,
    'Another request is creating this resource, or was cut off while it did. Retry later.',
    { retryAfterSeconds, reason: 'in-doubt' },
  )
}
