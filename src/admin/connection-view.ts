/** A connection as an administrator sees it, and as what they enter of it is checked. */
import { modeAt } from '../access/mode.ts'
import { type ConnectionMode, policySchema } from '../access/policy.ts'
import type { ConnectionRow } from '../db/connections.ts'
import type { Json, JsonObject } from '../scim/schema.ts'
import type { ConnectionDraft } from './check-connection.ts'

/** A connection as an administrator sees it: no secrets, every default of the policy filled in. */
export interface ConnectionView {
  readonly name: string
  readonly adapter: string
  readonly scimBaseUrl: string
  readonly settings: JsonObject
  /** `{}` where the adapter's own mapping holds. */
  readonly mapping: JsonObject
  readonly mappingVersion: number
  readonly policy: object
  /** The mode that holds now: `paused` where `observe` or `gate` has ended by itself. */
  readonly mode: ConnectionMode
  /** ISO 8601: when the mode ends, or (of a paused connection) when the one before it ended. */
  readonly modeUntil: string | null
  readonly extensions: Json[]
  readonly resourceTypes: Json[]
  /** Binding of the database that holds its data. */
  readonly database: string
  /** ISO 8601. */
  readonly createdAt: string
  readonly updatedAt: string
}

export function toDraft(row: ConnectionRow): ConnectionDraft {
  const { adapter, settings, policy, extensions, resourceTypes } = row
  const secrets = Object.keys(row.secrets)
  return {
    ...{ adapter, settings, policy, extensions, resourceTypes, secrets },
    mapping: row.mapping ?? {},
  }
}

export function toView(row: ConnectionRow, baseUrl: string, now: number): ConnectionView {
  const mode = modeAt(row.mode, row.modeUntil ?? undefined, now)
  const policy = { ...row.policy, mode }
  const effective = policySchema.safeParse(policy)
  return {
    name: row.name,
    adapter: row.adapter,
    scimBaseUrl: `${baseUrl}/scim/${row.name}/v2`,
    settings: row.settings,
    mapping: row.mapping ?? {},
    mappingVersion: row.mappingVersion,
    // A policy that no longer parses is shown as it is, for the administrator to repair.
    policy: effective.success ? effective.data : policy,
    mode,
    modeUntil: row.modeUntil === null ? null : new Date(row.modeUntil).toISOString(),
    extensions: row.extensions,
    resourceTypes: row.resourceTypes,
    database: row.dataDb,
    createdAt: new Date(row.createdAt).toISOString(),
    updatedAt: new Date(row.updatedAt).toISOString(),
  }
}
