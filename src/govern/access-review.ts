/** One line of an access review: who, in which account, since when, by what, and what is not known. Pure. */
import type { ManagedRow, OrphanRow } from '../db/access-rows.ts'
import { isoOf } from '../scim/date-time.ts'
import type { ResourceDefinition } from '../scim/schema.ts'
import { whoOf } from './sentences.ts'

export interface ReviewedPerson {
  readonly kind: 'managed' | 'orphan'
  /** SCIM id; null: it has none yet. */
  readonly id: string | null
  readonly userName: string | null
  readonly display: string | null
  readonly nativeId: string | null
  readonly state: string
  readonly active: boolean | null
  /** Times are ISO 8601; null: see `notKnown`. */
  readonly inactiveSince: string | null
  readonly since: string | null
  /** How it came to be its client's: created, adopted, imported or not known. */
  readonly how: string
  readonly rule: string | null
  readonly by: string | null
  readonly groups: readonly { readonly id: string; readonly display: string | null }[]
  readonly lastChange: string | null
  readonly lastSeen: string | null
  /** In words: the rest of the line. */
  readonly told: string
  /** Names of what this line leaves open. */
  readonly notKnown: readonly string[]
}

/** @param sent what the client called the person last, as far as that is kept */
export function managedPerson(
  definition: ResourceDefinition,
  row: ManagedRow,
  sent: string | undefined,
): ReviewedPerson {
  const keys = [...definition.attributes]
    .filter((a) => a.uniqueness !== 'none' && a.mutability !== 'readOnly')
    .map(({ name }) => name)
  const userName = sent ?? row.claims.find(({ kind }) => keys.includes(kind))?.norm
  // What was there before this was written down: a created link is as old as its account.
  const since = row.linkedAt ?? (row.origin === 'created' ? row.createdAt : undefined)
  const decided = row.verdict === 'chosen' || row.linkedRule === 'decision'
  const notKnown = [
    ...(since === undefined ? ['since'] : []),
    ...(row.origin === 'adopted' && row.linkedRule === undefined ? ['rule'] : []),
    ...(row.changedAt === undefined ? ['lastChange'] : []),
    ...(row.seenAt === undefined ? ['lastSeen'] : []),
    ...(userName === undefined ? ['userName'] : []),
  ]
  const by = decided && row.decidedBy ? row.decidedBy : row.linkedBy
  return {
    kind: 'managed',
    id: row.id,
    userName: userName ?? null,
    display: row.display ?? null,
    nativeId: row.nativeId ?? null,
    state: row.state,
    active: row.inactiveSince === undefined,
    inactiveSince: isoOf(row.inactiveSince),
    since: isoOf(since),
    how: decided ? 'decided' : row.origin,
    rule: row.linkedRule === 'decision' ? null : (row.linkedRule ?? null),
    by: by ? whoOf(by) : null,
    groups: row.groups,
    lastChange: isoOf(row.changedAt),
    lastSeen: isoOf(row.seenAt),
    told: toldOf(row, decided, by ? whoOf(by) : undefined),
    notKnown,
  }
}

function toldOf(row: ManagedRow, decided: boolean, by: string | undefined): string {
  const who = by === undefined ? '' : ` by ${by.replace(/^The /, 'the ')}`
  if (decided) return `The account was there, and was decided to be this person's${who}.`
  switch (row.origin) {
    case 'created':
      return `The account was created${who}.`
    case 'imported':
      return `The link was imported${who}.`
    case 'adopted':
    case 'discovered': {
      const rule =
        row.linkedRule === undefined ? '' : `, found by the match rule "${row.linkedRule}",`
      return `The account was there${rule} and was taken over${who}.`
    }
  }
}

/** @param scannedAt ISO 8601 */
export function orphanPerson(row: OrphanRow, scannedAt: string | null): ReviewedPerson {
  return {
    kind: 'orphan',
    id: row.id ?? null,
    userName: null,
    display: row.display ?? null,
    nativeId: row.nativeId,
    state: row.situation,
    active: null,
    ...{ inactiveSince: null, since: null, how: 'none', rule: null, by: null, groups: [] },
    ...{ lastChange: null, lastSeen: null },
    told:
      row.situation === 'hidden'
        ? `Its person was deleted here, and the account stayed in the app (scan of ${scannedAt}).`
        : `No client manages it (scan of ${scannedAt}).`,
    notKnown: ['userName', 'active', 'groups'],
  }
}
