/** Match rules that can never work are refused, each with what to write instead. */
import type { Policy } from '../access/policy.ts'
import type { ResourceSpec } from '../adapter/contract.ts'
import { appOf, isOneWay, type MappingEntry } from '../adapter/mapping-entry.ts'
import { type Path, printPath } from '../scim/path.ts'
import type { Attribute, JsonObject, ResourceDefinition } from '../scim/schema.ts'
import { isObject } from '../scim/values.ts'
import { checkAttribute, parseAt } from './check-path.ts'
import type { AdapterDescription } from './describe-adapter.ts'
import { type InvalidMember, memberPath } from './problem.ts'

export function checkMatch(
  draft: { readonly mapping: JsonObject; readonly policy: JsonObject },
  policy: Policy,
  user: ResourceDefinition,
  adapter: AdapterDescription | undefined,
): InvalidMember[] {
  // The default rule is left out where its attribute is not mapped.
  if (draft.policy['match'] === undefined || !adapter) return []
  return policy.match.flatMap((rule, i): InvalidMember[] => {
    const at = ['policy', 'match', i]
    const refuse = (member: readonly string[], message: string): InvalidMember[] => [
      { path: memberPath([...at, ...member]), message },
    ]
    const { value: path, errors } = parseAt(rule.scim, user, [...at, 'scim'])
    if (!path) return errors
    const unfit = unfitPath(path)
    if (unfit !== undefined) return refuse(['scim'], unfit)
    const entry = entryAt(path, draft.mapping['User'], user, adapter)
    if (typeof entry === 'object' && 'values' in entry) {
      const message = 'has a table of values in the mapping, and tells nobody apart: name another'
      return refuse(['scim'], message)
    }
    const app = rule.app ?? (entry && !isOneWay(entry) ? appOf('', entry) : undefined)
    if (app === undefined) {
      const message =
        'is not mapped to an attribute of the app: name the one to compare with in "app"'
      return refuse(['scim'], message)
    }
    const unknown = checkAttribute(app, 'User', adapter, [...at, 'app'])
    if (unknown.length > 0) return unknown
    const spec = adapter.resource?.('User')
    const unfitApp = spec ? unfitAttribute(spec, app) : unfitIn(user, adapter, app)
    if (unfitApp !== undefined) return refuse(['app'], unfitApp)
    if (rule.require?.verifiedInApp && !tellsVerified(spec, app)) {
      return refuse(
        ['require', 'verifiedInApp'],
        `the adapter cannot tell whether "${app}" is verified: leave this out, and set "auto" to ` +
          'false or name the domains that may be linked in "domainIn"',
      )
    }
    return []
  })
}

/** Why no value of this path names a person. */
function unfitPath(path: Path): string | undefined {
  if (path.kind !== 'attribute') return 'is a whole extension: name one of its attributes'
  const { attribute, subAttribute } = path.ref
  const leaf = subAttribute ?? attribute
  if (leaf.type === 'complex') {
    const value = attribute.multiValued ? 'value' : attribute.subAttributes?.[0]?.name
    return `has parts: name one of them, as in "${printPath(path)}.${value ?? 'value'}"`
  }
  return unfitLeaf(leaf) ?? (attribute === leaf ? undefined : unfitHolder(attribute))
}

function unfitLeaf(leaf: Attribute): string | undefined {
  if (leaf.type === 'boolean' || leaf.type === 'binary') {
    return `is of type ${leaf.type}, and tells nobody apart: name an attribute that does`
  }
  return unfitHolder(leaf)
}

function unfitHolder({ returned, mutability }: Attribute): string | undefined {
  if (returned === 'never') return 'is a secret: name an attribute that is not'
  return mutability === 'readOnly' ? 'is given by no client: name an attribute that is' : undefined
}

/** Undefined: the mapping says nothing of the path. */
function entryAt(
  path: Path,
  override: JsonObject[string] | undefined,
  user: ResourceDefinition,
  adapter: AdapterDescription,
): MappingEntry | undefined {
  const key = printPath(path)
  const mapping = override ?? adapter.resource?.('User')?.mapping
  if (typeof mapping !== 'object' || mapping === null || Array.isArray(mapping)) {
    // Without a declaration, each attribute is mapped to its own name.
    return key
  }
  const pair = Object.entries(mapping).find(([text]) => canonical(user, text) === key)
  const entry = pair?.[1]
  // What is no entry at all is refused elsewhere.
  const isEntry = typeof entry === 'string' || isObject(entry)
  return isEntry ? (entry as MappingEntry) : undefined
}

/** A mapping that is not valid is refused elsewhere. */
function canonical(user: ResourceDefinition, text: string): string | undefined {
  const { value } = parseAt(text, user, [])
  return value && printPath(value)
}

function unfitAttribute({ attributes }: ResourceSpec, app: string): string | undefined {
  const type = attributes[app]?.type
  return type === 'object' || type === 'boolean'
    ? `is of type ${type} in the app, and cannot be compared: name another attribute`
    : undefined
}

/** The app is named after SCIM: its attributes are the top-level ones. */
function unfitIn(
  user: ResourceDefinition,
  { resourceAttributes }: AdapterDescription,
  app: string,
): string | undefined {
  if (resourceAttributes('User') !== 'any') return undefined
  const attribute = user.coreAttribute(app)
  const fits =
    attribute?.name === app && attribute.type !== 'complex' && attribute.type !== 'boolean'
  return fits
    ? undefined
    : `"${app}" is no top-level attribute with one value to compare: name one in "app"`
}

function tellsVerified(spec: ResourceSpec | undefined, app: string): boolean {
  const by = spec?.attributes[app]?.verifiedBy
  return by !== undefined && spec?.attributes[by]?.type === 'boolean'
}
