/** Whether a connection would be valid as a whole: its adapter, schemas, mapping and policy agree. */
import { policySchema } from '../access/policy.ts'
import { AdapterFailure } from '../adapter/failure.ts'
import type { Json, JsonObject, ResourceDefinition } from '../scim/schema.ts'
import { parseResources } from '../scim/schemas.ts'
import { checkMapping, checkNaming } from './check-mapping.ts'
import { checkMatch } from './check-match.ts'
import { checkAttribute, parseAt } from './check-path.ts'
import { checkRoles } from './check-roles.ts'
import type { AdapterDescription, DescribeAdapter } from './describe-adapter.ts'
import { type InvalidMember, invalidMembers, memberPath } from './problem.ts'

/** What an administrator gives, in its own form. */
export interface ConnectionDraft {
  readonly adapter: string
  readonly settings: JsonObject
  readonly mapping: JsonObject
  /** Without `mode`. */
  readonly policy: JsonObject
  readonly extensions: Json[]
  readonly resourceTypes: Json[]
  /** Names of the secrets that it would hold. */
  readonly secrets: readonly string[]
}

export interface CheckDeps {
  readonly describeAdapter: DescribeAdapter
  /** Why this URL must not be called; undefined where it may. */
  readonly checkAppUrl: (url: string) => string | undefined
  /** Whether this Worker has a binding of a client certificate by that name. */
  readonly hasCertificate: (binding: string) => boolean
}

/** Each request of a client reads the row, so no member may grow without end. */
const MAX_MEMBER_LENGTH = 256 * 1024

/** Resolves to everything that is wrong with it; to nothing where it is valid. */
export async function checkConnection(
  draft: ConnectionDraft,
  deps: CheckDeps,
): Promise<InvalidMember[]> {
  const errors: InvalidMember[] = []
  for (const member of ['settings', 'mapping', 'policy', 'extensions', 'resourceTypes'] as const) {
    if (JSON.stringify(draft[member]).length > MAX_MEMBER_LENGTH) {
      errors.push({ path: member, message: `longer than ${MAX_MEMBER_LENGTH} characters` })
    }
  }
  const adapter = await checkAdapter(draft, deps, errors)
  const definitions = define(draft, adapter, errors)
  const policy = policySchema.safeParse(draft.policy)
  if (!policy.success) errors.push(...invalidMembers(policy.error, ['policy']))
  if (definitions) {
    errors.push(...checkMapping(draft.mapping, definitions, adapter))
    errors.push(...checkNaming(draft, adapter))
    if (policy.success) errors.push(...checkPolicyPaths(draft, policy.data, definitions, adapter))
  }
  return errors
}

async function checkAdapter(
  draft: ConnectionDraft,
  deps: CheckDeps,
  errors: InvalidMember[],
): Promise<AdapterDescription | undefined> {
  let adapter: AdapterDescription | undefined
  try {
    adapter = await deps.describeAdapter(draft.adapter)
    if (adapter) {
      errors.push(...(await checkSettings(draft, adapter, deps)), ...checkSecrets(draft, adapter))
    } else errors.push({ path: 'adapter', message: 'no adapter or manifest of this name' })
  } catch (error) {
    // A private adapter that does not answer must not keep anybody from pausing a connection.
    if (!(error instanceof AdapterFailure)) throw error
    errors.push({ path: 'adapter', message: error.message })
  }
  return adapter
}

async function checkSettings(
  draft: ConnectionDraft,
  adapter: AdapterDescription,
  deps: CheckDeps,
): Promise<InvalidMember[]> {
  // Settings are stored and shown in the clear.
  const misplaced = adapter.secrets.filter((name) => Object.hasOwn(draft.settings, name))
  if (misplaced.length > 0) {
    return misplaced.map((name) => ({
      path: memberPath(['settings', name]),
      message: 'is a secret: it belongs in "secrets"',
    }))
  }
  const checked = await adapter.checkSettings(draft.settings)
  if (!checked.ok) {
    return checked.issues.map(({ path, message }) => ({
      path: memberPath(['settings', ...path]),
      message,
    }))
  }
  const { certificate, baseUrl: url } = checked
  if (certificate !== undefined && !deps.hasCertificate(certificate)) {
    const key = Object.keys(draft.settings).find((name) => draft.settings[name] === certificate)
    const message =
      `this Worker has no client certificate "${certificate}": bind one in wrangler.toml, by a ` +
      'name that begins with "MTLS_", and deploy'
    return [{ path: memberPath(key === undefined ? ['settings'] : ['settings', key]), message }]
  }
  const refusal = url === undefined ? undefined : deps.checkAppUrl(url)
  if (refusal === undefined) return []
  const key = Object.keys(draft.settings).find((name) => draft.settings[name] === url)
  return [
    { path: memberPath(key === undefined ? ['settings'] : ['settings', key]), message: refusal },
  ]
}

function checkSecrets(draft: ConnectionDraft, adapter: AdapterDescription): InvalidMember[] {
  const missing = adapter.secrets.filter((name) => !draft.secrets.includes(name))
  const unknown = draft.secrets.filter((name) => !adapter.secrets.includes(name))
  return [
    ...missing.map((name) => ({ path: memberPath(['secrets', name]), message: 'is required' })),
    ...unknown.map((name) => ({ path: memberPath(['secrets', name]), message: 'unknown key' })),
  ]
}

function define(
  draft: ConnectionDraft,
  adapter: AdapterDescription | undefined,
  errors: InvalidMember[],
): ReadonlyMap<string, ResourceDefinition> | undefined {
  if (draft.resourceTypes.length > 0 && adapter && !adapter.declaresTypes) {
    errors.push({ path: 'resourceTypes', message: 'this adapter has its own resource types' })
    return undefined
  }
  const parsed = parseResources(draft.extensions, draft.resourceTypes)
  if (parsed.ok) return parsed.value
  errors.push(...parsed.errors)
  return undefined
}

function checkPolicyPaths(
  draft: ConnectionDraft,
  policy: ReturnType<typeof policySchema.parse>,
  definitions: ReadonlyMap<string, ResourceDefinition>,
  adapter: AdapterDescription | undefined,
): InvalidMember[] {
  // Match rules find people; the others speak of all types at once.
  const user = definitions.get('User')
  const matches = user ? checkMatch(draft, policy, user, adapter) : []
  const patterns = (['protected', 'exclude'] as const).flatMap((key) =>
    policy[key].flatMap((rule, i) =>
      'app' in rule && rule.app !== undefined
        ? checkAttribute(rule.app, 'User', adapter, ['policy', key, i, 'app'])
        : [],
    ),
  )
  const byPath = (key: 'attributes' | 'drift') =>
    Object.keys(policy[key]).flatMap((path): InvalidMember[] => {
      if (path === '*') return []
      const at = ['policy', key, path]
      const all = [...definitions.values()].map((definition) => checkPath(path, definition, at))
      return all.some((refusals) => refusals.length === 0) ? [] : (all[0] ?? [])
    })
  const { onInactive, downgradeTo } = policy.deprovision
  const here = ['policy', 'deprovision', 'downgradeTo']
  const lower = Object.keys(downgradeTo)
  const downgrade =
    onInactive === 'downgrade' && lower.length === 0
      ? [{ path: memberPath(here), message: 'must name what "downgrade" sets in the app' }]
      : lower.flatMap((name) => checkAttribute(name, 'User', adapter, [...here, name]))
  const roles = adapter ? checkRoles(draft.mapping, policy, adapter) : []
  const paths = [...byPath('attributes'), ...byPath('drift')]
  return [...matches, ...patterns, ...paths, ...downgrade, ...roles]
}

function checkPath(
  text: string,
  definition: ResourceDefinition,
  at: readonly PropertyKey[],
): InvalidMember[] {
  return parseAt(text, definition, at).errors
}
