/** Bulk (RFC 7644 §3.7): several operations in one request, with references by bulkId. */
import { AdapterFailure } from '../adapter/failure.ts'
import { toScimError } from '../operations/failure.ts'
import { ScimError } from '../scim/error.ts'
import { MAX_OPERATIONS } from '../scim/limits.ts'
import {
  type Json,
  type JsonObject,
  type ResourceDefinition,
  subAttribute,
} from '../scim/schema.ts'
import { BULK_REQUEST, BULK_RESPONSE } from '../scim/urn.ts'
import { isObject } from '../scim/values.ts'
import { queryOf, requireObject, type ScimRequest, segmentsOf } from './request.ts'
import { type ScimResponse, toErrorResponse } from './response.ts'

interface Operation {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly bulkId: string | undefined
  readonly version: string | undefined
  readonly data: Json | undefined
}

/** How many operations a request asks for: one, or those of a Bulk request. */
export function operationsIn({ method, segments, body }: ScimRequest): number {
  if (method !== 'POST' || segments[0]?.toLowerCase() !== 'bulk') return 1
  const given = isObject(body) ? (body['Operations'] ?? body['operations']) : undefined
  // More than that are refused, and cost nothing.
  return Array.isArray(given) ? Math.min(Math.max(given.length, 1), MAX_OPERATIONS) : 1
}

type Run = (request: ScimRequest) => Promise<ScimResponse>

type Asked = Pick<ScimRequest, 'method' | 'segments' | 'query' | 'body'>

/** Where, and what is served there. */
interface Served {
  readonly baseUrl: string
  readonly definitions: Iterable<ResourceDefinition>
}

/** @param refused told of each operation that came to nothing: the whole is answered 200 */
export async function bulk(
  request: ScimRequest,
  { baseUrl, definitions }: Served,
  run: Run,
  refused: (operation: Asked, error: ScimError) => void,
): Promise<ScimResponse> {
  const body = requireObject(request.body)
  const { operations, failOnErrors } = parseBulk(body)
  /** bulkId -> id of the resource that was created under it. */
  const ids = new Map<string, string>()
  const results: JsonObject[] = new Array(operations.length)
  const failed = new Set<string>()
  let errors = 0
  const refers = referring(definitions)
  const resolve = (text: string): string => resolveId(text, ids, failed)
  const resolved = ({ path, data }: Operation) => ({
    path: resolvePath(path, resolve),
    body: data === undefined ? undefined : resolveData(data, resolve, refers),
  })

  const order = arrange(operations, refers)
  for (const index of order) {
    const operation = operations[index]
    if (!operation) continue
    if (failOnErrors !== undefined && errors >= failOnErrors) break
    const result = await one(operation, resolved, ids, baseUrl, run, refused)
    if (Number(result['status']) >= 400) {
      errors++
      if (operation.bulkId !== undefined) failed.add(operation.bulkId)
    }
    results[index] = result
  }
  const done = results.filter((result) => result !== undefined)
  return { status: 200, body: { schemas: [BULK_RESPONSE], Operations: done } }
}

async function one(
  operation: Operation,
  resolved: (operation: Operation) => Pick<Operation, 'path'> & Pick<ScimRequest, 'body'>,
  ids: Map<string, string>,
  baseUrl: string,
  run: Run,
  refused: (operation: Asked, error: ScimError) => void,
): Promise<JsonObject> {
  const { method, bulkId, version } = operation
  const named: JsonObject = { method, ...(bulkId !== undefined && { bulkId }) }
  try {
    const { path: target, body } = resolved(operation)
    const [path = '', search = ''] = target.split('?')
    const answer = await run({
      method,
      segments: segmentsOf(path),
      query: queryOf(new URLSearchParams(search)),
      ifMatch: version,
      ifNoneMatch: undefined,
      body,
    })
    const id = answer.body?.['id']
    if (bulkId !== undefined && typeof id === 'string') ids.set(bulkId, id)
    const meta = answer.body?.['meta'] as JsonObject | undefined
    const location = answer.headers?.['location'] ?? meta?.['location'] ?? `${baseUrl}${path}`
    const etag = answer.headers?.['etag']
    return {
      ...named,
      location,
      ...(etag !== undefined && method !== 'DELETE' && { version: etag }),
      status: String(answer.status),
    }
  } catch (error) {
    const failure = error instanceof AdapterFailure ? toScimError(error) : error
    if (!(failure instanceof ScimError)) throw error
    refused(askedBy(operation), failure)
    const { status, body } = toErrorResponse(failure)
    return { ...named, status: String(status), ...(body && { response: body }) }
  }
}

function askedBy({ method, path, data }: Operation): Asked {
  const segments = path.replace(/\?.*/s, '').split('/').slice(1)
  return { method, segments, query: new Map(), body: data }
}

// ---- parsing ---------------------------------------------------------------------------------------

function parseBulk(body: JsonObject): {
  operations: Operation[]
  failOnErrors: number | undefined
} {
  const { schemas } = body
  if (Array.isArray(schemas) && !schemas.includes(BULK_REQUEST)) {
    throw new ScimError('invalidSyntax', `"schemas" of a bulk request must name ${BULK_REQUEST}.`)
  }
  const given = body['Operations'] ?? body['operations']
  if (!Array.isArray(given)) throw new ScimError('invalidSyntax', '"Operations" must be an array.')
  if (given.length > MAX_OPERATIONS) {
    throw new ScimError(413, `A bulk request may hold ${MAX_OPERATIONS} operations. Send fewer.`)
  }
  const { failOnErrors } = body
  if (failOnErrors !== undefined && failOnErrors !== null && !isCount(failOnErrors)) {
    throw new ScimError('invalidValue', '"failOnErrors" must be an integer above 0.')
  }
  const operations = given.map(parseOperation)
  const bulkIds = operations.flatMap(({ bulkId }) => bulkId ?? [])
  if (new Set(bulkIds).size < bulkIds.length) {
    throw new ScimError('invalidValue', 'A "bulkId" may name one operation only.')
  }
  return { operations, failOnErrors: isCount(failOnErrors) ? failOnErrors : undefined }
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) > 0
}

const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE'] as const

function parseOperation(given: Json, index: number): Operation {
  const at = `Operations[${index}]`
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ScimError('invalidSyntax', `${at} must be an object.`)
  }
  const method = METHODS.find((m) => m === String(given['method']).toUpperCase())
  const { path, bulkId, version, data } = given
  if (!method) {
    throw new ScimError('invalidSyntax', `${at}.method must be one of ${METHODS.join(', ')}.`)
  }
  if (typeof path !== 'string' || !path.startsWith('/')) {
    throw new ScimError('invalidSyntax', `${at}.path must begin with "/", for example "/Users".`)
  }
  if (method === 'POST' && (typeof bulkId !== 'string' || bulkId === '')) {
    throw new ScimError('invalidSyntax', `${at} is a POST and needs a "bulkId".`)
  }
  if (method !== 'DELETE' && (data === undefined || data === null)) {
    throw new ScimError('invalidSyntax', `${at} needs "data".`)
  }
  return {
    method,
    path,
    bulkId: typeof bulkId === 'string' ? bulkId : undefined,
    version: typeof version === 'string' ? version : undefined,
    data: data ?? undefined,
  }
}

// ---- bulkId references -------------------------------------------------------------------------------

const REFERENCE = /^bulkId:(.+)$/
/** Within the path of a PATCH operation: `members[value eq "bulkId:1"]`. */
const IN_PATH = /"(bulkId:[^"\\]+)"/g

/** By the name of a member of the data: whether its text may be the id of a resource. */
type Refers = (name: string) => boolean

/** `value` and `$ref`, and what has both: a client may send the id alone (Entra: `manager`). */
function referring(definitions: Iterable<ResourceDefinition>): Refers {
  const names = new Set(['value', '$ref'])
  for (const definition of definitions) {
    const extended = definition.extensions.flatMap(({ attributes }) => attributes)
    for (const attribute of [...definition.attributes, ...extended]) {
      if (subAttribute(attribute, '$ref')) names.add(attribute.name.toLowerCase())
    }
  }
  // A key may be a path (Entra's dialect): the last part of it counts.
  return (name) => names.has(name.toLowerCase().replace(/^.*[:.]/, ''))
}

/**
 * The order of work: an operation after those whose bulkId it refers to, else as given. Circular
 * references cannot be met by one POST each and are refused (RFC 7644 §3.7.1 allows 409).
 */
function arrange(operations: readonly Operation[], refers: Refers): number[] {
  const byBulkId = new Map(operations.flatMap((o, i) => (o.bulkId ? [[o.bulkId, i] as const] : [])))
  const order: number[] = []
  const state = new Map<number, 'open' | 'done'>()
  const visit = (index: number): void => {
    if (state.get(index) === 'done') return
    if (state.get(index) === 'open') {
      throw new ScimError(409, 'The operations refer to each other in a circle by bulkId.')
    }
    state.set(index, 'open')
    for (const bulkId of references(operations[index], refers)) {
      const target = byBulkId.get(bulkId)
      if (target === undefined) {
        const detail = `Operations[${index}] refers to a bulkId that no operation of this request has.`
        throw new ScimError('invalidValue', detail)
      }
      if (target !== index) visit(target)
    }
    state.set(index, 'done')
    order.push(index)
  }
  for (const index of operations.keys()) visit(index)
  return order
}

function references(operation: Operation | undefined, refers: Refers): Set<string> {
  const found = new Set<string>()
  if (!operation) return found
  const note = (text: string): string => {
    const bulkId = REFERENCE.exec(text)?.[1]
    if (bulkId !== undefined) found.add(bulkId)
    return text
  }
  resolvePath(operation.path, note)
  if (operation.data !== undefined) resolveData(operation.data, note, refers)
  return found
}

function resolveId(text: string, ids: Map<string, string>, failed: ReadonlySet<string>): string {
  const bulkId = REFERENCE.exec(text)?.[1]
  if (bulkId === undefined) return text
  const id = ids.get(bulkId)
  if (id !== undefined) return id
  // Not its bulkId, which is the client's: the result of that operation has it.
  throw new ScimError(
    failed.has(bulkId) ? 'invalidValue' : 409,
    'An operation that this one refers to by bulkId made no resource.',
  )
}

function resolvePath(path: string, resolve: (text: string) => string): string {
  return path.split('/').map(resolve).join('/')
}

/** RFC 7644 §3.7.2: a bulkId stands for the id of a resource. Text of another attribute is text. */
function resolveData(
  data: Json,
  resolve: (text: string) => string,
  refers: Refers,
  name = '',
): Json {
  if (typeof data === 'string') {
    if (name === 'path') return data.replace(IN_PATH, (_, text) => JSON.stringify(resolve(text)))
    return refers(name) ? resolve(data) : data
  }
  if (Array.isArray(data)) return data.map((part) => resolveData(part, resolve, refers, name))
  if (typeof data !== 'object' || data === null) return data
  return Object.fromEntries(
    Object.entries(data).map(([key, part]) => [key, resolveData(part, resolve, refers, key)]),
  )
}
