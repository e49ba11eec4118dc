/**
 * The adapter of one connection, for whoever is to change the connection: what may be entered, and whether
 * the app answers to it. Routes of the admin API behind its door.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Hono } from 'hono'
import type { Access } from '../access/authenticate.ts'
import { type Connection, toConnection } from '../access/connection.ts'
import { Connections } from '../db/connections.ts'
import { type TrialDeps, tryApp } from '../jobs/try-app.ts'
import { isoOf } from '../scim/date-time.ts'
import type { Attribute, JsonObject, ResourceDefinition } from '../scim/schema.ts'
import { described } from './adapters.ts'
import { route } from './api.ts'
import { readJson } from './body.ts'
import { type ConnectionDeps, noConnection } from './connections.ts'
import { administratorOf } from './door.ts'
import { previewConnection } from './patch-connection.ts'
import { Problem } from './problem.ts'
import { connectionOf } from './query.ts'

export interface ConnectionAdapterDeps extends ConnectionDeps {
  readonly trials: TrialDeps
  readonly access: Access
}

/** An attribute of the app. */
export interface AppAttribute {
  readonly name: string
  readonly type: string
  readonly isMultiValued: boolean
  readonly write: 'never' | 'create' | 'always'
  readonly isRequired: boolean
}

export interface AppResource {
  readonly attributes: readonly AppAttribute[]
  /** The adapter's own. */
  readonly mapping: JsonObject
  /** Paths of SCIM that may be mapped: all attributes that a client can write. */
  readonly paths: readonly string[]
}

export interface ConnectionAdapterView {
  readonly name: string
  /** JSON Schema; null where the adapter alone can say. */
  readonly settings: JsonObject | null
  readonly secrets: readonly {
    readonly name: string
    readonly isKept: boolean
    /** ISO 8601: when it was entered; null: nobody knows, or there is none. */
    readonly setAt: string | null
  }[]
  /** Of the connection. */
  readonly resourceTypes: readonly string[]
  /** By resource type; {}: the adapter takes whatever SCIM has. */
  readonly resources: Readonly<Record<string, AppResource>>
}

/** For `adminApi`'s `more`. */
export function connectionAdapterRoutes(deps: ConnectionAdapterDeps): (api: Hono) => void {
  const connections = new Connections(deps.db)

  return (api) => {
    route(api, '/connections/:name/adapter', {
      GET: async (c) => {
        const connection = await connectionOf(deps, c)
        const row = await connections.named(connection.name)
        if (!row) throw noConnection()
        const adapter = await described(deps, connection.adapter)
        if (!adapter) {
          const detail = `There is no adapter or manifest "${connection.adapter}" any more`
          throw new Problem(409, detail)
        }
        const types = [...connection.definitions.keys()]
        const setAt = await connections.secretsSetAt(row.id)
        const view: ConnectionAdapterView = {
          name: connection.adapter,
          settings: adapter.settingsSchema ?? null,
          secrets: adapter.secrets.map((name) => ({
            name,
            isKept: Object.hasOwn(row.secrets, name),
            setAt: isoOf(setAt.get(name) ?? null),
          })),
          resourceTypes: types,
          resources: Object.fromEntries(
            types.flatMap((type) => {
              const spec = adapter.resource?.(type)
              if (!spec) return []
              const attributes = Object.entries(spec.attributes).map(
                ([name, one]): AppAttribute => ({
                  ...{ name, type: one.type, write: one.write },
                  isMultiValued: one.multiValued ?? false,
                  isRequired: one.required ?? false,
                }),
              )
              const mapping = spec.mapping as unknown as JsonObject
              const paths = pathsOf(connection.definitions.get(type))
              return [[type, { attributes, mapping, paths }] as const]
            }),
          ),
        }
        return c.json(view)
      },
    })

    route(api, '/connections/:name/try', {
      POST: async (c) => {
        const name = c.req.param('name') ?? ''
        const body = await readJson(c, {})
        const { row, next, patch } = await previewConnection(name, body, deps, administratorOf(c))
        const stored = toConnection(row, deps.sealing)
        const given = Object.entries(patch.secrets).flatMap(([key, value]) =>
          value === null ? [] : [[key, value] as const],
        )
        const tried: Connection = {
          ...stored,
          settings: next.settings,
          secrets: async () => {
            const kept = await stored.secrets()
            const all = { ...kept, ...Object.fromEntries(given) }
            return Object.fromEntries(next.secrets.map((key) => [key, all[key] ?? '']))
          },
        }
        const isStored =
          Object.keys(patch.secrets).length === 0 && isDeepStrictEqual(next.settings, row.settings)
        return c.json(await tryApp(deps.trials, { connection: tried, isStored }))
      },
    })
  }
}

function pathsOf(definition: ResourceDefinition | undefined): string[] {
  if (!definition) return []
  const { attributes, extensions } = definition
  return [
    ...[...attributes].flatMap((one) => pathsTo(one, '')),
    ...extensions.flatMap(({ id, attributes: own }) =>
      own.flatMap((one) => pathsTo(one, `${id}:`)),
    ),
  ]
}

function pathsTo({ name, ...of }: Attribute, before: string): string[] {
  // `schemas` and `$ref` say what is there, and are nobody's to map.
  if (of.mutability === 'readOnly' || name === 'schemas' || name === '$ref') return []
  const at = `${before}${name}`
  const parts = of.subAttributes ?? []
  if (!of.multiValued)
    return parts.length > 0 ? parts.flatMap((part) => pathsTo(part, `${at}.`)) : [at]
  const types = parts.find((part) => part.name === 'type')?.canonicalValues ?? []
  return parts.some((part) => part.name === 'value')
    ? [...types.map((type) => `${at}[type eq "${type}"].value`), `${at}.value`]
    : [at]
}
