/** What leads to an app: the settings of its adapter, and secrets, which are never shown. */
import type { SettingField } from '../forms/settings-form.ts'
import { labelOf } from '../words.ts'
import { SecretField } from './fields.tsx'
import { JsonEditor } from './json-editor.tsx'
import { SettingInput } from './setting-input.tsx'

interface Props {
  /** Undefined: the settings are entered as JSON. */
  readonly fields: readonly SettingField[] | undefined
  readonly secrets: readonly {
    readonly name: string
    readonly hint: string
    readonly optional?: boolean
  }[]
  /** What is in a field, but for secrets. */
  readonly given: (name: string) => string
  /** The settings are stored: a box without a value is not ticked. */
  readonly isStored?: boolean
  readonly errorOf: (id: string) => string | undefined
}

export function AppFields({ fields, secrets, given, isStored = false, errorOf }: Props) {
  return (
    <>
      {fields === undefined && (
        <JsonEditor
          id="settings"
          label="Settings as JSON"
          hint="This adapter says in its own documentation what it takes."
          text={given('settings') || '{}'}
          error={errorOf('settings')}
        />
      )}
      {fields?.map((field) => (
        <SettingInput
          field={field}
          value={given(`settings.${field.name}`)}
          isSet={isStored}
          error={errorOf(`settings.${field.name}`)}
        />
      ))}
      {secrets.map(({ name, hint, optional }) => (
        <SecretField
          id={`secrets.${name}`}
          label={labelOf(name)}
          error={errorOf(`secrets.${name}`)}
          {...{ hint, optional }}
        />
      ))}
    </>
  )
}
