/** What the path and the query of an admin request name. */
import type { Context } from 'hono'
import type { Connection } from '../access/connection.ts'
import { noConnection } from './connections.ts'
import { Problem } from './problem.ts'

/** Undefined where the request does not name it. @throws {Problem} 400 for anything else */
export function oneOf<const T extends string>(
  c: Context,
  name: string,
  options: readonly T[],
): T | undefined {
  const text = c.req.query(name)
  if (text === undefined) return undefined
  const found = options.find((option) => option === text)
  if (found !== undefined) return found
  throw new Problem(400, `There is no ${name} of this name`, {
    errors: [{ path: name, message: `must be one of ${options.join(', ')}` }],
  })
}

const SEARCH_MAX = 200

/** What a list is searched for; undefined: all of it. @throws {Problem} 400 where it is too long */
export function searchedFor(c: Context): string | undefined {
  const text = c.req.query('query')?.trim()
  if (text === undefined || text === '') return undefined
  if (text.length <= SEARCH_MAX) return text
  throw new Problem(400, 'The query is too long', {
    errors: [{ path: 'query', message: `must have ${SEARCH_MAX} characters at most` }],
  })
}

/** The connection that the path names. @throws {Problem} 404 */
export async function connectionOf(
  { access }: { readonly access: { named(name: string): Promise<Connection | undefined> } },
  c: Context,
): Promise<Connection> {
  const connection = await access.named(c.req.param('name') ?? '')
  if (!connection) throw noConnection()
  return connection
}
