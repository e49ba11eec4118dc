/** Who administers, and what they may do. Pure: docs/decisions/0020-administrators.md. */
import { type AdministratorRow, ROLES, type Role } from '../db/administrators.ts'

/** How somebody has signed in. */
export type SignedInBy = 'bootstrap' | 'token' | 'session' | 'access'

/** Somebody who is let in, for one request. */
export interface Administrator {
  /** A UUID; `bootstrap` for the bearer of POSTERN_ADMIN_TOKEN. */
  readonly id: string
  readonly name: string
  readonly role: Role
  /** Ids of the connections that they are limited to; null: all. */
  readonly connections: readonly string[] | null
  readonly signedInBy: SignedInBy
}

/** What a route demands of whoever calls it. */
export interface Need {
  /** This role, or one that may do more. */
  readonly role: Role
  /** `all`: somebody who is limited to no connections. `some`: anybody, within their connections. */
  readonly of: 'all' | 'some'
}

/** Whoever deploys the Worker holds it: it cannot be taken away from within. */
export const BOOTSTRAP: Administrator = {
  id: 'bootstrap',
  name: 'bootstrap',
  role: 'owner',
  connections: null,
  signedInBy: 'bootstrap',
}

export function toAdministrator(row: AdministratorRow, signedInBy: SignedInBy): Administrator {
  const { id, name, role, connections } = row
  return { id, name, role, connections, signedInBy }
}

/** What stands against it; undefined where they may. */
export function refusalOf(
  { role, connections }: Pick<Administrator, 'role' | 'connections'>,
  need: Need,
): 'role' | 'limited' | undefined {
  if (ROLES.indexOf(role) < ROLES.indexOf(need.role)) return 'role'
  return need.of === 'all' && connections !== null ? 'limited' : undefined
}

/** Whether the connection of this id exists for them. */
export function isTheirs({ connections }: Administrator, connectionId: string): boolean {
  return connections === null || connections.includes(connectionId)
}
