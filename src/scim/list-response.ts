/** Paging and sorting of queries, and the ListResponse (RFC 7644 §3.4.2, RFC 9865). */
import { findAttribute } from './attribute-name.ts'
import { ScimError } from './error.ts'
import type { Attribute, Json, JsonObject, ResourceDefinition } from './schema.ts'
import { LIST_RESPONSE } from './urn.ts'
import { compareValues, isObject, isPrimary } from './values.ts'

export type Paging =
  | { readonly kind: 'index'; readonly startIndex: number; readonly count: number }
  /** An empty cursor asks for the first page. */
  | { readonly kind: 'cursor'; readonly cursor: string; readonly count: number }

/** Query parameters with their names in lower case, or the members of a SearchRequest. */
export interface PagingParameters {
  readonly startindex?: unknown
  readonly count?: unknown
  readonly cursor?: unknown
}

/**
 * Reads `startIndex`, `count` and `cursor`. `startIndex` below 1 is 1, `count` below 0 is 0, above
 * `maxPage` it is `maxPage` (RFC 7644 §3.4.2.4). A `cursor`, even an empty one, asks for paging by
 * cursor (RFC 9865 §2).
 *
 * @throws {ScimError} `invalidValue`, or by cursor `invalidCount` and `invalidCursor`
 */
export function parsePaging(parameters: PagingParameters, maxPage: number): Paging {
  const { startindex, count, cursor } = parameters
  const byCursor = cursor !== undefined && cursor !== null
  const size = integer('count', count, byCursor ? 'invalidCount' : 'invalidValue') ?? maxPage
  const page = Math.min(Math.max(size, 0), maxPage)
  if (!byCursor) {
    const startIndex = integer('startIndex', startindex, 'invalidValue') ?? 1
    return { kind: 'index', startIndex: Math.max(startIndex, 1), count: page }
  }
  if (typeof cursor !== 'string') throw new ScimError('invalidCursor', '"cursor" must be a string.')
  return { kind: 'cursor', cursor, count: page }
}

function integer(
  name: string,
  given: unknown,
  scimType: 'invalidValue' | 'invalidCount',
): number | undefined {
  if (given === undefined || given === null || given === '') return undefined
  const text = typeof given === 'number' ? String(given) : given
  if (typeof text !== 'string' || !/^\s*[+-]?\d+\s*$/.test(text)) {
    throw new ScimError(scimType, `"${name}" must be an integer.`)
  }
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER)
}

export interface ListPage {
  readonly resources: readonly JsonObject[]
  /** Left out where unknown, which only paging by cursor may (RFC 9865 §2). */
  readonly totalResults?: number | undefined
  /** Paging by index only. */
  readonly startIndex?: number | undefined
  /** Paging by cursor only; absent on the last page. */
  readonly nextCursor?: string | undefined
}

export function toListResponse(page: ListPage): JsonObject {
  const { resources, totalResults, startIndex, nextCursor } = page
  return {
    schemas: [LIST_RESPONSE],
    ...(totalResults !== undefined && { totalResults }),
    itemsPerPage: resources.length,
    ...(startIndex !== undefined && { startIndex }),
    ...(nextCursor !== undefined && { nextCursor }),
    Resources: [...resources],
  }
}

/**
 * RFC 7644 §3.4.2.3: by the attribute's own order, a multi-valued one by its primary or else first
 * value, a complex one by `value`; unassigned last when ascending, first when descending. Level
 * resources keep their order. A name that no schema knows sorts nothing.
 */
export function sortResources(
  definition: ResourceDefinition,
  resources: readonly JsonObject[],
  sortBy: string | undefined,
  sortOrder: string | undefined,
): JsonObject[] {
  const ref = sortBy === undefined ? undefined : findAttribute(definition, sortBy)
  if (!ref) return [...resources]
  const { urn, attribute, subAttribute } = ref
  const target = subAttribute ?? comparedPart(attribute)
  const direction = sortOrder?.toLowerCase() === 'descending' ? -1 : 1
  return resources
    .map((resource) => {
      const holder = urn === undefined ? resource : resource[urn]
      const value = isObject(holder) ? single(holder[attribute.name]) : undefined
      const key = target === attribute || !isObject(value) ? value : value[target.name]
      return { resource, key }
    })
    .sort((a, b) => {
      if (a.key === undefined || b.key === undefined) {
        return direction * (Number(a.key === undefined) - Number(b.key === undefined))
      }
      return direction * compareValues(target, a.key, b.key)
    })
    .map(({ resource }) => resource)
}

function comparedPart(attribute: Attribute): Attribute {
  return attribute.subAttributes?.find(({ name }) => name === 'value') ?? attribute
}

function single(value: Json | undefined): Json | undefined {
  return Array.isArray(value) ? (value.find(isPrimary) ?? value[0]) : value
}
