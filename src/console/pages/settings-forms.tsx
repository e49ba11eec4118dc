/** What a connection is told beside its app: the mode, the policy, and schema extensions. */
import { policyParts } from '../forms/policy-form.ts'
import { SeenInput } from '../parts/changed-meanwhile.tsx'
import { Field, SelectField } from '../parts/fields.tsx'
import { JsonEditor } from '../parts/json-editor.tsx'
import { ModeSaid } from '../parts/mode.tsx'
import { SettingInput } from '../parts/setting-input.tsx'
import { labelOf, MODES } from '../words.ts'
import type { PartProps } from './settings.tsx'

export function ModePart({ connection, at, now, given, errorOf, seen }: PartProps) {
  return (
    <section class="card" aria-labelledby="mode-title">
      <h2 id="mode-title">Mode</h2>
      <ModeSaid connection={connection} now={now} />
      <form class="stacked" method="post" action={at}>
        <SeenInput of={seen} />
        <SelectField
          id="mode"
          label="Mode"
          error={errorOf('mode')}
          value={given('mode')}
          options={Object.entries(MODES).map(([one, says]) => [
            one,
            `${one}: ${says.toLowerCase()}`,
          ])}
        />
        <Field
          id="modeUntil"
          label="Ends at (UTC)"
          hint="Of “observe” and “gate”. Left empty: in 24 hours; at most in 7 days."
          error={errorOf('modeUntil')}
          optional
          control={(described) => (
            <input
              id="modeUntil"
              name="modeUntil"
              type="datetime-local"
              value={given('modeUntil')}
              {...described}
            />
          )}
        />
        <div class="actions">
          <button type="submit" name="do" value="mode">
            Set the mode
          </button>
        </div>
      </form>
    </section>
  )
}

const PARTS: Readonly<Record<string, string>> = {
  '': 'What is let in, found and kept',
  deprovision: 'People who leave',
  guard: 'The guard',
  groups: 'Groups',
  reconcile: 'Scans',
  limits: 'Limits',
  audit: 'Audit',
}

export function PolicyPart({ at, given, errorOf, seen }: PartProps) {
  return (
    <section class="card" aria-labelledby="policy-title">
      <h2 id="policy-title">Policy</h2>
      <p class="quiet">What is emptied goes back to its default.</p>
      <form class="stacked" method="post" action={at}>
        <SeenInput of={seen} />
        {policyParts().map(({ name, within, fields }) => (
          <fieldset class="grid">
            <legend>{PARTS[name] ?? labelOf(name)}</legend>
            {fields.map((field) => (
              <SettingInput
                {...{ field, within }}
                value={given(`${within}.${field.name}`)}
                isSet
                error={errorOf(`${within}.${field.name}`)}
              />
            ))}
          </fieldset>
        ))}
        <div class="actions">
          <button type="submit" name="do" value="policy">
            Save the policy
          </button>
        </div>
      </form>
    </section>
  )
}

export function ExtensionsPart({ at, given, errorOf, seen }: PartProps) {
  return (
    <section class="card" aria-labelledby="extensions-title">
      <h2 id="extensions-title">Schema extensions</h2>
      <form class="stacked" method="post" action={at}>
        <SeenInput of={seen} />
        <JsonEditor
          id="extensions"
          label="Extensions as JSON"
          hint="A list of { resourceType, required, schema }, where schema is a Schema resource (RFC 7643 §7)."
          text={given('extensions')}
          error={errorOf('extensions')}
        />
        <div class="actions">
          <button type="submit" name="do" value="extensions">
            Save the extensions
          </button>
        </div>
      </form>
    </section>
  )
}
