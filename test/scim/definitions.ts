/** The resource types that the tests of filters, paths and PATCH work on. */
import { ScimError } from '../../src/scim/error.ts'
import {
  attribute,
  type Json,
  type JsonObject,
  ResourceDefinition,
  type Schema,
} from '../../src/scim/schema.ts'
import {
  ENTERPRISE_USER_SCHEMA,
  GROUP_SCHEMA,
  GROUP_TYPE,
  USER_SCHEMA,
  USER_TYPE,
} from '../../src/scim/schemas.ts'

export const BADGE = 'urn:ietf:params:scim:schemas:extension:nordlicht:2.0:User'

const BADGE_SCHEMA: Schema = {
  id: BADGE,
  name: 'NordlichtUser',
  description: 'A custom extension',
  attributes: [
    attribute({ name: 'badgeId', type: 'string' }),
    attribute({ name: 'isContractor', type: 'boolean' }),
    attribute({ name: 'hiredOn', type: 'dateTime' }),
    attribute({ name: 'seats', type: 'integer' }),
    attribute({ name: 'costPools', type: 'string', multiValued: true }),
    attribute({ name: 'payrollId', type: 'string', mutability: 'immutable' }),
    attribute({ name: 'photo', type: 'binary' }),
  ],
}

export const user = new ResourceDefinition(USER_TYPE, USER_SCHEMA, [
  ENTERPRISE_USER_SCHEMA,
  BADGE_SCHEMA,
])
export const group = new ResourceDefinition(GROUP_TYPE, GROUP_SCHEMA, [])

/** The scimType (or status) a call is refused with; "works" where it is not. Other errors pass. */
export function outcome(call: () => unknown): string {
  try {
    call()
    return 'works'
  } catch (error) {
    if (error instanceof ScimError) return error.scimType ?? String(error.status)
    throw error
  }
}

/** Fails the test where a mutation is tried. */
export function frozen<T extends Json>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value as JsonObject)) frozen(part)
    Object.freeze(value)
  }
  return value
}
