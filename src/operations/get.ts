/** GET of one resource (RFC 7644 §3.4.1). */
import type { JsonObject } from '../scim/schema.ts'
import { readAccount, represent } from './account.ts'
import type { Endpoint } from './endpoint.ts'
import { membersOf } from './members.ts'

/** The full resource; members are read only where `withMembers` says that they will be shown. */
export async function getResource(
  endpoint: Endpoint,
  id: string,
  withMembers: boolean,
): Promise<JsonObject> {
  const account = await readAccount(endpoint, id)
  const members = withMembers ? await membersOf(endpoint, [account]) : undefined
  return represent(endpoint, account, members?.get(account.link.id))
}
