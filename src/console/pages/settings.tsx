import type { AppTrial } from '../../admin/adapters.ts'
import type { ConnectionAdapterView } from '../../admin/connection-adapter.ts'
import type { ConnectionView } from '../../admin/connection-view.ts'
import type { JsonObject } from '../../scim/schema.ts'
import { pathOf, type Refused } from '../ask.ts'
import type { Form } from '../forms/form.ts'
import { type Change, overlaid, readSeen, SEEN } from '../forms/seen.ts'
import { fieldIn, isSameIn, partOf, type SettingsPart, storedIn } from '../forms/settings-parts.ts'
import { Layout } from '../layout.tsx'
import { ChangedMeanwhile } from '../parts/changed-meanwhile.tsx'
import { ErrorSummary, Notice } from '../parts/notices.tsx'
import { may, type Viewer } from '../viewer.ts'
import { labelOf } from '../words.ts'
import { AppPart, dayOf } from './settings-app.tsx'
import { ExtensionsPart, ModePart, PolicyPart } from './settings-forms.tsx'
import { RemovePart } from './settings-remove.tsx'

/** What came of a form, if one was sent. */
export interface SettingsForm {
  readonly part?: SettingsPart | 'remove'
  readonly given?: Form
  readonly refused?: Refused
  readonly trial?: AppTrial
  readonly isUnchanged?: boolean
  /** What somebody else saved meanwhile. */
  readonly others?: readonly Change[]
}

interface Props {
  readonly viewer: Viewer
  readonly connection: ConnectionView
  readonly adapter: ConnectionAdapterView
  readonly form: SettingsForm
  readonly saved: string | undefined
  readonly now: number
}

export interface PartProps extends Props {
  readonly at: string
  /** What is in a field: as it was sent, or as it is stored. */
  readonly given: (name: string) => string
  readonly errorOf: (id: string) => string | undefined
  /** What this form is filled in over; of one that comes back, still that. */
  readonly seen: JsonObject
}

export function SettingsPage(props: Props) {
  const { viewer, connection, form, saved, adapter } = props
  const { name } = connection
  const at = pathOf`/admin/connections/${name}/settings`
  const { refused, part, isUnchanged } = form
  const fieldOf = fieldIn(adapter)
  const stored = storedIn(connection)
  const seen = readSeen(form.given?.text(SEEN) ?? '')
  const textOf = (of: SettingsPart | 'remove') => {
    if (part !== of || !form.given) return stored
    const { text } = form.given
    return form.others && seen ? overlaid(text, storedIn(seen), stored, isSameIn(adapter)) : text
  }
  const errorIn = (of: SettingsPart | 'remove') => (id: string) =>
    part === of ? refused?.errors.find(({ path }) => fieldOf(path) === id)?.message : undefined
  const partProps = (of: SettingsPart): PartProps => ({
    ...props,
    at,
    given: textOf(of),
    seen: (part === of && !form.others && seen) || partOf(connection, of),
    errorOf: errorIn(of),
  })
  return (
    <Layout title={`Settings of ${name}`} viewer={viewer} connection={{ name, tab: 'settings' }}>
      <div>
        <h1>Settings</h1>
        <p class="quiet">
          adapter {connection.adapter}, data in the database <code>{connection.database}</code>
        </p>
      </div>
      <ErrorSummary refused={refused} fieldOf={fieldOf} />
      <ChangedMeanwhile changes={form.others} />
      {saved !== undefined && !refused && (
        <Notice tone="good">
          <p>Saved. It holds at once for writes, and within five seconds for reads.</p>
        </Notice>
      )}
      {isUnchanged && !form.trial && (
        <Notice tone="calm">
          <p>Nothing differs from what is stored.</p>
        </Notice>
      )}
      {may(viewer, 'PATCH', '/connections/:name') ? (
        <>
          <AppPart {...partProps('app')} />
          <ModePart {...partProps('mode')} />
          <PolicyPart {...partProps('policy')} />
          <ExtensionsPart {...partProps('extensions')} />
        </>
      ) : (
        <Facts {...props} />
      )}
      {may(viewer, 'DELETE', '/connections/:name') && (
        <RemovePart {...{ name, at, given: textOf('remove'), errorOf: errorIn('remove') }} />
      )}
    </Layout>
  )
}

/** For those who look only. */
function Facts({ connection, adapter }: Props) {
  const stored = { ...connection.settings, policy: connection.policy } as JsonObject
  return (
    <section class="card" aria-label="Settings">
      <dl class="facts">
        {adapter.secrets.map(({ name, isKept, setAt }) => (
          <>
            <dt>{labelOf(name)}</dt>
            <dd>
              {!isKept ? 'there is none' : setAt === null ? 'kept' : `kept since ${dayOf(setAt)}`}
            </dd>
          </>
        ))}
      </dl>
      <pre tabindex={0}>{JSON.stringify(stored, null, 2)}</pre>
    </section>
  )
}
