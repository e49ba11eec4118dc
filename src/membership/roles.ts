/** Which value of an app's attribute a person has by the groups they are in. No I/O. */
import type { AttributeSpec, Attributes, Delta, Value } from '../adapter/contract.ts'
import type { RoleTable } from '../db/role-intents.ts'

/**
 * `undefined`: the table has no say over this attribute. `null`: there shall be none.
 *
 * @param groups external ids of the groups that the person is in
 */
export function roleBy(
  table: RoleTable,
  app: string,
  spec: AttributeSpec,
  groups: ReadonlySet<string>,
): Value | undefined {
  const rows = table.rows.filter((row) => row.app === app)
  const byDefault = table.defaults[app]
  if (rows.length === 0 && byDefault === undefined) return undefined
  const values = rows.flatMap(({ externalId, value }) => (groups.has(externalId) ? [value] : []))
  const [first = byDefault] = values
  if (!spec.multiValued) return first ?? null
  // Licences: all that apply, each once.
  return first === undefined ? null : [...new Set(values.length > 0 ? values : [first])]
}

/** What has to change so that the account holds these values; empty: nothing. */
export function roleDelta(
  wanted: ReadonlyMap<string, Value>,
  specs: Readonly<Record<string, AttributeSpec>>,
  held: Attributes,
): Delta {
  const differs = [...wanted].filter(([app, value]) => !isHeld(value, held[app], specs[app]))
  return {
    set: Object.fromEntries(differs.filter(([, value]) => value !== null)),
    unset: differs.flatMap(([app, value]) => (value === null ? [app] : [])),
  }
}

function isHeld(value: Value, held: Value | undefined, spec: AttributeSpec | undefined): boolean {
  if (value === null) return isNone(held) || spec?.clearable === false
  return keyOf(value, spec) === keyOf(held ?? null, spec)
}

function isNone(held: Value | undefined): boolean {
  return held === undefined || held === null || held === '' || (Array.isArray(held) && !held.length)
}

/** Values are sets; letter case counts where it does in the app. */
function keyOf(value: Value, spec: AttributeSpec | undefined): string {
  const list = (Array.isArray(value) ? value : [value]).map((item) => {
    const text = JSON.stringify(item)
    return spec?.caseExact ? text : text.normalize('NFC').toLowerCase()
  })
  return JSON.stringify([...new Set(list)].sort())
}
