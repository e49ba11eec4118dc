import type { AdapterListing, AdapterView } from '../../admin/adapters.ts'
import { pathOf, type Refused } from '../ask.ts'
import { Layout } from '../layout.tsx'
import { ErrorSummary, Field } from '../parts.tsx'
import { SettingInput } from '../setting-input.tsx'
import type { SettingField } from '../settings-form.ts'
import type { Viewer } from '../viewer.ts'
import { labelOf } from '../words.ts'

const ORIGINS: Readonly<Record<AdapterListing['origin'], string>> = {
  'built-in': 'comes with Postern',
  manifest: 'a manifest that was put here',
  private: 'runs in a Worker of its own',
  sandbox: 'no app: Postern itself keeps what is sent, to try things out',
}

export function AdaptersPage({
  viewer,
  items,
}: {
  viewer: Viewer
  items: readonly AdapterListing[]
}) {
  return (
    <Layout title="New connection" viewer={viewer}>
      <div>
        <p class="quiet">New connection · step 1 of 3</p>
        <h1>Which app?</h1>
      </div>
      <ul class="cards">
        {items.map(({ name, origin }) => (
          <li>
            <a class="card" href={pathOf`/admin/new/${name}`}>
              <strong>{name}</strong>
              <span class="quiet">{ORIGINS[origin]}</span>
            </a>
          </li>
        ))}
      </ul>
      <p class="quiet">
        An app that is not here needs a manifest or an adapter: see docs/adapters.md.
      </p>
    </Layout>
  )
}

interface Props {
  readonly viewer: Viewer
  readonly adapter: AdapterView
  /** Undefined: the settings are entered as JSON. */
  readonly fields: readonly SettingField[] | undefined
  /** What was entered, but for secrets. */
  readonly given: (name: string) => string
  readonly refused?: Refused | undefined
}

/** The API's path to a member is the id of its field. */
const fieldIdOf = (path: string): string => {
  const [first = '', second] = path.split('.')
  return second === undefined ? first : `${first}.${second}`
}

export function NewConnectionPage({ viewer, adapter, fields, given, refused }: Props) {
  const errorOf = (id: string) =>
    refused?.errors.find(({ path }) => fieldIdOf(path) === id)?.message
  return (
    <Layout title={`New connection to ${adapter.name}`} viewer={viewer}>
      <div class="narrow">
        <div>
          <p class="quiet">New connection · step 2 of 3</p>
          <h1>Connect {adapter.name}</h1>
        </div>
        <ErrorSummary refused={refused} fieldOf={fieldIdOf} />
        <form class="card" method="post" action={pathOf`/admin/new/${adapter.name}`}>
          <fieldset>
            <legend>The connection</legend>
            <Field
              id="name"
              label="Name"
              hint="Part of the Tenant URL: a to z, digits and “-”. It cannot be changed."
              error={errorOf('name')}
              control={(described) => (
                <input
                  id="name"
                  name="name"
                  type="text"
                  required
                  maxlength={63}
                  autocapitalize="none"
                  spellcheck={false}
                  autocomplete="off"
                  value={given('name')}
                  {...described}
                />
              )}
            />
            <Field
              id="mode"
              label="First mode"
              hint="“gate” says what each write would do and refuses it, for a day: a look before anything is written."
              error={errorOf('mode')}
              control={(described) => (
                <select id="mode" name="mode" {...described}>
                  {['live', 'gate', 'observe'].map((mode) => (
                    <option value={mode} selected={given('mode') === mode}>
                      {mode}
                    </option>
                  ))}
                </select>
              )}
            />
          </fieldset>
          {(fields === undefined || fields.length > 0 || adapter.secrets.length > 0) && (
            <fieldset>
              <legend>The app</legend>
              {fields === undefined && (
                <Field
                  id="settings"
                  label="Settings as JSON"
                  hint="This adapter says in its own documentation what it takes."
                  error={errorOf('settings')}
                  control={(described) => (
                    <textarea id="settings" name="settings" spellcheck={false} {...described}>
                      {given('settings') || '{}'}
                    </textarea>
                  )}
                />
              )}
              {fields?.map((field) => (
                <SettingInput
                  field={field}
                  value={given(`settings.${field.name}`)}
                  error={errorOf(`settings.${field.name}`)}
                />
              ))}
              {adapter.secrets.map((name) => (
                <Field
                  id={`secrets.${name}`}
                  label={labelOf(name)}
                  hint="Sealed when it is stored, and never shown again."
                  error={errorOf(`secrets.${name}`)}
                  control={(described) => (
                    <input
                      id={`secrets.${name}`}
                      name={`secrets.${name}`}
                      type="password"
                      required
                      autocomplete="off"
                      {...described}
                    />
                  )}
                />
              ))}
            </fieldset>
          )}
          <div class="check">
            <input
              id="untried"
              name="untried"
              type="checkbox"
              value="yes"
              checked={given('untried') !== ''}
            />
            <label for="untried">Make the connection even if the app does not answer now</label>
          </div>
          <div class="actions">
            <button type="submit">Test the app and make the connection</button>
            <a href="/admin/new">Another app</a>
          </div>
        </form>
      </div>
    </Layout>
  )
}
