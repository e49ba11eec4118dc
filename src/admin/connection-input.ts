/** The members of a connection as an administrator sends them: their shape, not yet their sense. */
import * as z from 'zod'
import { CONNECTION_NAME } from '../access/connection.ts'
import { type ConnectionMode, connectionMode } from '../access/policy.ts'
import type { Json, JsonObject } from '../scim/schema.ts'
import { type InvalidMember, invalidMembers } from './problem.ts'

/** A label in URLs, and in host names should it ever come to that (RFC 1123 §2.1). */
export const jsonObject = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object',
)
const jsonArray = z.custom<Json[]>((value) => Array.isArray(value), 'must be an array')
/** Of `observe` and `gate`, beside `mode`; `modeUntilOf` says what is left out. */
const modeUntil = z.iso.datetime({ offset: true }).nullish()
const secret = z.string().min(1).max(10_000)

/** Of `GET .../export`; goes up where an older document would be misread. */
export const EXPORT_FORMAT = 1

export const newConnection = z.strictObject({
  // An exported connection is a body as it is, with its secrets added.
  format: z.literal(EXPORT_FORMAT).optional(),
  secretNames: z.array(z.string()).optional(),
  name: z
    .string()
    .regex(CONNECTION_NAME, 'must be 1 to 63 of a-z, 0-9 and "-", and not begin with "-"'),
  adapter: z.string().min(1).max(200),
  settings: jsonObject.default({}),
  secrets: z.record(z.string(), secret).default({}),
  mapping: jsonObject.default({}),
  policy: jsonObject.default({}),
  extensions: jsonArray.default([]),
  resourceTypes: jsonArray.default([]),
  mode: connectionMode.optional(),
  modeUntil,
  /** Binding of the database that is to hold its data. */
  database: z.string().max(40).optional(),
})

/** null takes a member back to its default (RFC 7396 §1). */
export const connectionPatch = z.strictObject({
  settings: jsonObject.nullish(),
  secrets: z.record(z.string(), secret.nullable()).default({}),
  mapping: jsonObject.nullish(),
  policy: jsonObject.nullish(),
  extensions: jsonArray.nullish(),
  mode: connectionMode.nullish(),
  modeUntil,
})
export type ConnectionPatch = z.output<typeof connectionPatch>

/** `mode` may be given on its own or within the policy, but it is one thing. */
export function sameMode(
  mode: ConnectionMode | null | undefined,
  policy: JsonObject,
): InvalidMember[] {
  const within = policy['mode']
  if (mode === undefined || within === undefined || mode === within) return []
  return [{ path: 'mode', message: 'differs from policy.mode' }]
}

export function checkMode(mode: Json | undefined): InvalidMember[] {
  const parsed = connectionMode.nullish().safeParse(mode)
  return parsed.success ? [] : invalidMembers(parsed.error, ['policy', 'mode'])
}
