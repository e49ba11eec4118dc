/**
 * Roles by groups (policy `groups.mode: "roles"`): who is to be told, and when. The groups are recorded
 * here; the app hears of them as values of its people's attributes
 * (docs/decisions/0011-roles.md).
 */
import type { Policy } from '../access/policy.ts'
import type { Write } from '../db/database.ts'
import type { Link } from '../db/link.ts'
import { dueOfExternalIds, dueOfMembers, dueOfPerson } from '../db/role-due.ts'
import type { RoleTable } from '../db/role-intents.ts'
import { Budget } from '../membership/budget.ts'
import { ScimError } from '../scim/error.ts'
import type { Endpoint } from './endpoint.ts'
import { newHold } from './settle-members.ts'
import { settleRoles } from './tell-roles.ts'
import { busy } from './telling.ts'

/** The resource type whose members a role table speaks of, and the one that has the roles. */
const GROUP = 'Group'
const USER = 'User'
/** How long people whom another request is telling of are waited for, in steps. */
const PATIENCE_MS = [0, 50, 100, 200, 400, 800] as const
/** Intents that one run may take: an intent costs two calls at most. */
const MAX_INTENTS = 150

/** True where changes of this resource's members are roles of theirs. */
export function givesRoles({ connection, definition }: Endpoint): boolean {
  return connection.policy.groups.mode === 'roles' && definition.type.name === GROUP
}

/** The table of a policy; empty where it gives no roles. */
export function tableOf({ groups }: Policy): RoleTable {
  return groups.mode === 'roles'
    ? { rows: groups.roleTable, defaults: groups.defaultRole }
    : { rows: [], defaults: {} }
}

/** Brings the data of the connection to its policy: who is concerned by a changed table is due. */
export async function followTable({ connection, roleIntents, io }: Endpoint): Promise<void> {
  await roleIntents.follow(tableOf(connection.policy), connection.version, io.now())
}

// ---- parts of the batch that gives the reason ------------------------------------------------------

export function rolesOfMembers(endpoint: Endpoint, group: Link, members: readonly Link[]): Write[] {
  if (!givesRoles(endpoint)) return []
  const people = members.flatMap(({ id, type }) => (type === USER ? [id] : []))
  return [dueOfMembers(endpoint.connection.id, group.id, people, endpoint.io.now())]
}

/** The client gives the group another `externalId`. */
export function rolesOfRenamed(
  endpoint: Endpoint,
  group: Link,
  externalId: string | undefined,
): Write[] {
  if (!givesRoles(endpoint) || group.externalId === externalId) return []
  const { connection, io } = endpoint
  return [dueOfExternalIds(connection.id, group.id, [group.externalId, externalId], io.now())]
}

/** The person's memberships come or rest. */
export function rolesOfPerson({ connection, io }: Endpoint, person: string): Write {
  return dueOfPerson(connection.id, person, io.now())
}

// ---- after it --------------------------------------------------------------------------------------

/**
 * Tells the app of the roles of these people, whoever has changed their groups.
 *
 * @returns what kept it from doing so; the sweeper goes on, unless the app refuses
 */
export async function tellRoles(groups: Endpoint, people: readonly string[]): Promise<unknown> {
  const users = groups.sibling(USER)
  if (!users || people.length === 0) return undefined
  const { roleIntents, io, deadline } = users
  const budget = new Budget(io.now, deadline.leftMs())
  for (const waitMs of PATIENCE_MS) {
    if (waitMs > 0) await io.wait(waitMs)
    const hold = newHold(users)
    const taken = await roleIntents.take(people, hold, io.now())
    if (taken.length > 0) {
      const { failure, left } = await settleRoles(users, taken, { budget, hold })
      if (failure !== undefined) return failure
      if (left > 0) return unfinished(left)
    }
    if (!(await roleIntents.isBusy(people, hold.holder, io.now()))) return undefined
  }
  return busy()
}

/** As far as one request goes: the rest, and what fails, is the sweeper's, as the group is done with. */
export async function tellDueRoles(groups: Endpoint): Promise<void> {
  const users = givesRoles(groups) ? groups.sibling(USER) : undefined
  if (users) await finishRoles(users, undefined, newBudget(users))
}

/** Goes on with what is due; of these people only, where they are named. */
export async function finishRoles(
  users: Endpoint,
  people: readonly string[] | undefined,
  budget: Budget,
): Promise<unknown> {
  const { roleIntents, io } = users
  const hold = newHold(users)
  const taken = await roleIntents.takeDue(people, MAX_INTENTS, hold, io.now())
  if (taken.length === 0) return undefined
  return (await settleRoles(users, taken, { budget, hold })).failure
}

function newBudget({ io, deadline }: Endpoint): Budget {
  return new Budget(io.now, deadline.leftMs())
}

function unfinished(left: number): ScimError {
  return new ScimError(
    503,
    `These members have roles in the app, more of them than one request may change: ${left} are ` +
      'left, and are being changed. Retry later.',
    { retryAfterSeconds: 60 },
  )
}
