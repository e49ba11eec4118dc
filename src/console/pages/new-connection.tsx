import type { AdapterListing, AdapterView } from '../../admin/adapters.ts'
import type { DatabasesView } from '../../admin/databases.ts'
import { pathOf, type Refused } from '../ask.ts'
import type { SettingField } from '../forms/settings-form.ts'
import { Layout } from '../layout.tsx'
import { AppFields } from '../parts/app-fields.tsx'
import { SelectField, TextField, Tick } from '../parts/fields.tsx'
import { ErrorSummary } from '../parts/notices.tsx'
import type { Viewer } from '../viewer.ts'

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
    <Layout title="New connection" viewer={viewer} area="connections">
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

const SEALED = 'Sealed when it is stored, and never shown again.'
/** Nobody begins with a pause. */
const FIRST_MODES = ['live', 'gate', 'observe']

interface Props {
  readonly viewer: Viewer
  readonly adapter: AdapterView
  /** Undefined: the settings are entered as JSON. */
  readonly fields: readonly SettingField[] | undefined
  /** That its data can be put in. */
  readonly databases: DatabasesView
  /** What was entered, but for secrets. */
  readonly given: (name: string) => string
  readonly refused?: Refused | undefined
}

const byItself = ({ newConnections }: DatabasesView): string =>
  newConnections === null
    ? 'the smallest one'
    : `${newConnections}, as it is set for new connections`

/** The API's path to a member is the id of its field. */
const fieldIdOf = (path: string): string => {
  const [first = '', second] = path.split('.')
  return second === undefined ? first : `${first}.${second}`
}

export function NewConnectionPage(props: Props) {
  const { viewer, adapter, fields, databases, given, refused } = props
  const errorOf = (id: string) =>
    refused?.errors.find(({ path }) => fieldIdOf(path) === id)?.message
  const field = (id: string) => ({ id, value: given(id), error: errorOf(id) })
  return (
    <Layout title={`New connection to ${adapter.name}`} viewer={viewer} area="connections">
      <div class="narrow">
        <div>
          <p class="quiet">New connection · step 2 of 3</p>
          <h1>Connect {adapter.name}</h1>
        </div>
        <ErrorSummary refused={refused} fieldOf={fieldIdOf} />
        <form class="card" method="post" action={pathOf`/admin/new/${adapter.name}`}>
          <fieldset>
            <legend>The connection</legend>
            <TextField
              {...field('name')}
              label="Name"
              hint="Part of the Tenant URL: a to z, digits and “-”. It cannot be changed."
              maxlength={63}
            />
            <SelectField
              {...field('mode')}
              label="First mode"
              hint="“gate” says what each write would do and refuses it, for a day: a look before anything is written."
              options={FIRST_MODES.map((mode) => [mode, mode])}
            />
            {databases.items.length > 1 && (
              <SelectField
                {...field('database')}
                label="Database"
                hint="Where its links, findings and audit are kept. It cannot be changed."
                options={[
                  ['', byItself(databases)],
                  ...databases.items.map(({ database }) => [database, database] as const),
                ]}
              />
            )}
          </fieldset>
          {(fields === undefined || fields.length > 0 || adapter.secrets.length > 0) && (
            <fieldset>
              <legend>The app</legend>
              <AppFields
                secrets={adapter.secrets.map((name) => ({ name, hint: SEALED }))}
                {...{ fields, given, errorOf }}
              />
            </fieldset>
          )}
          <Tick id="untried" isOn={given('untried') !== ''}>
            Make the connection even if the app does not answer now
          </Tick>
          <div class="actions">
            <button type="submit">Test the app and make the connection</button>
            <a href="/admin/new">Another app</a>
          </div>
        </form>
      </div>
    </Layout>
  )
}
