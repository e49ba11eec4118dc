/**
 * What crosses between Postern and an adapter in a Worker of its own (decision 0017). Answers cross
 * as JSON text: what is no JSON cannot cross, and errors of our own would lose their class.
 */
import * as z from 'zod'
import type { SettingsCheck } from '../check-settings.ts'
import type {
  Adapter,
  AnyPort,
  AttributeSpec,
  Capabilities,
  CreateOutcome,
  GroupList,
  Limits,
  Lookup,
  Member,
  MemberCapabilities,
  MemberPage,
  NativeObject,
  Page,
  PollOutcome,
  RemoveOutcome,
  ReplaceOutcome,
  ResourceSpec,
  Value,
  WriteOutcome,
} from '../contract.ts'
import type { AdapterFailure, Effect, FailureCode } from '../failure.ts'
import type { WrittenMapping } from '../mapping-entry.ts'
import type { AppAccess } from '../open.ts'

/** Raised with the contract, and with whatever crosses here. */
export const CONTRACT = 1 satisfies Adapter['contract']

/** Does not compile unless each member of the type is here. */
type Shape<T> = { readonly [K in keyof T]-?: z.ZodType<T[K]> | z.ZodExactOptional<z.ZodType<T[K]>> }

const value: z.ZodType<Value> = z.json()
const attributes = z.record(z.string(), value)
const text = z.string().exactOptional()
const flag = z.boolean().exactOptional()

// ---- declarations ---------------------------------------------------------------------------------

const attributeSpec = z.object({
  type: z.enum(['string', 'number', 'boolean', 'datetime', 'object']),
  multiValued: flag,
  write: z.enum(['never', 'create', 'always']),
  required: flag,
  caseExact: flag,
  alike: z.array(z.tuple([z.string()], z.string())).exactOptional(),
  unique: flag,
  clearable: flag,
  verifiedBy: text,
} satisfies Shape<AttributeSpec>)

const lookup = z.object({
  attribute: z.string(),
  exact: z.boolean(),
  caseExact: z.boolean(),
  includesInactive: z.boolean(),
  lagMs: z.number().min(0),
} satisfies Shape<Lookup>)

const memberCapabilities = z.object({
  batch: z.int().min(1).exactOptional(),
  single: flag,
  nested: flag,
} satisfies Shape<MemberCapabilities>)

const capabilities = z.object({
  lookups: z.array(lookup),
  list: z.object({
    maxPage: z.int().min(1),
    order: z.enum(['stable', 'unstable']),
    skip: z.boolean(),
  }),
  create: z.enum(['sync', 'async', 'invite', 'none']),
  pending: z.enum(['shown', 'hidden']).exactOptional(),
  update: z.enum(['delta', 'none']),
  active: z.enum(['native', 'none']),
  switchReplaces: flag,
  offLeavesGroups: flag,
  remove: z.enum(['hard', 'soft', 'none']),
  membership: z.enum(['add-remove', 'replace-on-group', 'replace-on-user', 'none']),
  members: memberCapabilities.exactOptional(),
  idsReused: z.boolean(),
  neverProtected: flag,
  idempotencyKey: z.boolean(),
  anchor: text,
} satisfies Shape<Capabilities>)

const resource = z.object({
  attributes: z.record(z.string(), attributeSpec),
  naming: z.string(),
  capabilities,
  // Its meaning is checked where a connection is, as that of every adapter.
  mapping: z.record(z.string(), z.union([z.string(), attributes])) as z.ZodType<WrittenMapping>,
} satisfies Shape<ResourceSpec>)

const limits = z.object({
  perSecond: z.number().positive().exactOptional(),
  concurrent: z.int().min(1).exactOptional(),
  remainingHeader: text,
  resetHeader: text,
} satisfies Shape<Limits>)

/** What a private adapter says of itself; the rest of it stays in its Worker. */
export const descriptionSchema = z.object({
  name: z.string(),
  contract: z.literal(CONTRACT),
  version: z.string(),
  identity: z.number().exactOptional(),
  secrets: z.array(z.string()),
  resources: z.record(z.string(), resource),
  limits: limits.exactOptional(),
  /** Changes with what is declared here, `version` apart. */
  revision: z.string(),
})
export type Description = z.output<typeof descriptionSchema>

/** Read first: the rest of what another contract says means nothing here. */
export const contractSchema = z.object({ contract: z.number(), name: z.string() })

// ---- results --------------------------------------------------------------------------------------

const nativeObject = z.object({
  id: z.string(),
  attributes,
  active: flag,
  fingerprint: text,
  protected: flag,
  createdAt: text,
  modifiedAt: text,
  ticket: text,
} satisfies Shape<NativeObject>)

const member = z.object({ type: z.string(), id: z.string() } satisfies Shape<Member>)

const paged = { next: text, total: z.number().exactOptional() }
const objects = z.object({ items: z.array(nativeObject), ...paged } satisfies Shape<
  Page<NativeObject>
>)
const members = z.object({
  items: z.array(member),
  ...paged,
  revision: text,
} satisfies Shape<MemberPage>)
const groupList = z.object({
  groups: z.array(z.string()),
  revision: text,
} satisfies Shape<GroupList>)

type Variants<T extends { readonly kind: string }> = {
  readonly [K in T['kind']]: Shape<Omit<Extract<T, { readonly kind: K }>, 'kind'>>
}

/** Does not compile unless each kind of the contract is here. */
function outcome<T extends { readonly kind: string }>(variants: Variants<T>): z.ZodType<T> {
  const members = Object.entries<z.ZodRawShape>(variants).map(([kind, shape]) =>
    z.object({ kind: z.literal(kind), ...shape }),
  )
  return z.union(members) as unknown as z.ZodType<T>
}

const object = nativeObject.exactOptional()
const pollAfterMs = z.number().exactOptional()
const done = { ok: { object }, unchanged: {}, gone: { what: z.literal('member').exactOptional() } }
const created = outcome<CreateOutcome>({
  created: { object: nativeObject },
  exists: { id: text },
  invited: { ticket: z.string(), object, expiresAt: text },
  accepted: { ticket: z.string(), object, pollAfterMs },
})
const polled = outcome<PollOutcome>({
  done: { object: nativeObject },
  running: { pollAfterMs },
  expired: {},
  failed: {},
})
const written = outcome<WriteOutcome>(done)
const removed = outcome<RemoveOutcome>({ ...done, occupied: {} })
const replaced = outcome<ReplaceOutcome>({ ...done, stale: {} })

export type Method = keyof AnyPort
type Result<M extends Method> = Awaited<ReturnType<NonNullable<AnyPort[M]>>>

interface MethodFacts<M extends Method> {
  readonly result: z.ZodType<Result<M>>
  /** Of a call whose answer is lost. */
  readonly effect: Effect
}

/** Every method of the contract: what it answers, and whether it may change the app. */
export const METHODS: { readonly [M in Method]-?: MethodFacts<M> } = {
  get: { result: nativeObject.nullable(), effect: 'none' },
  find: { result: z.array(nativeObject), effect: 'none' },
  list: { result: objects, effect: 'none' },
  create: { result: created, effect: 'unknown' },
  update: { result: written, effect: 'unknown' },
  setActive: { result: written, effect: 'unknown' },
  remove: { result: removed, effect: 'unknown' },
  members: { result: members, effect: 'none' },
  addMembers: { result: written, effect: 'unknown' },
  removeMembers: { result: written, effect: 'unknown' },
  replaceMembers: { result: replaced, effect: 'unknown' },
  groupsOf: { result: groupList.nullable(), effect: 'none' },
  replaceGroups: { result: replaced, effect: 'unknown' },
  poll: { result: polled, effect: 'none' },
  cancel: { result: written, effect: 'unknown' },
}

export function isMethod(name: string): name is Method {
  return Object.hasOwn(METHODS, name)
}

const CODES = {
  auth: 'auth',
  forbidden: 'forbidden',
  invalid: 'invalid',
  conflict: 'conflict',
  limit: 'limit',
  blocked: 'blocked',
  rate: 'rate',
  unavailable: 'unavailable',
  timeout: 'timeout',
  protocol: 'protocol',
} as const satisfies { readonly [C in FailureCode]: C }

const failure = z.object({
  code: z.enum(CODES),
  effect: z.enum(['none', 'unknown']),
  answered: z.boolean(),
  retryAfterSeconds: z.number().exactOptional(),
  attributes: z.array(z.string()),
})

/** An `AdapterFailure` without its words: those are for the log of the Worker it happened in. */
export type WireFailure = z.output<typeof failure>

export function toWire(error: AdapterFailure): WireFailure {
  const { code, effect, answered, retryAfterSeconds, attributes } = error
  return {
    ...{ code, effect, answered, attributes: [...attributes] },
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  }
}

export type Answer<T> =
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'failure'; readonly failure: WireFailure }
  /** It declares something else than the revision of the call did: nothing was done. */
  | { readonly kind: 'changed' }

export function answerOf<T>(result: z.ZodType<T>): z.ZodType<Answer<T>> {
  return z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('value'), value: result }),
    z.object({ kind: z.literal('failure'), failure }),
    z.object({ kind: z.literal('changed') }),
  ]) as unknown as z.ZodType<Answer<T>>
}

/** Names of the methods that the ports have, by resource type. */
export const offersSchema = z.record(z.string(), z.array(z.string()))

const path = z.array(z.union([z.string(), z.number()]))
export const settingsCheckSchema: z.ZodType<SettingsCheck> = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(false), issues: z.array(z.object({ path, message: z.string() })) }),
  z.object({ ok: z.literal(true), baseUrl: text }),
])

// ---- calls ----------------------------------------------------------------------------------------

/** What a private adapter is handed with each call: it keeps nothing of it. */
export interface RemoteAccess extends Pick<AppAccess, 'settings' | 'secrets'> {
  /** For the whole method, in milliseconds from its arrival. */
  readonly timeoutMs: number
  /** As Postern itself goes by. */
  readonly allowInsecure: boolean
}

export interface RemoteCall {
  readonly access: RemoteAccess
  /** Of the description that the caller goes by. */
  readonly revision: string
  readonly type: string
  readonly method: string
  readonly args: readonly unknown[]
}

/** A service binding to the entrypoint that `serveAdapter` makes. Answers are JSON text. */
export interface AdapterBinding {
  describe(): Promise<string>
  checkSettings(given: Readonly<Record<string, unknown>>): Promise<string>
  /** The methods that the ports have: asked where the declarations leave one open. */
  offers(access: RemoteAccess): Promise<string>
  invoke(call: RemoteCall): Promise<string>
}
