/** POST /.search at the root (RFC 7644 §3.4.3): one query over every resource type. */
import { type OpenConnection, openEndpoint } from '../operations/endpoint.ts'
import { ScimError } from '../scim/error.ts'
import { parsePaging, toListResponse } from '../scim/list-response.ts'
import type { JsonObject } from '../scim/schema.ts'
import { requireObject, type ScimRequest } from './request.ts'
import { serve } from './resources.ts'
import type { ScimResponse } from './response.ts'
import { searchParameters } from './search.ts'

/**
 * Resources of one type come before those of the next. A type that does not know an attribute of
 * the filter matches nothing by it (RFC 7644 §3.4.2.1).
 */
export async function searchAll(open: OpenConnection, request: ScimRequest): Promise<ScimResponse> {
  const search = searchParameters(requireObject(request.body))
  const { maxPage } = open.connection.policy
  const paging = parsePaging(Object.fromEntries(search), maxPage)
  if (paging.kind === 'cursor') {
    throw new ScimError('invalidCursor', 'Search one resource type to page by cursor.')
  }
  const resources: JsonObject[] = []
  let totalResults = 0
  let known = 0
  let refusal: ScimError | undefined
  for (const type of open.connection.definitions.keys()) {
    const endpoint = openEndpoint(open, type)
    if (!endpoint) continue
    const startIndex = Math.max(1, paging.startIndex - totalResults)
    const count = Math.max(0, paging.count - resources.length)
    const query = new Map(search).set('startindex', String(startIndex)).set('count', String(count))
    try {
      const answer = await serve(endpoint, { ...request, method: 'GET', segments: [type], query })
      const found = (answer.body?.['Resources'] ?? []) as JsonObject[]
      resources.push(...found)
      totalResults += Number(answer.body?.['totalResults'] ?? 0)
      known++
    } catch (error) {
      if (!(error instanceof ScimError) || error.scimType !== 'invalidFilter') throw error
      refusal = error
    }
  }
  if (known === 0 && refusal) throw refusal
  const { startIndex } = paging
  return { status: 200, body: toListResponse({ resources, totalResults, startIndex }) }
}
