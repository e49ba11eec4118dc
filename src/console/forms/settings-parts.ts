/** The forms of the page of settings: what each is filled in over, and which fields it has. Pure. */
import type { ConnectionAdapterView } from '../../admin/connection-adapter.ts'
import type { ConnectionView } from '../../admin/connection-view.ts'
import type { JsonObject } from '../../scim/schema.ts'
import { policyParts, storedTexts } from './policy-form.ts'
import { fieldsOf, type SettingField } from './settings-form.ts'

/** Each is saved by itself. */
export type SettingsPart = 'app' | 'policy' | 'mode' | 'extensions'

/** What a form of this page is filled in over. */
export function partOf(connection: ConnectionView, part: SettingsPart): JsonObject {
  const { settings, mode, modeUntil, extensions } = connection
  switch (part) {
    case 'app':
      return { settings }
    case 'policy':
      return { policy: policyOf(connection) }
    case 'mode':
      return { mode, modeUntil }
    case 'extensions':
      return { extensions }
  }
}

/** But for the mode, which is set beside it. */
export function policyOf({ policy }: ConnectionView): JsonObject {
  const { mode: _, ...rest } = policy as JsonObject
  return rest
}

/** What stands in each field of what is stored; '' in those that are entered anew each time. */
export function storedIn(of: JsonObject | ConnectionView): (name: string) => string {
  const { settings = {}, policy = {} } = of as Partial<Record<string, JsonObject>>
  const { extensions = [], mode = '' } = of as JsonObject
  const whole: Readonly<Record<string, string>> = {
    settings: JSON.stringify(settings, null, 2),
    extensions: JSON.stringify(extensions, null, 2),
    mode: String(mode),
  }
  const inSettings = storedTexts('settings', settings)
  const inPolicy = storedTexts('policy', policy)
  return (name) => whole[name] ?? (inSettings(name) || inPolicy(name))
}

/** Whether a browser has sent a field back as it was shown. */
export function isSameIn(adapter: ConnectionAdapterView) {
  const fields = new Map(
    [{ within: 'settings', fields: fieldsOf(adapter.settings) ?? [] }, ...policyParts()].flatMap(
      ({ within, fields }) =>
        fields.map((one): [string, SettingField] => [`${within}.${one.name}`, one]),
    ),
  )
  return (name: string, sent: string, shown: string): boolean => {
    const field = fields.get(name)
    if (field?.kind === 'boolean') return (sent !== '') === (shown !== '')
    // A choice without a value shows what holds by itself.
    return sent === shown || (field?.kind === 'choice' && shown === '' && sent === field.fallback)
  }
}

/** The field that a path of the API is entered in: itself, or what it is a part of. */
export function fieldIn(adapter: ConnectionAdapterView): (path: string) => string {
  const ids = [
    ...(fieldsOf(adapter.settings)?.map(({ name }) => `settings.${name}`) ?? ['settings']),
    ...adapter.secrets.map(({ name }) => `secrets.${name}`),
    ...policyParts().flatMap(({ within, fields }) => fields.map(({ name }) => `${within}.${name}`)),
    ...['mode', 'modeUntil', 'extensions', 'confirmed'],
  ]
  return (path) => {
    const found = ids.filter((id) => path === id || path.startsWith(`${id}.`))
    return found.sort((a, b) => b.length - a.length)[0] ?? path
  }
}
