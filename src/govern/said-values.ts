/** What a request said, as a row of the audit keeps it: names, and values in the form that the policy has. */
import type { Connection } from '../access/connection.ts'
import type { Json, ResourceDefinition } from '../scim/schema.ts'
import { askedOf, type Said } from './asked.ts'
import type { HeardRequest } from './hear.ts'
import type { ValueHashes } from './value-hashes.ts'

/** Elements of a value that is kept: a group may have 50,000 members. */
const MOST_ELEMENTS = 100
/** Characters of a value that is shown. */
const LONGEST_SHOWN = 200

export function definitionNamed({ definitions }: Connection, segment: string) {
  const endpoint = `/${segment}`.toLowerCase()
  return [...definitions.values()].find(({ type }) => type.endpoint.toLowerCase() === endpoint)
}

export function saidIn(
  connection: Connection,
  definition: ResourceDefinition,
  { method, query, body }: HeardRequest,
): Said {
  const filter = query.get('filter')
  return askedOf(definition, connection.policy.profile, { method, filter, body })
}

export type Form = (path: string, value: Json) => Json | Promise<Json>

export const shown: Form = (_, value) =>
  typeof value === 'string'
    ? value.slice(0, LONGEST_SHOWN)
    : JSON.stringify(value).length <= LONGEST_SHOWN
      ? value
      : '…'

export const hashed =
  (hashes: ValueHashes, connection: string): Form =>
  (path, value) =>
    hashes.value(connection, path, value)

/** In the order of the names; null stands for a value that is not kept. */
export async function given(
  { asked, values }: Said,
  form: Form,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const of = (names: readonly string[], all: readonly (Json | undefined)[]) =>
    Promise.all(
      names.map((name, at) => {
        const value = all[at]
        const isLong = Array.isArray(value) && value.length > MOST_ELEMENTS
        return value === undefined || isLong ? null : form(name, value)
      }),
    )
  const filter = await of(asked.filter?.map(({ attribute }) => attribute) ?? [], values.filter)
  const changes = await of(asked.changes?.map(({ path }) => path) ?? [], values.changes)
  if (filter.length + changes.length === 0) return undefined
  return { ...(filter.length > 0 && { filter }), ...(changes.length > 0 && { changes }) }
}
