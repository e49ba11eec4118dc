/** SearchRequest (RFC 7644 §3.4.3): a query in the body of a POST, as query parameters. */
import { ScimError } from '../scim/error.ts'
import type { JsonObject } from '../scim/schema.ts'
import { SEARCH_REQUEST } from '../scim/urn.ts'

/** The members of a SearchRequest under the lower-case names that a query string would have. */
export function searchParameters(body: JsonObject): Map<string, string> {
  const { schemas } = body
  if (Array.isArray(schemas) && !schemas.includes(SEARCH_REQUEST)) {
    throw new ScimError('invalidSyntax', `"schemas" of a search must name ${SEARCH_REQUEST}.`)
  }
  const parameters = new Map<string, string>()
  for (const [name, value] of Object.entries(body)) {
    if (name.toLowerCase() === 'schemas' || value === null) continue
    if (Array.isArray(value)) parameters.set(name.toLowerCase(), value.map(String).join(','))
    else if (typeof value === 'object') {
      throw new ScimError('invalidSyntax', `"${name}" of a search must not be an object.`)
    } else parameters.set(name.toLowerCase(), String(value))
  }
  return parameters
}
