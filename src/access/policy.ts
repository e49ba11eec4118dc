/** `policy` of a connection: what an administrator may set, with the defaults of each key. */
import * as z from 'zod'

/** What `src/identity/normalize.ts` carries out. */
const normalization = z.enum(['trim', 'lower', 'digits', 'beforeAt'])

// `names`: what cannot be checked here, since it takes the resource types and the adapter (`checkConnection`).

/** SCIM attribute path. */
const scimPath = z.string().min(1).max(500).meta({ names: 'a SCIM path' })
/** Attribute of the app by the app's own name. */
const appAttribute = z.string().min(1).max(200).meta({ names: 'an attribute of the app' })
const scalar = z.union([z.string().max(1000), z.number(), z.boolean()])

const matchRule = z.strictObject({
  scim: scimPath,
  /** Absent: the attribute that the path is mapped to. */
  app: appAttribute.optional(),
  /** False: a hit is a finding for a person to decide. */
  auto: z.boolean().default(true),
  /** Rules of one tier are asked together. Absent: the rule's place in the list, from 1. */
  tier: z.number().min(0).max(1000).optional(),
  /** Done to both sides before they are compared, in this order. */
  normalize: z.array(normalization).max(8).optional(),
  /** A hit that does not meet these is a finding for a person to decide. */
  require: z
    .strictObject({
      domainIn: z
        .array(
          z
            .string()
            .regex(/^[^\s@]+$/, 'must be a domain, without "@"')
            .max(253),
        )
        .min(1)
        .max(500)
        .optional(),
      verifiedInApp: z.boolean().optional(),
    })
    .optional(),
})

/** Accounts whose attribute fits `pattern`; `*` stands for any text. */
const accountPattern = z.union([
  z
    .string()
    .min(1)
    .max(200)
    .transform((pattern) => ({ pattern })),
  z.strictObject({
    /** Absent: the adapter's login attribute (`naming`). */
    app: appAttribute.optional(),
    pattern: z.string().min(1).max(200),
  }),
])

/** Groups by `externalId`, because a displayName can be renamed into a role. First hit wins. */
const roleRule = z.strictObject({ externalId: z.string().min(1), app: appAttribute, value: scalar })

/** What becomes of an attribute that the app cannot hold. */
const unmapped = z.enum(['keep', 'drop', 'reject'])
export type Unmapped = z.output<typeof unmapped>

/** What becomes of a value that moved in the app behind the client's back. */
const drifted = z.enum(['report', 'restore', 'accept'])
export type Drifted = z.output<typeof drifted>

const deprovision = z.strictObject({
  onInactive: z.enum(['native', 'strip', 'downgrade', 'remove', 'record']).default('native'),
  onDelete: z.enum(['native', 'deactivate', 'deactivateThenDelete', 'refuse']).default('native'),
  /** For `downgrade`: attributes of the app, and what they hold while the person is off. */
  downgradeTo: z.record(appAttribute, scalar).default({}),
  deleteAfterDays: z.int().min(0).max(3650).default(30),
  /** Disabled for so many days: listed for removal. 0: never. */
  leaverAfterDays: z.int().min(0).max(3650).default(30),
  /** What is done instead where the app refuses to remove this one account. */
  onRefused: z.enum(['deactivate', 'strip', 'record', 'refuse']).default('deactivate'),
})

const guard = z.strictObject({
  windowMinutes: z.int().min(1).max(10_080).default(60),
  maxCount: z.int().min(0).max(1_000_000).default(50),
  /** Counts only above 20 linked people. */
  maxPercent: z.number().min(0).max(100).default(10),
})

const groups = z.strictObject({
  mode: z.enum(['native', 'record', 'roles']).default('native'),
  additiveSingleReplace: z.boolean().default(false),
  roleTable: z.array(roleRule).max(500).default([]),
  /** By attribute of the app: what it holds where no group of the table applies any more. */
  defaultRole: z.record(appAttribute, scalar).default({}),
})

const limits = z.strictObject({
  requestsPerSecond: z.number().min(0.1).max(10_000).default(100),
  requestTimeoutMs: z.int().min(100).max(120_000).default(25_000),
  /** Of the app; absent: what the adapter declares. An app's plan decides. */
  appCallsPerSecond: z.number().min(0.01).max(10_000).optional(),
  appCallsAtOnce: z.int().min(1).max(1_000).optional(),
})

const reconcile = z.strictObject({
  /** Between scans that nobody asked for; 0: none. */
  everyHours: z.int().min(0).max(744).default(24),
})

const audit = z.strictObject({
  /** Of requests. `hashed`: under a key of the connection, to answer "was it the same value". */
  values: z.enum(['hashed', 'shown', 'none']).default('hashed'),
  retentionDays: z.int().min(1).max(3650).default(90),
  /** False: of reads there are sums and those that were refused or failed. */
  reads: z.boolean().default(true),
})

const alerts = z.strictObject({
  /** After so long without a request, a client that was heard counts as silent. */
  silentHours: z.int().min(1).max(720).default(24),
})

export const connectionMode = z.enum(['observe', 'gate', 'live', 'paused'])

export const policySchema = z.strictObject({
  profile: z.enum(['tolerant', 'strict']).default('tolerant'),
  maxPage: z.int().min(1).max(1000).default(100),
  mode: connectionMode.default('live'),
  match: z
    .array(matchRule)
    .max(10)
    .default([{ scim: 'userName', auto: true }]),
  onCreateExisting: z.enum(['adopt', 'conflict']).default('adopt'),
  /** By SCIM path; `*` stands for every other attribute that the app cannot hold. */
  attributes: z
    .record(scimPath, unmapped)
    .default({})
    .transform((given): Record<string, Unmapped> => ({ '*': 'keep', ...given })),
  /** By SCIM path; `*` stands for every other attribute, and for `active`. */
  drift: z
    .record(scimPath, drifted)
    .default({})
    .transform((given): Record<string, Drifted> => ({ '*': 'report', ...given })),
  // prefault, not default: the parts of an absent part have defaults of their own.
  deprovision: deprovision.prefault({}),
  guard: guard.prefault({}),
  reconcile: reconcile.prefault({}),
  /** Accounts that refuse every write. */
  protected: z.array(accountPattern).max(500).default([]),
  /** Accounts that are never matched and never offered, while no client manages them. */
  exclude: z.array(accountPattern).max(500).default([]),
  groups: groups.prefault({}),
  limits: limits.prefault({}),
  audit: audit.prefault({}),
  alerts: alerts.prefault({}),
})

/** Every key present. In `protected` and `exclude`, an absent `app` is the adapter's `naming`. */
export type Policy = Readonly<z.output<typeof policySchema>>
export type ConnectionMode = z.output<typeof connectionMode>

/** @throws {z.ZodError} where the policy is not valid; unknown keys are not */
export function parsePolicy(policy: unknown): Policy {
  return policySchema.parse(policy)
}
