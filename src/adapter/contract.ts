/**
 * The contract between Postern and one kind of app, version 1.
 *
 * An adapter speaks the app's own vocabulary and never sees SCIM. It has few verbs, one port for
 * each resource type, and it says in its type what the app can do: a declared capability makes its
 * method mandatory at compile time. PATCH, filters, paging, ETags, mapping, diffing, retries and
 * membership sets are the core's job.
 *
 * Over 300 lines, for whoever writes an adapter reads all of it, from here alone.
 *
 * Accidents are exceptions, in `failure.ts`. Everything under `adapters/` imports from `src/adapter/` and from nowhere else in `src/`.
 */
import type * as z from 'zod'
import type { HttpClient } from './http.ts'
import type { LdapBind, LdapClient } from './ldap/client.ts'
import type { WrittenMapping } from './mapping-entry.ts'
import type { Database, DatabaseLogin } from './sql/database.ts'

// ---- values ------------------------------------------------------------------------------------

export type Value = null | boolean | number | string | Value[] | { [key: string]: Value }

/** Attributes of an account or group by the app's own names. Absent means the app shows none. */
export type Attributes = Readonly<Record<string, Value>>

/** An account or a group as the app holds it now. */
export interface NativeObject {
  /** The app's identifier (native id), as a string whatever the app's own type. */
  readonly id: string
  readonly attributes: Attributes
  /** Present exactly where the capability `active` is `native`. */
  readonly active?: boolean
  /** A fact that never changes for one object (creation time, immutable handle): detects id reuse. */
  readonly fingerprint?: string
  /** Break-glass and service accounts: the core refuses every write to them. */
  readonly protected?: boolean
  /** ISO 8601, where the app says so. */
  readonly createdAt?: string
  readonly modifiedAt?: string
  /**
   * Provisional: the account comes to be, perhaps under another id, when this invitation is
   * accepted or this job is done. What `poll` and `cancel` take.
   */
  readonly ticket?: string
}

/** What has to change, and nothing else: `set` holds new values, `unset` names to clear. */
export interface Delta {
  readonly set: Attributes
  readonly unset: readonly string[]
}

export interface Page<T> {
  readonly items: readonly T[]
  /** Opaque to the core; absent on the last page. */
  readonly next?: string
  /** Only where the app states it. Never computed by fetching everything. */
  readonly total?: number
}

/** `cursor` is a former page's `next`; `skip` comes only where the capability `list.skip` is set. */
export interface PageRequest {
  readonly pageSize: number
  readonly cursor?: string
  readonly skip?: number
}

/** A member of a group: its resource type and its native id. */
export interface Member {
  readonly type: string
  readonly id: string
}

// ---- outcomes: expected branches are results ----------------------------------------------------

export type CreateOutcome =
  | { readonly kind: 'created'; readonly object: NativeObject }
  /** The app refuses a second one; `id` where it says which object is in the way. */
  | { readonly kind: 'exists'; readonly id?: string }
  /** The person has to accept first; `object` where the app shows a provisional account. */
  | {
      readonly kind: 'invited'
      readonly ticket: string
      readonly object?: NativeObject
      /** ISO 8601, where the app says so. */
      readonly expiresAt?: string
    }
  /** A job of the app makes the account. */
  | {
      readonly kind: 'accepted'
      readonly ticket: string
      readonly object?: NativeObject
      readonly pollAfterMs?: number
    }

export type PollOutcome =
  /** The account is there, under the id that it keeps. */
  | { readonly kind: 'done'; readonly object: NativeObject }
  /** Not yet: nobody has accepted, or the job runs. */
  | { readonly kind: 'running'; readonly pollAfterMs?: number }
  /** There will be no account: nobody accepted in time, it was withdrawn, or the job failed. */
  | { readonly kind: 'expired' | 'failed' }

export type WriteOutcome =
  /** Done. `object` where the app's answer shows the new state: it saves the core a read. */
  | { readonly kind: 'ok'; readonly object?: NativeObject }
  | { readonly kind: 'unchanged' }
  /** The app said that the id names nothing; `what` where it is not the group but a member of it. */
  | { readonly kind: 'gone'; readonly what?: 'member' }

/** `occupied`: the group goes only once its members have left; the core takes them out and asks again. */
export type RemoveOutcome = WriteOutcome | { readonly kind: 'occupied' }

// ---- declarations ---------------------------------------------------------------------------------

export interface AttributeSpec {
  readonly type: 'string' | 'number' | 'boolean' | 'datetime' | 'object'
  readonly multiValued?: boolean
  readonly write: 'never' | 'create' | 'always'
  /** The app refuses a create without it. */
  readonly required?: boolean
  /** Default false: the app compares without letter case. */
  readonly caseExact?: boolean
  /**
   * Texts between which the app sees no difference when it compares: of each list, all are the first.
   * `[[' ', '_']]` where `ann_b` is `ann b`, `[['', '.']]` where dots do not count.
   */
  readonly alike?: readonly (readonly [string, ...string[]])[]
  readonly unique?: boolean
  /** Default true; false where the app keeps an old value rather than hold none. */
  readonly clearable?: boolean
  /**
   * Name of a boolean attribute: true where the app has seen that the value is its holder's own, for
   * example by a mail to that address. Match rules may demand it.
   */
  readonly verifiedBy?: string
}

/** The four facts that decide whether an empty answer of the app may be believed. */
export interface Lookup {
  readonly attribute: string
  /** False: the app searches by prefix or substring, and the core filters again. */
  readonly exact: boolean
  readonly caseExact: boolean
  /** False: the app hides disabled accounts here. */
  readonly includesInactive: boolean
  /** How long a new or changed object may be missing from this search. 0: read after write. */
  readonly lagMs: number
}

export interface MemberCapabilities {
  /** How many members one call of `addMembers` and `removeMembers` takes. Default 1. */
  readonly batch?: number
  /** True: a member is in one group of this type at most, and joining another one leaves the first. */
  readonly single?: boolean
  /** True: a group may be a member of a group. */
  readonly nested?: boolean
}

export interface Capabilities {
  readonly lookups: readonly Lookup[]
  readonly list: {
    readonly maxPage: number
    readonly order: 'stable' | 'unstable'
    /** True: `list` can begin after the first `skip` objects. */
    readonly skip: boolean
  }
  /**
   * `invite`: a person may have to accept first; `async`: a job may make the account. Either may
   * still answer `created` or `exists` at once. For types without members.
   */
  readonly create: 'sync' | 'async' | 'invite' | 'none'
  /**
   * `shown`: `get`, `find` and `list` show what an invitation or job is still to make, as objects
   * with a `ticket`, as soon as other new objects. Otherwise a create whose answer was lost cannot
   * be told from one that never arrived, and is in doubt for a day.
   */
  readonly pending?: 'shown' | 'hidden'
  readonly update: 'delta' | 'none'
  /** `native`: the app has an on/off switch, and `setActive` works it both ways. */
  readonly active: 'native' | 'none'
  /**
   * True: `setActive` reads a list of the account's (its groups) and replaces it, so the core lets
   * nobody else replace one of the same account meanwhile.
   */
  readonly switchReplaces?: boolean
  /** True: the app takes an account out of its groups when it is switched off. */
  readonly offLeavesGroups?: boolean
  /** What `remove` really does: the object is gone, or only out of sight. */
  readonly remove: 'hard' | 'soft' | 'none'
  /**
   * Groups: how members change. `add-remove`: some join, some leave. `replace-on-group`: the group's
   * list of members is replaced. `replace-on-user`: each member's own list of groups is replaced.
   * `none`: the app holds no members, and Postern records them.
   */
  readonly membership: 'add-remove' | 'replace-on-group' | 'replace-on-user' | 'none'
  /** Groups: more of their members; absent: one in a call, as many groups as one likes, no groups in groups. */
  readonly members?: MemberCapabilities
  /** True: an id may come to name another object later. */
  readonly idsReused: boolean
  /**
   * True: none of these objects is ever `protected`. Where no id is reused either, the core removes one, or
   * changes the members of one, without reading it first.
   */
  readonly neverProtected?: boolean
  /** True: a create that carries a key seen before answers with the first one's object. */
  readonly idempotencyKey: boolean
  /**
   * An attribute, other than people see, in which the app keeps an id of ours: a create sends the SCIM
   * id there, and one whose answer was lost is found by it. Declare an exact look-up for it.
   */
  readonly anchor?: string
}

/** One resource type of the app: what its objects hold, and what can be done with them. */
export interface ResourceSpec {
  readonly attributes: Readonly<Record<string, AttributeSpec>>
  /** The attribute that people sign in with, or that groups go by: the default match rule. */
  readonly naming: string
  readonly capabilities: Capabilities
  /** Default mapping, as data: SCIM attribute path to attribute of the app (docs/mapping.md). */
  readonly mapping: WrittenMapping
}

/** By SCIM resource type name: `User`, `Group`, ... */
export type ResourceSpecs = Readonly<Record<string, ResourceSpec>>

// ---- ports ----------------------------------------------------------------------------------------

export interface ReadPort {
  /** Resolves to null where the app said "no such object"; anything doubtful is a failure. */
  get(id: string): Promise<NativeObject | null>
  /** Equality on one attribute that a lookup declares. */
  find(attribute: string, value: string): Promise<readonly NativeObject[]>
  list(page: PageRequest): Promise<Page<NativeObject>>
}

export interface CreateRequest {
  readonly attributes: Attributes
  /** Present exactly where the capability `active` is `native`. */
  readonly active?: boolean
  readonly idempotencyKey: string
}

export interface WritePort {
  create(request: CreateRequest): Promise<CreateOutcome>
  update(id: string, delta: Delta): Promise<WriteOutcome>
  setActive(id: string, active: boolean): Promise<WriteOutcome>
  remove(id: string): Promise<RemoveOutcome>
}

/** A list that is replaced as a whole, as it was read. */
export interface MemberPage extends Page<Member> {
  /** Opaque: changes with the list. `replaceMembers` of a list that has changed since is `stale`. */
  readonly revision?: string
}

export interface GroupList {
  /** Native ids of the groups that the member is in. */
  readonly groups: readonly string[]
  /** As in `MemberPage`. */
  readonly revision?: string
}

/** `stale`: the list is not what it was when it was read; the core reads it again. */
export type ReplaceOutcome = WriteOutcome | { readonly kind: 'stale' }

export interface MembershipPort {
  /** Everybody in the group, page by page; the revision, if there is one, comes with the first. */
  members(group: string, page: PageRequest): Promise<MemberPage>
}

/**
 * Some join, some leave. Adding who is present and removing who is absent is no failure. `gone` with
 * `what: 'member'` and a failure mean that none of these members was changed, or that repeating it is
 * harmless. Where a membership has an id of its own, the adapter looks it up.
 */
export interface AddRemovePort extends MembershipPort {
  addMembers(group: string, members: readonly Member[]): Promise<WriteOutcome>
  removeMembers(group: string, members: readonly Member[]): Promise<WriteOutcome>
}

export interface ReplaceOnGroupPort extends MembershipPort {
  /** These are the members, and nobody else is. */
  replaceMembers(
    group: string,
    members: readonly Member[],
    revision: string | undefined,
  ): Promise<ReplaceOutcome>
}

export interface ReplaceOnUserPort extends MembershipPort {
  /** Null: the app has no such member. */
  groupsOf(member: Member): Promise<GroupList | null>
  /** The member is in these groups, by native id, and in no other. */
  replaceGroups(
    member: Member,
    groups: readonly string[],
    revision: string | undefined,
  ): Promise<ReplaceOutcome>
}

export interface PendingPort {
  /** What became of an invitation or job; `idempotencyKey` is that of its create. */
  poll(request: { readonly ticket: string; readonly idempotencyKey?: string }): Promise<PollOutcome>
  /**
   * Withdraws it. `unchanged`: it was withdrawn, or had expired, before. `gone`: the app has no open
   * one of this id, perhaps because it was accepted.
   */
  cancel(ticket: string): Promise<WriteOutcome>
}

/** What the core holds at run time: a method is there where its capability is declared. */
export type AnyPort = ReadPort &
  Partial<WritePort> &
  Partial<AddRemovePort> &
  Partial<ReplaceOnGroupPort> &
  Partial<ReplaceOnUserPort> &
  Partial<PendingPort>

interface MembershipPorts {
  readonly none: unknown
  readonly 'add-remove': AddRemovePort
  readonly 'replace-on-group': ReplaceOnGroupPort
  readonly 'replace-on-user': ReplaceOnUserPort
}

/** A declared capability makes its method mandatory at compile time. */
export type PortFor<C extends Capabilities> = ReadPort &
  (C['create'] extends 'none' ? unknown : Pick<WritePort, 'create'>) &
  (C['create'] extends 'async' | 'invite' ? PendingPortFor<C> : unknown) &
  (C['update'] extends 'none' ? unknown : Pick<WritePort, 'update'>) &
  (C['active'] extends 'none' ? unknown : Pick<WritePort, 'setActive'>) &
  (C['remove'] extends 'none' ? unknown : Pick<WritePort, 'remove'>) &
  MembershipPorts[C['membership']]

/** An invitation can be withdrawn; a job perhaps. Groups whose members the app holds are made at once. */
type PendingPortFor<C extends Capabilities> = C['membership'] extends 'none'
  ? Pick<PendingPort, 'poll'> &
      (C['create'] extends 'invite' ? Pick<PendingPort, 'cancel'> : Partial<PendingPort>)
  : never

export type PortsFor<R extends ResourceSpecs> = {
  readonly [T in keyof R]: PortFor<R[T]['capabilities']>
}

// ---- the adapter ----------------------------------------------------------------------------------

/**
 * One text that the app hands out and wants back, such as a refresh token that rotates. Sealed at
 * rest, of one connection, and gone with it.
 */
export interface Kept {
  /**
   * True in a trial of what is not stored. What is kept is used and handed on as ever; but what an app
   * hands out once must not be asked for anew: nobody would have it afterwards.
   */
  readonly isTrial?: boolean
  read(): Promise<string | undefined>
  /** False, and nothing done, where it is not `from` any more; undefined: there is none yet. */
  replace(from: string | undefined, to: string): Promise<boolean>
}

/** What an adapter is given for one request. It holds no state of its own. */
export interface Kit<Settings> {
  readonly settings: Settings
  /** A secret of the connection by its declared name. Never logged, never returned. */
  readonly secret: (name: string) => string
  /** The only way out: time limit, host allow-list, no redirects, effect of failures. */
  readonly http: HttpClient
  /**
   * For a database (`baseUrl` is `postgres://`, `mysql://` or `hyperdrive:`), the only way in: parameters
   * alone, TLS, transactions, effect of failures. Behind Hyperdrive there is nobody to sign in.
   */
  readonly database: (login?: DatabaseLogin) => Database
  /**
   * For a directory (`baseUrl` is `ldaps://...`, or `ldap://...` with StartTLS), the only way in: TLS, sign-in,
   * time and size limits, effect of failures.
   */
  readonly ldap: (bind: LdapBind) => LdapClient
  /** Absent where nothing can be kept, as in a test of the adapter alone. */
  readonly kept?: Kept
}

/** How often the app may be called, and how its answers say so. Kept over all isolates. */
export interface Limits {
  /** Calls begun in any second; 0.5 is one in two seconds. */
  readonly perSecond?: number
  /** Calls under way at the same time. */
  readonly concurrent?: number
  /** Header that counts the calls left, beside the usual ones: 0 in it makes a 403 one of too many calls. */
  readonly remainingHeader?: string
  /** Header that says when calls are taken again: believed before `Retry-After`. */
  readonly resetHeader?: string
}

export interface Adapter<Settings = unknown, R extends ResourceSpecs = ResourceSpecs> {
  /** Stored with each connection. Never renamed. */
  readonly name: string
  readonly contract: 1
  readonly version: string
  /**
   * Raised when native ids or fingerprints come to mean something else: connections with links of
   * before refuse to go on. Default 1.
   */
  readonly identity?: number
  /** What an administrator enters to connect one app; no secrets in here. */
  readonly settings: z.ZodType<Settings>
  /** Names of the secrets that a connection must hold. */
  readonly secrets: readonly string[]
  /** The app's base URL for these settings: the only host that `kit.http` will call. */
  readonly baseUrl: (settings: Settings) => string
  /** Headers of every call of `kit.http`: the credential, and nothing that differs by call. */
  headers?(access: Pick<Kit<Settings>, 'settings' | 'secret'>): Readonly<Record<string, string>>
  /** Other addresses that `kit.http.at` may be asked for, such as that of a token endpoint. */
  otherUrls?(settings: Settings): readonly string[]
  readonly limits?: Limits
  /** Binding of the client certificate that the app is shown (mTLS); undefined: none. */
  certificate?(settings: Settings): string | undefined
  readonly resources: R
  connect(kit: Kit<Settings>): PortsFor<R>
}

/** Checks an adapter at compile time; the value is passed on as it is. */
export function defineAdapter<Settings, const R extends ResourceSpecs>(
  adapter: Adapter<Settings, R>,
): Adapter<Settings, R> {
  return adapter
}

// ---- the one named exception ------------------------------------------------------------------------

/** A connection's resource type as the sandbox needs to know it. */
export interface DeclaredType {
  readonly name: string
  /** Top-level attributes; an extension counts as one attribute, named by its URN. */
  readonly attributes: readonly {
    readonly name: string
    /** True: one string or number; it can be looked up. */
    readonly simple: boolean
    readonly unique: boolean
    readonly caseExact: boolean
  }[]
}

/**
 * Documents of one connection, kept in D1 by Postern itself. Only `sandbox` is given one: it has
 * no app behind it and holds SCIM resources of any declared type.
 */
export interface DocumentStore {
  get(type: string, id: string): Promise<NativeObject | null>
  /** Equality on a top-level string attribute, without letter case unless `caseExact`. */
  find(
    type: string,
    attribute: string,
    value: string,
    caseExact: boolean,
  ): Promise<readonly NativeObject[]>
  list(type: string, page: PageRequest): Promise<Page<NativeObject>>
  /** Idempotent by `id`: a second insert of the same id answers with what is there. */
  insert(type: string, id: string, attributes: Attributes): Promise<NativeObject>
  update(type: string, id: string, delta: Delta): Promise<NativeObject | null>
  /** False where there was none. */
  delete(type: string, id: string): Promise<boolean>
}
