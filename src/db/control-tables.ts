/** Drizzle's view of the control tables; migrations/ holds their constraints. */
import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { Json, JsonObject } from '../scim/schema.ts'

export const connection = sqliteTable('connection', {
  id: text().primaryKey(),
  name: text().notNull(),
  adapter: text().notNull(),
  adapterIdentity: text('adapter_identity'),
  settings: text({ mode: 'json' }).$type<JsonObject>().notNull(),
  mapping: text({ mode: 'json' }).$type<JsonObject>(),
  mappingVersion: integer('mapping_version').notNull(),
  policy: text({ mode: 'json' }).$type<JsonObject>().notNull(),
  extensions: text({ mode: 'json' }).$type<Json[]>().notNull(),
  resourceTypes: text('resource_types', { mode: 'json' }).$type<Json[]>().notNull(),
  mode: text({ enum: ['observe', 'gate', 'live', 'paused'] }).notNull(),
  modeUntil: integer('mode_until'),
  dataDb: text('data_db').notNull(),
  state: text({ enum: ['active', 'offboarding'] }).notNull(),
  version: integer().notNull(),
  createdAt: integer('created_at').notNull(),
  updatedAt: integer('updated_at').notNull(),
})

export const connectionSecret = sqliteTable(
  'connection_secret',
  {
    connectionId: text('connection_id').notNull(),
    name: text().notNull(),
    sealed: text().notNull(),
    keyId: text('key_id').notNull(),
    setAt: integer('set_at'),
  },
  (table) => [primaryKey({ columns: [table.connectionId, table.name] })],
)

export const token = sqliteTable('token', {
  id: text().primaryKey(),
  connectionId: text('connection_id').notNull(),
  hash: text().notNull(),
  label: text(),
  createdAt: integer('created_at').notNull(),
  expiresAt: integer('expires_at'),
  lastUsedAt: integer('last_used_at'),
  clientId: text('client_id'),
  scope: text({ enum: ['scim', 'scim:read'] })
    .notNull()
    .default('scim'),
})

export const client = sqliteTable(
  'client',
  {
    connectionId: text('connection_id').notNull(),
    id: text().notNull(),
    kind: text({ enum: ['secret', 'assertion', 'token'] }).notNull(),
    label: text(),
    scope: text({ enum: ['scim', 'scim:read'] }).notNull(),
    tokenSeconds: integer('token_seconds').notNull(),
    trust: text({ mode: 'json' }).$type<JsonObject>(),
    createdAt: integer('created_at').notNull(),
    lastUsedAt: integer('last_used_at'),
  },
  (table) => [primaryKey({ columns: [table.connectionId, table.id] })],
)

export const clientSecret = sqliteTable('client_secret', {
  id: text().primaryKey(),
  connectionId: text('connection_id').notNull(),
  clientId: text('client_id').notNull(),
  hash: text().notNull(),
  createdAt: integer('created_at').notNull(),
  expiresAt: integer('expires_at'),
  lastUsedAt: integer('last_used_at'),
})
