/** ServiceProviderConfig, ResourceTypes and Schemas (RFC 7644 §4). */
import { MAX_PAYLOAD } from '../access/limits.ts'
import type { OpenConnection } from '../operations/endpoint.ts'
import { resourceTypes, schemas, serviceProviderConfig } from '../scim/discovery.ts'
import { ScimError } from '../scim/error.ts'
import { MAX_OPERATIONS } from '../scim/limits.ts'
import { toListResponse } from '../scim/list-response.ts'
import type { JsonObject } from '../scim/schema.ts'
import type { ScimRequest } from './request.ts'
import type { ScimResponse } from './response.ts'

/** Undefined: the path is none of the discovery endpoints. */
export function discover(open: OpenConnection, request: ScimRequest): ScimResponse | undefined {
  const [endpoint = '', id, ...rest] = request.segments
  const resources = resourcesOf(open, endpoint.toLowerCase())
  if (!resources || rest.length > 0) return undefined
  if (request.method !== 'GET') {
    throw new ScimError(405, `${endpoint} can only be read.`, { allow: ['GET', 'HEAD'] })
  }
  // RFC 7644 §4: a filter here is answered 403, so that clients do not rely on a partial answer.
  if (request.query.has('filter')) {
    throw new ScimError(403, `${endpoint} cannot be filtered. Read all of it.`)
  }
  if ('only' in resources) {
    if (id !== undefined) return undefined
    return { status: 200, body: resources.only }
  }
  if (id === undefined) {
    const { all } = resources
    const body = toListResponse({ resources: all, totalResults: all.length, startIndex: 1 })
    return { status: 200, body }
  }
  const one = resources.all.find((r) => String(r['id']).toLowerCase() === id.toLowerCase())
  if (!one) throw new ScimError(404, `There is no such resource in ${endpoint}.`)
  return { status: 200, body: one }
}

function resourcesOf(
  { connection, app, baseUrl }: OpenConnection,
  endpoint: string,
): { only: JsonObject } | { all: JsonObject[] } | undefined {
  // What the app has no notion of is not advertised.
  const served = [...connection.definitions.values()].filter(({ type }) => app.spec(type.name))
  switch (endpoint) {
    case 'serviceproviderconfig':
      return {
        only: serviceProviderConfig({
          baseUrl,
          patch: true,
          bulk: { supported: true, maxOperations: MAX_OPERATIONS, maxPayloadSize: MAX_PAYLOAD },
          filter: { supported: true, maxResults: connection.policy.maxPage },
          changePassword: false,
          sort: true,
          etag: true,
          pagination: {
            cursor: true,
            index: true,
            defaultPageSize: connection.policy.maxPage,
            maxPageSize: connection.policy.maxPage,
          },
        }),
      }
    case 'resourcetypes':
      return { all: resourceTypes(served, baseUrl) }
    case 'schemas':
      return { all: schemas(served, baseUrl) }
    default:
      return undefined
  }
}
