/** A connection as the operations use it, made from its row. */
import type { WrittenMapping } from '../adapter/mapping-entry.ts'
import type { ConnectionRow } from '../db/connections.ts'
import type { JsonObject, ResourceDefinition } from '../scim/schema.ts'
import { defineResources } from '../scim/schemas.ts'
import { type Policy, parsePolicy } from './policy.ts'
import type { Sealing } from './seal.ts'

/** What a connection may be called. */
export const CONNECTION_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/

/** By resource type. */
export type MappingOverride = Readonly<Record<string, WrittenMapping>>

export interface Connection {
  readonly id: string
  readonly name: string
  readonly adapter: string
  /** What links go by (`identityOf`), as the adapter had it; undefined: it has not been written down. */
  readonly adapterIdentity: string | undefined
  /** As the administrator gave them; the adapter's `settings` schema fills in the rest. */
  readonly settings: JsonObject
  /** With every default filled in; `mode` included. */
  readonly policy: Policy
  /** Milliseconds: when the mode ends, or ended; `modeOf` says which mode holds. */
  readonly modeUntil: number | undefined
  /** The connection's own mapping; undefined where the adapter's holds. */
  readonly mapping: MappingOverride | undefined
  readonly mappingVersion: number
  /** By resource type name. */
  readonly definitions: ReadonlyMap<string, ResourceDefinition>
  /** Binding of the database that holds the data tables. */
  readonly dataDatabase: string
  /** Goes up with every change of the connection or of its secrets. */
  readonly version: number
  /** Milliseconds. */
  readonly createdAt: number
  /** Milliseconds. */
  readonly updatedAt: number
  /**
   * Opened on first use, without a query.
   *
   * @throws {SealError} where the sealing key is missing or another one
   */
  secrets(): Promise<Readonly<Record<string, string>>>
}

/** @throws where a stored policy or schema is not valid, which the admin API does not let in */
export function toConnection(row: ConnectionRow, sealing: Sealing): Connection {
  // The values, not a promise: a request must not wait for work that another request began.
  let opened: Readonly<Record<string, string>> | undefined
  return {
    id: row.id,
    name: row.name,
    adapter: row.adapter,
    adapterIdentity: row.adapterIdentity ?? undefined,
    settings: row.settings,
    policy: parsePolicy({ ...row.policy, mode: row.mode }),
    modeUntil: row.modeUntil ?? undefined,
    mapping: (row.mapping as MappingOverride | null) ?? undefined,
    mappingVersion: row.mappingVersion,
    definitions: defineResources(row.extensions, row.resourceTypes),
    dataDatabase: row.dataDb,
    version: row.version,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    async secrets() {
      opened ??= await openAll(row, sealing)
      return opened
    },
  }
}

async function openAll(
  row: ConnectionRow,
  sealing: Sealing,
): Promise<Readonly<Record<string, string>>> {
  const entries = await Promise.all(
    Object.entries(row.secrets).map(async ([name, sealed]) => {
      const plain = await sealing.open(sealed, { connectionId: row.id, name })
      return [name, plain] as const
    }),
  )
  return Object.fromEntries(entries)
}
