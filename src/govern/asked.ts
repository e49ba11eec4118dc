/**
 * What a request asks for, as the audit remembers it: names that a schema of the connection knows, and
 * the values beside them, which a policy hashes, shows or leaves out. Secrets have no value here.
 */
import { printRef } from '../scim/attribute-ref.ts'
import { ScimError } from '../scim/error.ts'
import type { Filter } from '../scim/filter.ts'
import { parseFilter } from '../scim/parse-filter.ts'
import { parsePatchOp } from '../scim/patch.ts'
import { parsePath } from '../scim/path.ts'
import {
  type Attribute,
  foldCase,
  type Json,
  type Profile,
  type ResourceDefinition,
  subAttribute,
} from '../scim/schema.ts'
import { isObject } from '../scim/values.ts'

/** Names in one row: a resource of the core schema has 21 attributes. */
const MOST = 60

export interface Asked {
  readonly filter?: readonly { readonly attribute: string; readonly operator: string }[]
  readonly changes?: readonly { readonly op?: string; readonly path: string }[]
  /** Attributes that no schema of the connection has, and those past the bound. */
  readonly further?: number
  /** True: it could not be parsed. */
  readonly malformed?: boolean
  readonly operations?: number
}

export interface Said {
  readonly asked: Asked
  /** In the order of the names; undefined: a secret, or none was given. */
  readonly values: {
    readonly filter: readonly (Json | undefined)[]
    readonly changes: readonly (Json | undefined)[]
  }
  /** The first unique key that is named with its value: `kind` and `norm` as of a claim. */
  readonly about: { readonly kind: string; readonly norm: string } | undefined
}

interface Heard {
  readonly method: string
  readonly filter: string | undefined
  readonly body: Json | undefined
}

interface Named {
  readonly op?: string
  readonly path: string
  readonly value: Json | undefined
  readonly attribute?: Attribute
}

const NOTHING: Said = { asked: {}, values: { filter: [], changes: [] }, about: undefined }

export function askedOf(
  definition: ResourceDefinition,
  profile: Profile,
  { method, filter, body }: Heard,
): Said {
  try {
    if (filter !== undefined) return ofFilter(parseFilter(definition, filter, profile))
    if (body === undefined || body === null) return NOTHING
    if (method === 'PATCH') return ofPatch(definition, profile, body)
    return isObject(body) ? ofChanges(named(definition, body)) : NOTHING
  } catch (error) {
    if (!(error instanceof ScimError)) throw error
    return { ...NOTHING, asked: { malformed: true } }
  }
}

// ---- filters -----------------------------------------------------------------------------------------

function ofFilter(filter: Filter): Said {
  const all = comparisons(filter, '').slice(0, MOST)
  const key = all.find(({ operator, attribute }) => operator === 'eq' && attribute)
  return {
    asked: { filter: all.map(({ path, operator }) => ({ attribute: path, operator })) },
    values: { filter: all.map(({ value }) => value), changes: [] },
    about: key?.attribute && aboutOf(key.path, key.attribute, key.value),
  }
}

interface Compared extends Named {
  readonly operator: string
}

function comparisons(filter: Filter, within: string): Compared[] {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.filters.flatMap((one) => comparisons(one, within))
    case 'not':
      return comparisons(filter.filter, within)
    case 'valuePath':
      return comparisons(filter.filter, `${printRef(filter.ref)}.`)
    case 'present':
      return [{ path: within + printRef(filter.ref), operator: 'pr', value: undefined }]
    case 'compare': {
      const { ref, operator, value } = filter
      const attribute = ref.subAttribute ?? ref.attribute
      const path = within + printRef(ref)
      return [{ path, operator, ...valued(attribute, value), attribute }]
    }
  }
}

// ---- bodies ------------------------------------------------------------------------------------------

function ofPatch(definition: ResourceDefinition, profile: Profile, body: Json): Said {
  const all = parsePatchOp(body, profile).flatMap(({ op, path, value }): Named[] => {
    if (path === undefined) {
      return isObject(value) ? named(definition, value).map((one) => ({ ...one, op })) : []
    }
    const parsed = parsePath(definition, path, profile)
    if (parsed.kind === 'unknown') return [{ op, path: '', value: undefined }]
    if (parsed.kind === 'extension') return [{ op, path: printRef(parsed.ref), value }]
    const { ref, filter } = parsed
    const attribute = ref.subAttribute ?? ref.attribute
    return [{ op, path: printed(ref, filter), ...valued(attribute, value), attribute }]
  })
  return ofChanges(all)
}

/** The values that a value path selects by are left out: they name people. */
function printed(ref: Parameters<typeof printRef>[0], filter: Filter | undefined): string {
  if (!filter || !ref.attribute) return printRef(ref)
  const whole = printRef({ ...ref, subAttribute: undefined })
  return `${whole}[…]${ref.subAttribute ? `.${ref.subAttribute.name}` : ''}`
}

function named(definition: ResourceDefinition, body: Readonly<Record<string, Json>>): Named[] {
  return Object.entries(body).flatMap(([name, value]): Named[] => {
    const extension = definition.extension(name)
    if (extension && isObject(value)) {
      return Object.entries(value).map(([inner, part]) => {
        const attribute = definition.extensionAttribute(extension.id, inner)
        if (!attribute) return { path: '', value: undefined }
        return { path: `${extension.id}:${attribute.name}`, ...valued(attribute, part) }
      })
    }
    const found = definition.unqualified(name)
    if (!found) return [{ path: '', value: undefined }]
    const { attribute, urn } = found
    if (attribute.name === 'schemas' || attribute.mutability === 'readOnly') return []
    const path = urn === undefined ? attribute.name : `${urn}:${attribute.name}`
    if (attribute.type !== 'complex' || attribute.multiValued || !isObject(value)) {
      return [{ path, ...valued(attribute, value), attribute }]
    }
    return Object.entries(value).map(([inner, part]) => {
      const sub = subAttribute(attribute, inner)
      return sub
        ? { path: `${path}.${sub.name}`, ...valued(sub, part), attribute: sub }
        : { path: '', value: undefined }
    })
  })
}

function ofChanges(all: readonly Named[]): Said {
  const known = all.filter(({ path }) => path !== '')
  const shown = known.slice(0, MOST)
  const further = all.length - shown.length
  const key = shown.find(({ attribute, value }) => isKey(attribute) && typeof value === 'string')
  return {
    asked: {
      changes: shown.map(({ op, path }) => ({ ...(op !== undefined && { op }), path })),
      ...(further > 0 && { further }),
    },
    values: { filter: [], changes: shown.map(({ value }) => value) },
    about: key?.attribute && aboutOf(key.path, key.attribute, key.value),
  }
}

function isKey(attribute: Attribute | undefined): boolean {
  return attribute !== undefined && attribute.uniqueness !== 'none'
}

/** A value that is never returned is a secret (RFC 7643 §7). */
function valued(attribute: Attribute, value: Json | undefined): { value: Json | undefined } {
  const isSecret = attribute.returned === 'never' || attribute.mutability === 'writeOnly'
  const hides = isSecret || attribute.subAttributes?.some(({ returned }) => returned === 'never')
  return { value: hides ? undefined : value }
}

function aboutOf(kind: string, attribute: Attribute, value: Json | undefined): Said['about'] {
  if (typeof value !== 'string' || value === '') return undefined
  return { kind, norm: attribute.caseExact ? value : foldCase(value) }
}
