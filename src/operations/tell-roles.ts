/**
 * Brings people to what the role table says of them, at most one update each, within a budget of
 * calls; and writes down what became of each: intent, audit, finding.
 */

import type { Value } from '../adapter/contract.ts'
import { isRefusal } from '../adapter/failure.ts'
import { type Write, writeAll } from '../db/database.ts'
import type { Link } from '../db/link.ts'
import type { RoleIntent, RoleSettlement, RoleTable } from '../db/role-intents.ts'
import type { Hold } from '../db/want-edges.ts'
import type { Budget } from '../membership/budget.ts'
import { isOutage, retryAfterMs } from '../membership/retry.ts'
import { roleBy, roleDelta } from '../membership/roles.ts'
import { ScimError } from '../scim/error.ts'
import { objectOf } from './account.ts'
import type { Endpoint } from './endpoint.ts'
import { refuseUnmatched } from './meet.ts'
import { refuseProtected } from './protected.ts'

/**
 * `done`: as the table says, or nobody is there. `waits`: the account is not there yet. `blocked`: the
 * app or a policy refuses it. `failed`: no certain effect. `left`: not tried.
 */
type Fate = 'done' | 'waits' | 'blocked' | 'failed' | 'left'

interface ToldPerson {
  readonly fate: Fate
  /** Attributes that were written in the app. */
  readonly written: readonly string[]
  readonly failure: unknown
}

export interface ToldRoles {
  /** What the client is to hear: that which passes with time before that which does not. */
  readonly failure: unknown
  /** People whom the budget did not reach. */
  readonly left: number
}

/** @param users the resource type that has roles */
export async function settleRoles(
  users: Endpoint,
  taken: readonly RoleIntent[],
  { budget, hold }: { readonly budget: Budget; readonly hold: Hold },
): Promise<ToldRoles> {
  const { roleIntents, links, io } = users
  const byPerson = Map.groupBy(taken, ({ link }) => link)
  const people = [...byPerson.keys()]
  const table = (await roleIntents.table()) ?? { rows: [], defaults: {} }
  const groups = await roleIntents.groupsOf(people)
  const known = new Map((await links.getAll(people)).map((link) => [link.id, link]))
  const told = new Map<string, ToldPerson>()
  let failure: unknown
  let refusal: unknown
  for (const [id, intents] of byPerson) {
    const wanted = wantedOf(users, table, intents, groups.get(id) ?? new Set())
    const outcome = isOutage(failure)
      ? LEFT
      : await tellPerson(users, known.get(id), wanted, budget)
    told.set(id, outcome)
    if (outcome.fate === 'failed') failure ??= outcome.failure
    if (outcome.fate === 'blocked') refusal ??= outcome.failure
  }
  const now = io.now()
  const delayMs = failure === undefined ? 0 : retryAfterMs(0)
  const settlements = taken.map((intent) =>
    settlementOf(intent, told.get(intent.link)?.fate ?? 'left', now, delayMs),
  )
  const writes = [
    ...roleIntents.settle(hold.holder, settlements, now),
    ...notesOf(users, told, now),
  ]
  await writeAll(users.db, writes)
  const left = [...told.values()].filter(({ fate }) => fate === 'left').length
  return { failure: failure ?? refusal, left: failure === undefined ? left : 0 }
}

/** Without attributes of which the table says nothing. */
function wantedOf(
  { spec }: Endpoint,
  table: RoleTable,
  intents: readonly RoleIntent[],
  groups: ReadonlySet<string>,
): ReadonlyMap<string, Value> {
  return new Map(
    intents.flatMap(({ app }): [string, Value][] => {
      const attribute = spec.attributes[app]
      const value = attribute && roleBy(table, app, attribute, groups)
      return value === undefined ? [] : [[app, value]]
    }),
  )
}

const LEFT: ToldPerson = { fate: 'left', written: [], failure: undefined }
const DONE: ToldPerson = { fate: 'done', written: [], failure: undefined }
const WAITS: ToldPerson = { fate: 'waits', written: [], failure: undefined }

async function tellPerson(
  users: Endpoint,
  link: Link | undefined,
  wanted: ReadonlyMap<string, Value>,
  budget: Budget,
): Promise<ToldPerson> {
  if (!link || link.state === 'tombstone' || wanted.size === 0) return DONE
  const isThere = link.nativeId !== undefined && !['pending', 'retiring'].includes(link.state)
  if (!isThere) return WAITS
  if (!budget.take()) return LEFT
  const { port, spec } = users
  try {
    const object = await objectOf(users, link)
    // Who is not in the app has no role there.
    if (!object) return DONE
    const delta = roleDelta(wanted, spec.attributes, object.attributes)
    const written = [...Object.keys(delta.set), ...delta.unset]
    if (written.length === 0) return DONE
    await refuseProtected(users, object, link)
    await refuseUnmatched(users, link, object)
    if (!port.update) throw new ScimError(501, 'The app does not let an account be changed.')
    if (!budget.take()) return LEFT
    const outcome = await port.update(object.id, delta)
    return outcome.kind === 'ok' ? { ...DONE, written } : DONE
  } catch (failure) {
    if (isRefusal(failure)) return { fate: 'blocked', written: [], failure: refusedByApp() }
    const isFinal = failure instanceof ScimError && failure.status !== 503
    return { fate: isFinal ? 'blocked' : 'failed', written: [], failure }
  }
}

function refusedByApp(): ScimError {
  return new ScimError(
    'invalidValue',
    'The app refuses the role that a member of this group is to have. An administrator must look at ' +
      'the finding "member-blocked" of this connection, and correct the role table or the account.',
  )
}

function settlementOf(
  intent: RoleIntent,
  fate: Fate,
  now: number,
  delayMs: number,
): RoleSettlement {
  switch (fate) {
    case 'done':
      return { ...intent, isDone: true, nextAt: undefined }
    case 'blocked':
      return { ...intent, isDone: false, nextAt: undefined }
    case 'left':
      return { ...intent, isDone: false, nextAt: now + delayMs }
    case 'waits':
    case 'failed': {
      const { attempt } = intent
      const nextAt = now + retryAfterMs(attempt)
      return { ...intent, isDone: false, nextAt, attempt: attempt + 1 }
    }
  }
}

function notesOf(
  { audit, findings, io, request, definition }: Endpoint,
  told: ReadonlyMap<string, ToldPerson>,
  now: number,
): Write[] {
  const type = definition.type.name
  const subjectOf = (id: string) => `${type}:${id}`
  const of = (fate: Fate) => [...told].flatMap(([id, t]) => (t.fate === fate ? [id] : []))
  const written = [...told].filter(([, t]) => t.written.length > 0)
  const [blocked, done] = [of('blocked'), of('done')]
  return [
    ...written.map(([link, t]) => {
      const entry = { request, type, link, op: 'update' as const, decision: 'role' }
      return audit.entry({ ...entry, detail: { changed: t.written } }, now)
    }),
    ...(blocked.length > 0
      ? [
          findings.found(
            'member-blocked',
            blocked.map((link) => ({
              id: io.newId(),
              subject: subjectOf(link),
              detail: { type, member: link },
            })),
            now,
          ),
        ]
      : []),
    ...(done.length > 0 ? [findings.closeAll('member-blocked', done.map(subjectOf))] : []),
  ]
}
