/** One SCIM request on one connection: path to endpoint, and every accident to a SCIM error. */
import { AdapterFailure } from '../adapter/failure.ts'
import type { AppTrouble } from '../operations/app-trouble.ts'
import type { OpenConnection } from '../operations/endpoint.ts'
import { toScimError } from '../operations/failure.ts'
import { ScimError } from '../scim/error.ts'
import { bulk } from './bulk.ts'
import { discover } from './discovery.ts'
import type { ScimRequest } from './request.ts'
import { endpointAt, noSuchPath, notAllowed, serve } from './resources.ts'
import type { ScimResponse } from './response.ts'
import { searchAll } from './search-all.ts'

/** @throws {ScimError} whatever goes wrong, except a bug of ours */
export async function handle(
  open: OpenConnection,
  request: ScimRequest,
  trouble: AppTrouble,
): Promise<ScimResponse> {
  const discovered = discover(open, request)
  if (discovered) return discovered
  const [first = '', ...rest] = request.segments
  switch (first.toLowerCase()) {
    case 'me':
      throw new ScimError(501, 'Postern has no notion of a signed-in person; use /Users/{id}.')
    case 'bulk':
      if (rest.length > 0) throw noSuchPath()
      if (request.method !== 'POST') throw notAllowed(request, ['POST'])
      // Operations are on resources: a Bulk within a Bulk would know no bound.
      return bulk(
        request,
        { baseUrl: open.baseUrl, definitions: open.connection.definitions.values() },
        (one) => handleResource(open, one, trouble),
        (one, error) => void open.trail.refusedParts.push({ request: one, error }),
      )
    case '.search':
      if (rest.length > 0) throw noSuchPath()
      if (request.method !== 'POST') throw notAllowed(request, ['POST'])
      return searchAll(open, request)
  }
  return handleResource(open, request, trouble)
}

async function handleResource(
  open: OpenConnection,
  request: ScimRequest,
  trouble: AppTrouble,
): Promise<ScimResponse> {
  const endpoint = endpointAt(open, request.segments[0] ?? '')
  if (!endpoint) throw noSuchPath()
  try {
    return await serve(endpoint, request)
  } catch (error) {
    if (!(error instanceof AdapterFailure)) throw error
    await trouble.note(endpoint, error)
    throw toScimError(error, endpoint.mapping)
  }
}
