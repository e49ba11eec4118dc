/** Resource type endpoints (RFC 7644 §3.2): method and path to operation. No logic. */

import { type Account, represent } from '../operations/account.ts'
import { changeNamedMembers } from '../operations/change-named-members.ts'
import { createResource } from '../operations/create.ts'
import { deleteResource } from '../operations/delete.ts'
import { type Endpoint, type OpenConnection, openEndpoint } from '../operations/endpoint.ts'
import { getResource } from '../operations/get.ts'
import { listResources } from '../operations/list.ts'
import { membershipOf, membersOf } from '../operations/members.ts'
import { patchResource, putResource } from '../operations/update.ts'
import { versionOf } from '../operations/version.ts'
import { ScimError } from '../scim/error.ts'
import { matchesIfNoneMatch } from '../scim/etag.ts'
import { parsePaging, toListResponse } from '../scim/list-response.ts'
import { parseFilter } from '../scim/parse-filter.ts'
import { type Projection, parseProjection, project, wants } from '../scim/projection.ts'
import type { JsonObject, ResourceDefinition } from '../scim/schema.ts'
import { requireObject, type ScimRequest } from './request.ts'
import type { ScimResponse } from './response.ts'
import { searchParameters } from './search.ts'

/** Undefined: no resource type of this connection has that endpoint. */
export function endpointAt(open: OpenConnection, segment: string): Endpoint | undefined {
  const definition = definitionAt(open.connection, segment)
  return definition && openEndpoint(open, definition.type.name)
}

/** Undefined: as of `endpointAt`. */
export function definitionAt(
  { definitions }: OpenConnection['connection'],
  segment: string,
): ResourceDefinition | undefined {
  return [...definitions.values()].find(
    ({ type }) => type.endpoint.slice(1).toLowerCase() === segment.toLowerCase(),
  )
}

export async function serve(endpoint: Endpoint, request: ScimRequest): Promise<ScimResponse> {
  const [, id, ...rest] = request.segments
  if (rest.length > 0) throw noSuchPath()
  if (id === undefined) return serveCollection(endpoint, request)
  if (id.toLowerCase() === '.search') {
    if (request.method !== 'POST') throw notAllowed(request, ['POST'])
    const search = searchParameters(requireObject(request.body))
    return list(endpoint, { ...request, query: search })
  }
  return serveOne(endpoint, request, id)
}

function serveCollection(endpoint: Endpoint, request: ScimRequest): Promise<ScimResponse> {
  switch (request.method) {
    case 'GET':
      return list(endpoint, request)
    case 'POST':
      return create(endpoint, request)
    default:
      throw notAllowed(request, ['GET', 'HEAD', 'POST'])
  }
}

async function serveOne(
  endpoint: Endpoint,
  request: ScimRequest,
  id: string,
): Promise<ScimResponse> {
  const { body, ifMatch } = request
  if (['PUT', 'PATCH', 'DELETE'].includes(request.method)) await refuseKnown(endpoint, request, id)
  switch (request.method) {
    case 'GET':
      return get(endpoint, request, id)
    case 'PUT': {
      const projection = projectionOf(endpoint, request)
      const account = await putResource(endpoint, id, requireObject(body), ifMatch)
      return answer(endpoint, projection, account, 200)
    }
    case 'PATCH':
      return patch(endpoint, request, id)
    case 'DELETE':
      await deleteResource(endpoint, id, ifMatch)
      return { status: 204 }
    default:
      throw notAllowed(request, ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'])
  }
}

/** RFC 9110 §13.1.2: what is there already, or as the client knows it, is not written to. */
async function refuseKnown(
  endpoint: Endpoint,
  { ifNoneMatch }: ScimRequest,
  id: string,
): Promise<void> {
  if (ifNoneMatch === undefined) return
  const version = versionOf(await getResource(endpoint, id, false))
  if (!matchesIfNoneMatch(ifNoneMatch, version)) return
  throw new ScimError(412, 'If-None-Match names the version that the resource has.')
}

async function create(endpoint: Endpoint, request: ScimRequest): Promise<ScimResponse> {
  const projection = projectionOf(endpoint, request)
  const account = await createResource(endpoint, requireObject(request.body))
  return answer(endpoint, projection, account, 201)
}

async function get(endpoint: Endpoint, request: ScimRequest, id: string): Promise<ScimResponse> {
  const projection = projectionOf(endpoint, request)
  const resource = await getResource(endpoint, id, showsMembers(endpoint, projection))
  const etag = versionOf(resource)
  if (matchesIfNoneMatch(request.ifNoneMatch, etag)) return { status: 304, headers: { etag } }
  const body = project(endpoint.definition, resource, projection)
  return { status: 200, body, headers: { etag } }
}

async function patch(endpoint: Endpoint, request: ScimRequest, id: string): Promise<ScimResponse> {
  const projection = projectionOf(endpoint, request)
  const body = requireObject(request.body)
  // Entra asks for 204 on groups: their members are many. RFC 7644 §3.5.2: `attributes` means 200.
  const named = request.query.has('attributes') || request.query.has('excludedattributes')
  const isUnshown = endpoint.profile === 'tolerant' && membershipOf(endpoint) && !named
  // Without an ETag, for that is of what the app holds.
  if (
    isUnshown &&
    request.ifMatch === undefined &&
    (await changeNamedMembers(endpoint, id, body))
  ) {
    return { status: 204 }
  }
  const account = await patchResource(endpoint, id, body, request.ifMatch)
  if (isUnshown) {
    const etag = versionOf(represent(endpoint, account))
    return { status: 204, headers: { etag } }
  }
  return answer(endpoint, projection, account, 200)
}

async function list(endpoint: Endpoint, request: ScimRequest): Promise<ScimResponse> {
  const { definition, profile, connection } = endpoint
  const { query } = request
  const projection = projectionOf(endpoint, request)
  const filter = query.get('filter')
  const paging = parsePaging(Object.fromEntries(query), connection.policy.maxPage)
  const { resources, totalResults, nextCursor } = await listResources(endpoint, {
    filter: filter === undefined ? undefined : parseFilter(definition, filter, profile),
    sortBy: query.get('sortby'),
    sortOrder: query.get('sortorder'),
    paging,
    withMembers: showsMembers(endpoint, projection),
  })
  const body = toListResponse({
    resources: resources.map((resource) => project(definition, resource, projection)),
    totalResults,
    startIndex: paging.kind === 'index' ? paging.startIndex : undefined,
    nextCursor,
  })
  return { status: 200, body }
}

// ---- answers ---------------------------------------------------------------------------------------

async function answer(
  endpoint: Endpoint,
  projection: Projection,
  account: Account,
  status: number,
): Promise<ScimResponse> {
  const members = showsMembers(endpoint, projection)
    ? await membersOf(endpoint, [account])
    : undefined
  const resource = represent(endpoint, account, members?.get(account.link.id))
  const { location } = resource['meta'] as JsonObject
  return {
    status,
    body: project(endpoint.definition, resource, projection),
    headers: { etag: versionOf(resource), ...(status === 201 && { location: String(location) }) },
  }
}

function projectionOf(endpoint: Endpoint, { query }: ScimRequest): Projection {
  return parseProjection(
    endpoint.definition,
    { attributes: query.get('attributes'), excludedAttributes: query.get('excludedattributes') },
    endpoint.profile,
  )
}

function showsMembers(endpoint: Endpoint, projection: Projection): boolean {
  const attribute = membershipOf(endpoint)
  return attribute !== undefined && wants(projection, attribute)
}

export function notAllowed(request: ScimRequest, allow: readonly string[]): ScimError {
  const detail = `${request.method} is not allowed here. Use ${allow.join(', ')}.`
  return new ScimError(405, detail, { allow })
}

export function noSuchPath(): ScimError {
  return new ScimError(404, 'There is no such endpoint. See /ResourceTypes for those that exist.')
}
