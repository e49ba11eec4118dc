/** Role tables that can never work, or that somebody else would undo, each with what to write. */
import type { Policy } from '../access/policy.ts'
import type { AttributeSpec, ResourceSpec } from '../adapter/contract.ts'
import type { JsonObject } from '../scim/schema.ts'
import { checkAttribute } from './check-path.ts'
import type { AdapterDescription } from './describe-adapter.ts'
import { type InvalidMember, memberPath } from './problem.ts'

const AT = ['policy', 'groups'] as const

export function checkRoles(
  mapping: JsonObject,
  policy: Policy,
  adapter: AdapterDescription,
): InvalidMember[] {
  const { mode, roleTable, defaultRole } = policy.groups
  if (mode !== 'roles') return []
  const user = adapter.resource?.('User')
  if (!user || user.capabilities.update === 'none') {
    return [refusal(['mode'], 'the app has no attribute that could hold a role: use "record"')]
  }
  const written = mappedIn(mapping['User'] ?? user.mapping)
  const check = (app: string, value: unknown, at: readonly PropertyKey[]) =>
    checkRole(user, app, value, { at, written, adapter, policy })
  const rows = roleTable.flatMap(({ app, value }, i) => check(app, value, ['roleTable', i]))
  const defaults = Object.entries(defaultRole).flatMap(([app, value]) =>
    check(app, value, ['defaultRole', app]),
  )
  const kept = [...new Set(roleTable.map(({ app }) => app))].filter(
    (app) => user.attributes[app]?.clearable === false && !Object.hasOwn(defaultRole, app),
  )
  return [
    ...rows,
    ...defaults,
    ...kept.map((app) =>
      refusal(
        ['defaultRole', app],
        `is required: the app cannot do without "${app}", so say what it is where no group of the ` +
          'table applies any more',
      ),
    ),
  ]
}

interface Context {
  readonly at: readonly PropertyKey[]
  /** By attribute of the app: the SCIM path that is mapped to it. */
  readonly written: ReadonlyMap<string, string>
  readonly adapter: AdapterDescription
  readonly policy: Policy
}

function checkRole(
  user: ResourceSpec,
  app: string,
  value: unknown,
  { at, written, adapter, policy }: Context,
): InvalidMember[] {
  const isRow = at[0] === 'roleTable'
  const ofName = isRow ? [...at, 'app'] : at
  const unknown = checkAttribute(app, 'User', adapter, [...AT, ...ofName])
  const spec = user.attributes[app]
  if (unknown.length > 0 || !spec) return unknown
  if (spec.write !== 'always') {
    return [refusal(ofName, `the app does not let "${app}" be changed: name one that can be`)]
  }
  const path = written.get(app)
  if (path !== undefined) {
    const message =
      `is written by the mapping of "${path}" as well: take "${path}" out of "mapping.User", or ` +
      'name another attribute'
    return [refusal(ofName, message)]
  }
  if (Object.hasOwn(policy.deprovision.downgradeTo, app)) {
    const message =
      'is written by "deprovision.downgradeTo" as well: take it out there, or name another attribute'
    return [refusal(ofName, message)]
  }
  return fits(spec, value)
    ? []
    : [refusal(isRow ? [...at, 'value'] : at, `must be a ${spec.type}, as "${app}" is in the app`)]
}

function fits({ type }: AttributeSpec, value: unknown): boolean {
  return typeof value === (type === 'datetime' ? 'string' : type)
}

function refusal(at: readonly PropertyKey[], message: string): InvalidMember {
  return { path: memberPath([...AT, ...at]), message }
}

function mappedIn(mapping: unknown): ReadonlyMap<string, string> {
  const pairs = typeof mapping === 'object' && mapping !== null ? Object.entries(mapping) : []
  return new Map(pairs.map(([path, app]) => [String(app), path]))
}
