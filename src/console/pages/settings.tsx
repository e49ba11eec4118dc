import type { AppTrial } from '../../admin/adapters.ts'
import type { ConnectionAdapterView } from '../../admin/connection-adapter.ts'
import type { ConnectionView } from '../../admin/connections.ts'
import type { JsonObject } from '../../scim/schema.ts'
import { pathOf, type Refused } from '../ask.ts'
import { ChangedMeanwhile, SeenInput } from '../changed-meanwhile.tsx'
import type { Form } from '../form.ts'
import { JsonEditor } from '../json-editor.tsx'
import { Layout } from '../layout.tsx'
import { Badge, ErrorSummary, Field, Notice, Time } from '../parts.tsx'
import { policyParts, storedTexts } from '../policy-form.ts'
import { type Change, overlaid, readSeen, SEEN } from '../seen.ts'
import { SettingInput } from '../setting-input.tsx'
import { fieldsOf, type SettingField } from '../settings-form.ts'
import { may, type Viewer } from '../viewer.ts'
import { labelOf, MODES } from '../words.ts'

/** What came of a form, if one was sent. */
export interface SettingsForm {
  readonly part?: 'app' | 'policy' | 'mode' | 'extensions' | 'remove'
  readonly given?: Form
  readonly refused?: Refused
  readonly trial?: AppTrial
  readonly isUnchanged?: boolean
  /** What somebody else saved meanwhile. */
  readonly others?: readonly Change[]
}

type ChangedPart = Exclude<NonNullable<SettingsForm['part']>, 'remove'>

/** What a form of this page is filled in over. */
export function partOf(connection: ConnectionView, part: ChangedPart): JsonObject {
  const { settings, mode, modeUntil, extensions } = connection
  const { mode: _, ...policy } = connection.policy as JsonObject
  switch (part) {
    case 'app':
      return { settings }
    case 'policy':
      return { policy }
    case 'mode':
      return { mode, modeUntil }
    case 'extensions':
      return { extensions }
  }
}

interface Props {
  readonly viewer: Viewer
  readonly connection: ConnectionView
  readonly adapter: ConnectionAdapterView
  readonly form: SettingsForm
  readonly saved: string | undefined
  readonly now: number
}

interface PartProps extends Props {
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
  const ids = idsOf(adapter)
  const fieldOf = (path: string) => fieldAt(path, ids)
  const stored = storedIn(connection)
  const seen = readSeen(form.given?.text(SEEN) ?? '')
  const textOf = (of: ChangedPart | 'remove') => {
    if (part !== of || !form.given) return stored
    const { text } = form.given
    return form.others && seen ? overlaid(text, storedIn(seen), stored, isSameIn(adapter)) : text
  }
  const partProps = (of: ChangedPart): PartProps => ({
    ...props,
    at,
    given: textOf(of),
    seen: (part === of && !form.others && seen) || partOf(connection, of),
    errorOf: (id) =>
      part === of ? refused?.errors.find(({ path }) => fieldOf(path) === id)?.message : undefined,
  })
  const mayChange = may(viewer, 'PATCH', '/connections/:name')
  return (
    <Layout title={`Settings of ${name}`} viewer={viewer} connection={{ name, tab: 'settings' }}>
      <h1>Settings</h1>
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
      {mayChange ? (
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
        <RemovePart
          {...{ ...props, at, given: textOf('remove') }}
          error={part === 'remove' ? refused?.errors[0]?.message : undefined}
        />
      )}
    </Layout>
  )
}

function AppPart({ connection, adapter, form, at, given, errorOf, seen }: PartProps) {
  const { trial, isUnchanged } = form
  const fields = fieldsOf(adapter.settings)
  const hasAny = fields === undefined || fields.length > 0 || adapter.secrets.length > 0
  const isSent = form.part === 'app'
  return (
    <section class="card" aria-labelledby="app-title">
      <h2 id="app-title">The app</h2>
      {trial?.ok && (
        <Notice tone="good">
          <p>
            The app answered, in {trial.ms} ms.{' '}
            {isUnchanged ? 'That is with what is stored.' : 'Nothing is saved yet.'}
          </p>
        </Notice>
      )}
      {trial && !trial.ok && (
        <div class="notice bad" role="alert" tabindex={-1} data-focus>
          <p>
            <b>The app was asked, and nothing was saved.</b> {trial.detail}
          </p>
        </div>
      )}
      {!hasAny ? (
        <p>This adapter needs no settings.</p>
      ) : (
        <form class="stacked" method="post" action={at}>
          <SeenInput of={seen} />
          {fields === undefined && (
            <JsonEditor
              id="settings"
              label="Settings as JSON"
              hint="This adapter says in its own documentation what it takes."
              text={isSent ? given('settings') : JSON.stringify(connection.settings, null, 2)}
            />
          )}
          {fields?.map((field) => (
            <SettingInput
              field={field}
              value={given(`settings.${field.name}`)}
              isSet
              error={errorOf(`settings.${field.name}`)}
            />
          ))}
          {adapter.secrets.map(({ name, isKept, setAt }) => (
            <Field
              id={`secrets.${name}`}
              label={labelOf(name)}
              hint={
                isKept
                  ? `Kept${setAt === null ? '' : ` since ${dayOf(setAt)}`}, and never shown again. Left empty: it stays as it is.`
                  : 'There is none. Sealed when it is stored, and never shown again.'
              }
              error={errorOf(`secrets.${name}`)}
              optional={isKept}
              control={(described) => (
                <input
                  id={`secrets.${name}`}
                  name={`secrets.${name}`}
                  type="password"
                  required={!isKept}
                  autocomplete="off"
                  {...described}
                />
              )}
            />
          ))}
          <div class="check">
            <input
              id="untried"
              name="untried"
              type="checkbox"
              value="yes"
              checked={isSent && given('untried') !== ''}
            />
            <label for="untried">Save it even if the app does not answer now</label>
          </div>
          <div class="actions">
            <button type="submit" name="do" value="app">
              Test the app and save
            </button>
            <button class="second" type="submit" name="do" value="try">
              Test only
            </button>
          </div>
        </form>
      )}
    </section>
  )
}

function ModePart({ connection, at, now, given, errorOf, form, seen }: PartProps) {
  const { mode, modeUntil } = connection
  const chosen = form.part === 'mode' ? given('mode') : mode
  return (
    <section class="card" aria-labelledby="mode-title">
      <h2 id="mode-title">Mode</h2>
      <p>
        <Badge tone="calm">{mode}</Badge> {MODES[mode]}
        {modeUntil !== null && mode !== 'paused' && (
          <>
            {' '}
            Ends <Time iso={modeUntil} now={now} />, and is paused then.
          </>
        )}
      </p>
      <form class="stacked" method="post" action={at}>
        <SeenInput of={seen} />
        <Field
          id="mode"
          label="Mode"
          error={errorOf('mode')}
          control={(described) => (
            <select id="mode" name="mode" {...described}>
              {Object.entries(MODES).map(([one, says]) => (
                <option value={one} selected={one === chosen}>
                  {`${one}: ${says.toLowerCase()}`}
                </option>
              ))}
            </select>
          )}
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
              value={form.part === 'mode' ? given('modeUntil') : ''}
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

function PolicyPart({ at, given, errorOf, seen }: PartProps) {
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

function ExtensionsPart({ connection, at, given, errorOf, form, seen }: PartProps) {
  const isSent = form.part === 'extensions'
  const error = errorOf('extensions')
  return (
    <section class="card" aria-labelledby="extensions-title">
      <h2 id="extensions-title">Schema extensions</h2>
      <form class="stacked" method="post" action={at}>
        <SeenInput of={seen} />
        {error !== undefined && <p class="error">{error}</p>}
        <JsonEditor
          id="extensions"
          label="Extensions as JSON"
          hint="A list of { resourceType, required, schema }, where schema is a Schema resource (RFC 7643 §7)."
          text={isSent ? given('extensions') : JSON.stringify(connection.extensions, null, 2)}
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

function RemovePart({
  connection: { name },
  at,
  given,
  error,
  form,
}: Props & Pick<PartProps, 'at' | 'given'> & { readonly error: string | undefined }) {
  return (
    <section class="card" aria-labelledby="remove-title">
      <h2 id="remove-title">Remove this connection</h2>
      <ul>
        <li>
          Its tokens and clients are refused at once: the identity provider’s job fails from then
          on.
        </li>
        <li>
          All that Postern keeps of it is erased: links, findings, its audit, its secrets. That
          cannot be undone; export the links first if another connection is to go on with them.
        </li>
        <li>Accounts in the app stay as they are. Nobody is disabled or deleted there.</li>
      </ul>
      <form
        class="stacked narrow"
        method="post"
        action={at}
        data-confirm={`Remove ${name}, and all that is kept of it?`}
      >
        <Field
          id="confirmed"
          label={`Enter “${name}” to say that you mean it`}
          error={error}
          control={(described) => (
            <input
              id="confirmed"
              name="confirmed"
              type="text"
              autocomplete="off"
              autocapitalize="none"
              spellcheck={false}
              required
              value={form.part === 'remove' ? given('confirmed') : ''}
              {...described}
            />
          )}
        />
        <div class="actions">
          <button class="danger" type="submit" name="do" value="remove">
            Remove the connection
          </button>
        </div>
      </form>
    </section>
  )
}

const dayOf = (iso: string): string => iso.slice(0, 10)

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

export function RemovedPage({ viewer, name }: { viewer: Viewer; name: string }) {
  return (
    <Layout title={`${name} is removed`} viewer={viewer}>
      <div class="narrow">
        <h1>{name} is removed</h1>
        <p>
          Its tokens are refused from now on; reads may still be answered for up to five seconds.
          What was kept of it is being erased. Take the job out of the identity provider, or it goes
          on failing.
        </p>
        <p>
          <a href="/admin">All connections</a>
        </p>
      </div>
    </Layout>
  )
}

function storedIn(of: JsonObject | ConnectionView): (name: string) => string {
  const { settings = {}, policy = {} } = of as Partial<Record<string, JsonObject>>
  const inSettings = storedTexts('settings', settings)
  const inPolicy = storedTexts('policy', policy)
  return (name) => inSettings(name) || inPolicy(name)
}

/** As a browser sends it back that was not touched. */
function isSameIn(adapter: ConnectionAdapterView) {
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

function idsOf(adapter: ConnectionAdapterView): readonly string[] {
  return [
    ...(fieldsOf(adapter.settings)?.map(({ name }) => `settings.${name}`) ?? ['settings']),
    ...adapter.secrets.map(({ name }) => `secrets.${name}`),
    ...policyParts().flatMap(({ within, fields }) => fields.map(({ name }) => `${within}.${name}`)),
    ...['mode', 'modeUntil', 'extensions', 'confirmed'],
  ]
}

/** The field that a path of the API is entered in: itself, or what it is a part of. */
function fieldAt(path: string, ids: readonly string[]): string {
  const found = ids.filter((id) => path === id || path.startsWith(`${id}.`))
  return found.sort((a, b) => b.length - a.length)[0] ?? path
}
