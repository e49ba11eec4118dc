/** The policy of a connection as fields of a form, out of its schema. Pure. */
import { policySchema } from '../../access/policy.ts'
import { schemaOf } from '../../admin/describe-adapter.ts'
import type { Json, JsonObject } from '../../scim/schema.ts'
import { isObject } from '../../scim/values.ts'
import { textOf } from './json-text.ts'
import { fieldsOf, readSettings, type SettingField } from './settings-form.ts'

export interface PolicyPart {
  /** '': members of the policy itself. */
  readonly name: string
  /** As the admin API has it. */
  readonly within: string
  readonly fields: readonly SettingField[]
}

/** It is set beside the policy, where it can end by itself. */
const ELSEWHERE = ['mode']

/** What each key is for, by its path; docs/operating.md has it at length. */
const HINTS: Readonly<Record<string, string>> = {
  profile:
    '“strict” refuses what RFC 7643 and 7644 do not allow; “tolerant” takes what clients really send.',
  maxPage: 'How many resources one answer lists at most.',
  match:
    'What an account that is there is found by: a list of rules. The first tier that finds somebody decides.',
  onCreateExisting: '“adopt” takes over the one account that matches; “conflict” answers 409.',
  attributes: 'What becomes of what the app cannot hold, by SCIM path: "keep", "drop" or "reject".',
  drift:
    'What becomes of values that somebody changes in the app, by SCIM path: "report", "restore" or "accept".',
  protected: 'Accounts that refuse every write: patterns of the login, with * for any text.',
  exclude: 'Accounts that are never matched and never offered, as patterns.',
  'deprovision.onInactive': 'What is done in the app with somebody whom the client switches off.',
  'deprovision.onDelete': 'What is done with somebody whom the client deletes.',
  'deprovision.downgradeTo':
    'For “downgrade”: attributes of the app, and what they hold meanwhile.',
  'deprovision.deleteAfterDays': 'For “deactivateThenDelete”.',
  'deprovision.leaverAfterDays': 'Off for so many days: listed for removal. 0: never.',
  'deprovision.onRefused': 'What is done instead where the app does not remove an account.',
  'guard.windowMinutes':
    'More disables and deletes than these within the window are held back, for a person to decide.',
  'guard.maxPercent': 'Of all who are linked; counts only above 20 of them.',
  'guard.maxCount': 'Of people, within the window.',
  'reconcile.everyHours': 'Between scans that nobody asked for. 0: none.',
  'groups.mode':
    '“record” keeps groups here, for an app that has none; “roles” makes an attribute of them.',
  'groups.additiveSingleReplace':
    'For a client that replaces the members one at a time and means to add.',
  'groups.roleTable':
    'For “roles”: groups by externalId, with the attribute and the value that they give.',
  'groups.defaultRole': 'For “roles”: what an attribute holds where no group of the table applies.',
  'limits.requestsPerSecond': 'Of this connection’s clients; beyond it they are answered 429.',
  'limits.requestTimeoutMs': 'How long a request may take with all its calls of the app.',
  'limits.appCallsPerSecond': 'Calls of the app. Left empty: what the adapter declares.',
  'limits.appCallsAtOnce': 'Left empty: what the adapter declares.',
  'alerts.silentHours': 'After so long without a request an alert says that the client is silent.',
  'audit.values': 'How values of requests are kept: hashed, in the clear, or not at all.',
  'audit.retentionDays': 'What is older is deleted.',
  'audit.reads': 'Keep each read, and not only sums of them',
}

/** Where the name alone says too little. */
const LABELS: Readonly<Record<string, string>> = {
  maxPage: 'Largest page',
  onCreateExisting: 'A create that meets an account',
  'deprovision.onInactive': 'Switched off',
  'deprovision.onDelete': 'Deleted',
  'deprovision.onRefused': 'The app refuses to remove',
  'alerts.silentHours': 'Hours of silence',
  'guard.windowMinutes': 'Window, minutes',
  'guard.maxCount': 'At most, people',
  'guard.maxPercent': 'At most, percent',
  'reconcile.everyHours': 'Hours between scans',
  'limits.requestTimeoutMs': 'Longest request, milliseconds',
  'audit.reads': 'Keep reads',
}

let known: readonly PolicyPart[] | undefined

export function policyParts(): readonly PolicyPart[] {
  known ??= partsOf(schemaOf(policySchema))
  return known
}

function partsOf(schema: JsonObject): PolicyPart[] {
  const own: SettingField[] = []
  const parts: PolicyPart[] = []
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  for (const field of fieldsOf(schema) ?? []) {
    const { name } = field
    if (ELSEWHERE.includes(name)) continue
    const property = properties[name]
    const isPart = isObject(property) && property['properties'] !== undefined
    const fields = isPart ? fieldsOf(property) : undefined
    if (fields)
      parts.push({ name, within: `policy.${name}`, fields: withHints(fields, `${name}.`) })
    else own.push(field)
  }
  return [{ name: '', within: 'policy', fields: withHints(own, '') }, ...parts]
}

const withHints = (fields: readonly SettingField[], before: string): SettingField[] =>
  fields.map((field) => ({
    ...field,
    label: LABELS[`${before}${field.name}`],
    hint: HINTS[`${before}${field.name}`],
    // Lists and tables have no use for "Left empty: []".
    ...(field.kind === 'json' && { fallback: undefined }),
  }))

export type ReadPolicy =
  | { readonly ok: true; readonly policy: JsonObject }
  /** `name`: the field that holds no JSON. */
  | { readonly ok: false; readonly name: string }

export function readPolicy(given: (name: string) => string): ReadPolicy {
  let policy: JsonObject = {}
  for (const { name, within, fields } of policyParts()) {
    const read = readSettings(fields, given, within)
    if (!read.ok) return read
    policy = name === '' ? { ...policy, ...read.settings } : { ...policy, [name]: read.settings }
  }
  return { ok: true, policy }
}

/** What a stored object has in the fields of a form. */
export function storedTexts(within: string, values: JsonObject): (name: string) => string {
  return (name) => {
    let at: Json | undefined = values
    if (!name.startsWith(`${within}.`)) return ''
    for (const part of name.slice(within.length + 1).split('.')) {
      at = isObject(at) && Object.hasOwn(at, part) ? at[part] : undefined
    }
    if (at === undefined || at === null || at === false) return ''
    return textOf(at)
  }
}
