/**
 * The two shapes in which Entra writes a PATCH: the legacy one (the default, and always the one of
 * on-demand provisioning), and the one of the flag `aadOptscim062020`.
 */
import { ENTERPRISE_URN, type JsonObject } from './attribute-mapping.ts'
import type { Change } from './difference.ts'

export const DIALECTS = ['default', 'aadOptscim062020'] as const
export type DialectName = (typeof DIALECTS)[number]

/** Bodies of PATCH requests. */
export interface Dialect {
  readonly name: DialectName
  update(changes: readonly Change[]): JsonObject
  setActive(active: boolean): JsonObject
  setManager(op: Change['op'], id: string): JsonObject
  addMembers(ids: readonly string[]): JsonObject
}

const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
const MANAGER = `${ENTERPRISE_URN}:manager`

const patch = (...operations: readonly JsonObject[]): JsonObject => ({
  schemas: [PATCH_OP],
  Operations: operations,
})

const LEGACY_OPS = { add: 'Add', replace: 'Replace' } as const

/** The strings "True" and "False", not booleans. */
const legacyValue = (value: string | boolean): string =>
  typeof value === 'boolean' ? (value ? 'True' : 'False') : value

const legacy: Dialect = {
  name: 'default',
  update: (changes) =>
    patch(
      ...changes.map(({ target, value, op }) => ({
        op: LEGACY_OPS[op],
        path: target.path,
        value: legacyValue(value),
      })),
    ),
  setActive: (active) => patch({ op: 'Replace', path: 'active', value: legacyValue(active) }),
  setManager: (op, id) => patch({ op: LEGACY_OPS[op], path: MANAGER, value: id }),
  addMembers: (ids) =>
    patch({ op: 'Add', path: 'members', value: ids.map((value) => ({ $ref: null, value })) }),
}

const flagged: Dialect = {
  name: 'aadOptscim062020',
  update(changes) {
    const [only] = changes
    if (only && changes.length === 1) {
      const { op, target, value } = only
      return patch({ op, path: target.path, value })
    }
    // An operation of its own for each value of a multi-valued attribute; all others go without a
    // path, under dotted names and URNs.
    const filtered = changes.filter(({ target }) => target.type !== undefined)
    const plain = Map.groupBy(
      changes.filter(({ target }) => target.type === undefined),
      ({ op }) => op,
    )
    return patch(
      ...filtered.map(({ op, target, value }) => ({ op, path: target.path, value })),
      ...[...plain].map(([op, ofOp]) => ({
        op,
        value: Object.fromEntries(ofOp.map(({ target, value }) => [target.path, value])),
      })),
    )
  },
  setActive: (active) => patch({ op: 'replace', path: 'active', value: active }),
  setManager: (op, id) => patch({ op, path: MANAGER, value: id }),
  addMembers: (ids) =>
    patch({ op: 'add', path: 'members', value: ids.map((value) => ({ value })) }),
}

export const DIALECT: Readonly<Record<DialectName, Dialect>> = {
  default: legacy,
  aadOptscim062020: flagged,
}
