/** A link, a claim and an intent as rows of D1, and as the rest of Postern knows them. */
import { type SQL, sql } from 'drizzle-orm'

export type LinkState =
  | 'proposed'
  | 'discovered'
  | 'linked'
  | 'pending'
  | 'ambiguous'
  | 'missing'
  | 'retiring'
  | 'tombstone'

/** What a person decided about an account; docs/reconcile.md says what each means. */
export type Verdict = 'chosen' | 'aside' | 'protected'

export interface Link {
  readonly id: string
  readonly type: string
  readonly state: LinkState
  /** Empty only while a create is under way, or pending without a provisional account. */
  readonly nativeId: string | undefined
  readonly fingerprint: string | undefined
  /** True: a tombstone whose account still exists in the app. */
  readonly survives: boolean
  readonly externalId: string | undefined
  readonly display: string | undefined
  readonly verdict: Verdict | undefined
  /** JSON text, written and read by src/mapping. */
  readonly shadow: string
  readonly version: number
  readonly membersReadAt: number | undefined
  /** Since when a client wants this person off. Milliseconds. */
  readonly inactiveSince: number | undefined
  /** JSON text: values of the app's attributes that a downgrade replaced. */
  readonly former: string | undefined
  /** When the group was last found to have more members than a small change may read. */
  readonly membersManyAt: number | undefined
  readonly createdAt: number
  readonly modifiedAt: number
  /** The groups that edges show this link in. */
  readonly groups: readonly { readonly value: string; readonly display?: string }[]
  /** A write that has begun and not ended; only where one link was read by its id. */
  readonly open?: Pick<Intent, 'op' | 'leaseUntil'>
  /** True: a read has found somebody else under its native id, and nobody has decided; as `open`. */
  readonly isReused?: boolean
  /** True: the guard has kept a disable or delete of it from happening, decided on or not; as `open`. */
  readonly isHeldBack?: boolean
  /** The app's id of the invitation or job that is to make the account of a pending link. */
  readonly ticket: string | undefined
}

/** Gone for clients, or going: no write reaches it, and no read shows it. */
export function isEnded({ state }: Pick<Link, 'state'>): boolean {
  return state === 'tombstone' || state === 'retiring'
}

export interface Claim {
  readonly kind: string
  readonly norm: string
}

export interface Intent {
  readonly id: string
  readonly link: string
  readonly op: 'create' | 'update' | 'delete'
  readonly state: 'ready' | 'sending' | 'unknown' | 'waiting'
  readonly fence: number
  /** Until then calls of its holder may still reach the app. Milliseconds. */
  readonly leaseUntil: number
  readonly body: string
  readonly createdAt: number
}

/** What a commit leaves in the link's row. */
export interface LinkFacts {
  readonly nativeId: string
  readonly fingerprint: string | undefined
  readonly externalId: string | undefined
  readonly display: string | undefined
  readonly shadow: string
  /** Milliseconds; undefined: the person is on. */
  readonly inactiveSince: number | undefined
  readonly former: string | undefined
}

export interface LinkRow {
  id: string
  type: string
  state: LinkState
  native_id: string | null
  fingerprint: string | null
  survives: number
  external_id: string | null
  display: string | null
  verdict: Verdict | null
  shadow: string
  version: number
  members_read_at: number | null
  inactive_since: number | null
  former: string | null
  members_many_at: number | null
  created_at: number
  modified_at: number
  groups: string
  open?: string | null
  reused?: number
  held_back?: number
  ticket: string | null
}

export interface IntentRow {
  id: string
  link: string
  op: Intent['op']
  state: Intent['state']
  fence: number
  lease_until: number
  body: string
  created_at: number
}

export const OPEN = sql`state IN ('ready', 'sending', 'unknown', 'waiting')`

const GROUPS = sql`(SELECT json_group_array(json_object('value', e.group_link, 'display', g.display))
     FROM edge e JOIN link g ON g.connection = e.connection AND g.id = e.group_link
    WHERE e.connection = l.connection AND e.member_link = l.id AND e.state = 'have'
      AND e.wanted = 1)`

const INTENT = sql`(SELECT json_object('op', i.op, 'leaseUntil', i.lease_until) FROM intent i
    WHERE i.connection = l.connection AND i.link = l.id
      AND i.state IN ('ready', 'sending', 'unknown', 'waiting'))`

/** Columns of the table that a link is made of. */
const STORED = [
  ...['id', 'type', 'state', 'native_id', 'fingerprint', 'survives', 'external_id', 'display'],
  ...['verdict', 'shadow', 'version', 'members_read_at', 'members_many_at', 'inactive_since'],
  ...['former', 'created_at', 'modified_at', 'ticket'],
] as const satisfies readonly (keyof LinkRow)[]
const stored = sql.raw(STORED.map((name) => `l.${name}`).join(', '))

export const COLUMNS = sql`${stored}, ${GROUPS} AS groups`

/** As `COLUMNS`, for a statement that has just made the row: it is in no group yet. */
export const RETURNED = sql`${sql.raw(STORED.join(', '))}, '[]' AS groups`

/** Of any type; those that are not there are left out. */
export function linksByIds(connection: string, ids: readonly string[]): SQL {
  return sql`
    SELECT ${COLUMNS} FROM link l
     WHERE l.connection = ${connection} AND l.id IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`
}

const REUSED = sql`EXISTS (SELECT 1 FROM finding f
    WHERE f.connection = l.connection AND f.kind = 'id-reuse' AND f.subject = l.type || ':' || l.id
      AND f.state <> 'closed')`

const HELD_BACK = sql`EXISTS (SELECT 1 FROM departure d
    WHERE d.connection = l.connection AND d.link = l.id AND d.state <> 'done')`

/** For a query by id, which may end in a write. */
export const OF_ONE = sql`${INTENT} AS open, ${REUSED} AS reused, ${HELD_BACK} AS held_back`

/**
 * As `COLUMNS` and `OF_ONE` in one value, for a query that asks for something else as well: D1 takes 32
 * arguments of a function. Blank text keeps JSON within it a text.
 */
export const AS_VALUE = sql`json_array(${stored}, '' || ${GROUPS}, '' || ${INTENT}, ${REUSED}, ${HELD_BACK})`

export function rowOfValue(value: string): LinkRow {
  const values = JSON.parse(value) as unknown[]
  const names = [...STORED, 'groups', 'open', 'reused', 'held_back'] as const
  return Object.fromEntries(names.map((name, n) => [name, values[n]])) as unknown as LinkRow
}

export function toLink(row: LinkRow): Link {
  const groups = JSON.parse(row.groups) as { value: string; display: string | null }[]
  return {
    id: row.id,
    type: row.type,
    state: row.state,
    nativeId: row.native_id ?? undefined,
    fingerprint: row.fingerprint ?? undefined,
    survives: row.survives === 1,
    externalId: row.external_id ?? undefined,
    display: row.display ?? undefined,
    verdict: row.verdict ?? undefined,
    shadow: row.shadow,
    version: row.version,
    membersReadAt: row.members_read_at ?? undefined,
    inactiveSince: row.inactive_since ?? undefined,
    former: row.former ?? undefined,
    membersManyAt: row.members_many_at ?? undefined,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    groups: groups.map(({ value, display }) => (display === null ? { value } : { value, display })),
    ...(row.open && { open: JSON.parse(row.open) as Pick<Intent, 'op' | 'leaseUntil'> }),
    ...(row.reused === 1 && { isReused: true }),
    ...(row.held_back === 1 && { isHeldBack: true }),
    ticket: row.ticket ?? undefined,
  }
}

export function toIntent(row: IntentRow): Intent {
  return {
    id: row.id,
    link: row.link,
    op: row.op,
    state: row.state,
    fence: row.fence,
    leaseUntil: row.lease_until,
    body: row.body,
    createdAt: row.created_at,
  }
}
