/** PATCH (RFC 7644 §3.5.2): the PatchOp message, and its operations on one resource. */
import { printRef } from './attribute-ref.ts'
import { ScimError } from './error.ts'
import { MAX_PATCH_CHANGES } from './limits.ts'
import { PatchDraft } from './patch-draft.ts'
import { isName, parsePath } from './path.ts'
import {
  type Attribute,
  COMMON_ATTRIBUTES,
  type Json,
  type JsonObject,
  type Profile,
  type Resource,
  type ResourceDefinition,
  type Schema,
} from './schema.ts'
import { PATCH_OP } from './urn.ts'
import { isObject } from './values.ts'

export interface PatchOperation {
  readonly op: 'add' | 'replace' | 'remove'
  /** Undefined: `value` holds attributes of the whole resource. */
  readonly path: string | undefined
  /** Undefined on a `remove` that names no values. */
  readonly value: Json | undefined
}

/**
 * The operations of a PATCH body. `op` is matched without case in both profiles; members that the
 * RFC does not define are let pass (Entra sends a `name`).
 *
 * @throws {ScimError} `invalidSyntax` where the body is no PatchOp, `invalidValue` where an add or
 *   replace has no value, `invalidPath` where the path is no string
 */
export function parsePatchOp(body: unknown, profile: Profile): readonly PatchOperation[] {
  if (!isObject(body)) throw new ScimError('invalidSyntax', 'The body must be a JSON object.')
  const schemas = member(body, 'schemas')
  if (profile === 'strict' && !(Array.isArray(schemas) && schemas.some(isPatchOp))) {
    throw new ScimError('invalidSyntax', `"schemas" must be an array with "${PATCH_OP}".`)
  }
  const operations = member(body, 'Operations')
  if (!Array.isArray(operations)) {
    throw new ScimError('invalidSyntax', '"Operations" must be an array of operations.')
  }
  // The Microsoft validator sends none; RFC 7644 §3.5.2 wants one or more.
  if (operations.length === 0 && profile === 'strict') {
    throw new ScimError('invalidSyntax', '"Operations" must hold at least one operation.')
  }
  if (operations.length > MAX_PATCH_CHANGES) throw tooManyChanges()
  return operations.map((operation, at) => parseOperation(operation, at + 1, profile))
}

function tooManyChanges(): ScimError {
  const detail = `A PATCH may change ${MAX_PATCH_CHANGES} things at most. Send several.`
  return new ScimError(413, detail)
}

function isPatchOp(schema: Json): boolean {
  return typeof schema === 'string' && schema.toLowerCase() === PATCH_OP.toLowerCase()
}

/** A member by name without regard to case, as all attribute names (RFC 7643 §2.1). */
function member(object: JsonObject, name: string): Json | undefined {
  if (Object.hasOwn(object, name)) return object[name]
  const folded = name.toLowerCase()
  const key = Object.keys(object).find((other) => other.toLowerCase() === folded)
  return key === undefined ? undefined : object[key]
}

function parseOperation(operation: Json, position: number, profile: Profile): PatchOperation {
  const which = `Operation ${position}`
  if (!isObject(operation)) throw new ScimError('invalidSyntax', `${which} must be a JSON object.`)
  const given = member(operation, 'op')
  const op = typeof given === 'string' ? given.toLowerCase() : undefined
  if (op !== 'add' && op !== 'replace' && op !== 'remove') {
    throw new ScimError('invalidSyntax', `${which}: "op" must be add, replace or remove.`)
  }
  const path = parsePathMember(member(operation, 'path'), which, profile)
  const value = member(operation, 'value')
  if (op === 'remove') {
    // RFC 7644 §3.5.2.2
    if (path === undefined) throw new ScimError('noTarget', `${which}: a remove needs a "path".`)
    // null says "unassigned" (RFC 7643 §2.5): no values are named.
    return { op, path, value: value ?? undefined }
  }
  if (value === undefined) {
    throw new ScimError('invalidValue', `${which}: "${op}" needs a "value".`)
  }
  if (path === undefined && !isObject(value)) {
    throw new ScimError('invalidValue', `${which}: without "path", "value" must be a JSON object.`)
  }
  return { op, path, value }
}

function parsePathMember(
  path: Json | undefined,
  which: string,
  profile: Profile,
): string | undefined {
  if (path === undefined || path === null) return undefined
  if (typeof path !== 'string') {
    throw new ScimError('invalidPath', `${which}: "path" must be a string.`)
  }
  if (profile === 'strict') return path
  return path.trim() === '' ? undefined : path.trim()
}

/**
 * The resource after all operations, in canonical form; the given one is not changed. `ignored`
 * names what the tolerant profile skipped because no schema has it, or because it is readOnly in
 * an operation without path.
 *
 * @throws {ScimError} the error of the first operation that fails; nothing is then applied
 */
export function applyPatch(
  definition: ResourceDefinition,
  resource: Resource,
  operations: readonly PatchOperation[],
  profile: Profile,
): { readonly resource: Resource; readonly ignored: string[] } {
  const patch = new Patch(definition, resource, profile)
  for (const operation of operations) patch.apply(operation)
  return { resource: patch.draft.finish(), ignored: patch.draft.ignored }
}

/** True for `schemas`, `id` and `meta`: the server states them whatever a client sends. */
function isServerStated(attribute: Attribute): boolean {
  return (
    COMMON_ATTRIBUTES.includes(attribute) &&
    (attribute.mutability === 'readOnly' || attribute.returned === 'always')
  )
}

class Patch {
  readonly draft: PatchDraft
  readonly #definition: ResourceDefinition
  readonly #profile: Profile
  #changes = 0

  constructor(definition: ResourceDefinition, resource: Resource, profile: Profile) {
    this.draft = new PatchDraft(resource, profile)
    this.#definition = definition
    this.#profile = profile
  }

  apply({ op, path, value }: PatchOperation): void {
    if (path !== undefined && !this.#isCore(path)) {
      this.#applyAt(op, path, value)
    } else if (op === 'remove') {
      throw new ScimError('noTarget', 'A remove needs a "path".')
    } else if (isObject(value)) {
      this.#applyObject(op, value)
    } else {
      throw new ScimError('invalidValue', 'Without "path", "value" must be a JSON object.')
    }
  }

  #isCore(path: string): boolean {
    return path.toLowerCase() === this.#definition.core.id.toLowerCase()
  }

  #count(): void {
    this.#changes += 1
    if (this.#changes > MAX_PATCH_CHANGES) throw tooManyChanges()
  }

  #applyAt(op: PatchOperation['op'], text: string, value: Json | undefined): void {
    this.#count()
    const path = parsePath(this.#definition, text, this.#profile)
    switch (path.kind) {
      case 'unknown':
        this.#unknown(text)
        break
      case 'extension':
        this.#applyExtension(op, path.ref.urn, value)
        break
      case 'attribute': {
        const { attribute, subAttribute } = path.ref
        const readOnly = [attribute, subAttribute].some((a) => a?.mutability === 'readOnly')
        if (readOnly) throw new ScimError('mutability', `"${printRef(path.ref)}" is read-only.`)
        if (!isServerStated(attribute)) this.draft.change(op, path, value)
      }
    }
  }

  /** RFC 7644 §3.5.2: without a path, `value` is a set of attributes. */
  #applyObject(op: 'add' | 'replace', value: JsonObject): void {
    for (const [key, part] of Object.entries(value)) {
      const attribute = this.#definition.coreAttribute(key)
      const extension = attribute ? undefined : this.#definition.extension(key)
      if (attribute) this.#applyNamed(op, undefined, attribute, part)
      else if (extension) this.#applyExtension(op, extension.id, part)
      else this.#applyKey(op, key, part)
    }
  }

  /** Entra's 2020 dialect: keys are paths, `name.givenName` and `urn:…:employeeNumber`. */
  #applyKey(op: 'add' | 'replace', key: string, value: Json): void {
    // A key that is no path at all is an unknown attribute; only a filter is worth an error.
    if (this.#profile === 'strict' || !(key.includes('[') || isName(key))) {
      this.#unknown(key)
      return
    }
    if (this.#isCore(key) && isObject(value)) {
      this.#applyObject(op, value)
      return
    }
    const path = parsePath(this.#definition, key, this.#profile)
    if (path.kind === 'attribute' && !path.filter && !path.ref.subAttribute) {
      this.#applyNamed(op, path.ref.urn, path.ref.attribute, value)
    } else {
      this.#applyAt(op, key, value)
    }
  }

  #applyNamed(
    op: 'add' | 'replace',
    urn: string | undefined,
    attribute: Attribute,
    value: Json,
  ): void {
    this.#count()
    // Clients repeat the id of what they change (Okta); that asks for nothing.
    if (isServerStated(attribute)) return
    const ref = { urn, attribute, subAttribute: undefined }
    if (attribute.mutability !== 'readOnly') {
      this.draft.change(op, { kind: 'attribute', ref, filter: undefined }, value)
    } else if (this.#profile === 'strict') {
      throw new ScimError('mutability', `"${printRef(ref)}" is read-only.`)
    } else {
      this.draft.ignored.push(printRef(ref))
    }
  }

  #applyExtension(op: PatchOperation['op'], urn: string, value: Json | undefined): void {
    this.#count()
    if (op === 'remove' || value === null || value === undefined) {
      const schema = this.#definition.extension(urn)
      if (schema && op !== 'add') this.#clearExtension(op, schema)
      return
    }
    if (!isObject(value)) {
      throw new ScimError('invalidValue', `"${urn}" must be a JSON object.`)
    }
    for (const [key, part] of Object.entries(value)) {
      const attribute = this.#definition.extensionAttribute(urn, key)
      const common = attribute ? undefined : this.#definition.coreAttribute(key)
      if (attribute) this.#applyNamed(op, urn, attribute, part)
      // scim2-models repeats `schemas` in each extension.
      else if (common && isServerStated(common)) continue
      else if (this.#profile === 'tolerant' && /^[\w$-]+\.[\w$-]+$/.test(key)) {
        this.#applyAt(op, `${urn}:${key}`, part)
      } else this.#unknown(`${urn}:${key}`)
    }
  }

  #clearExtension(op: 'replace' | 'remove', schema: Schema): void {
    for (const attribute of schema.attributes) {
      if (attribute.mutability === 'readOnly') continue
      const ref = { urn: schema.id, attribute, subAttribute: undefined }
      const value = op === 'remove' ? undefined : null
      this.draft.change(op, { kind: 'attribute', ref, filter: undefined }, value)
    }
  }

  #unknown(text: string): void {
    // A name, which goes into the audit; what its filter compares with may be a person's.
    const name = text.replace(/\[[\s\S]*\]/, '[]').slice(0, 200)
    if (this.#profile === 'strict') {
      throw new ScimError('invalidPath', `"${name}" is not an attribute.`)
    }
    // One unknown attribute must not cost Entra's whole PATCH: it is reported instead.
    this.draft.ignored.push(name)
  }
}
