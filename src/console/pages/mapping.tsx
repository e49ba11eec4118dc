import type { ConnectionAdapterView } from '../../admin/connection-adapter.ts'
import type { ConnectionView } from '../../admin/connections.ts'
import type { Trial } from '../../admin/mapping.ts'
import type { MappingRevisionView } from '../../admin/mapping-history.ts'
import type { Json, JsonObject } from '../../scim/schema.ts'
import { pathOf, type Refused } from '../ask.ts'
import { JsonEditor, type LineFault, LineFaults } from '../json-editor.tsx'
import { Layout } from '../layout.tsx'
import {
  EMPTY_ROW,
  type EntryChange,
  entryText,
  type MappingRow,
  type RowFault,
} from '../mapping-form.ts'
import { MappingHistory } from '../mapping-history.tsx'
import { sameJson } from '../merge-to.ts'
import { Badge, ErrorSummary, Field, Notice } from '../parts.tsx'
import type { Viewer } from '../viewer.ts'
import { plural } from '../words.ts'
import { MappingRowFields } from './mapping-row.tsx'

/** What is in the form, and what is wrong with it. */
export interface MappingEditor {
  readonly as: 'table' | 'json'
  readonly rows: readonly MappingRow[]
  /** Of the rows, in the mapping. */
  readonly keys: readonly (string | undefined)[]
  readonly json: string
  /** Undefined: the form cannot be read as a mapping. */
  readonly draft?: JsonObject
  /** Of the mapping that this began with. */
  readonly version: number
  readonly sample: string
  readonly person: string
  readonly rowFaults: readonly RowFault[]
  readonly lineFaults: readonly LineFault[]
  readonly sampleFault?: string | undefined
  readonly refused?: Refused
  readonly triedOn?: TriedOn
  readonly isSaved?: boolean
}

export interface TriedOn {
  readonly trial: Trial
  /** Of the mapping that holds, on the same sample. */
  readonly before: Trial | undefined
  readonly person: string
}

interface Props {
  readonly viewer: Viewer
  readonly name: string
  readonly connection: ConnectionView
  readonly adapter: ConnectionAdapterView
  readonly type: string
  readonly current: JsonObject
  readonly editor: MappingEditor
  readonly changes: readonly EntryChange[]
  readonly mayChange: boolean
  readonly history: readonly MappingRevisionView[]
  readonly now: number
}

const CALLED: Readonly<Record<string, string>> = { User: 'People', Group: 'Groups' }

export function MappingPage(props: Props) {
  const { viewer, name, connection, adapter, type, current, editor, mayChange } = props
  const at = pathOf`/admin/connections/${name}/mapping`
  const types = Object.keys(adapter.resources)
  const isOwn = connection.mapping[type] !== undefined
  return (
    <Layout title={`Mapping of ${name}`} viewer={viewer} connection={{ name, tab: 'mapping' }}>
      <div class="head">
        <div>
          <h1>Mapping</h1>
          <p class="quiet">
            Which SCIM attribute is which attribute of the app:{' '}
            {isOwn ? 'the connection’s own' : 'the adapter’s'}, version {connection.mappingVersion}
          </p>
        </div>
        {types.length > 1 && (
          <nav class="choice" aria-label="Resource type">
            {types.map((one) => (
              <a
                href={`${at}?type=${one}`}
                {...(one === type && { 'aria-current': 'page' as const })}
              >
                {CALLED[one] ?? one}
              </a>
            ))}
          </nav>
        )}
      </div>
      {editor.isSaved && (
        <Notice tone="good">
          <p>
            Saved. Nothing is written by that alone: the app is told with the client’s next write to
            each person.
          </p>
        </Notice>
      )}
      {types.length === 0 ? (
        <p>This adapter takes whatever SCIM has: there is nothing to map.</p>
      ) : mayChange ? (
        <Editor {...props} at={at} />
      ) : (
        <Entries entries={current} />
      )}
      <MappingHistory {...props} at={at} />
    </Layout>
  )
}

function Editor(props: Props & { at: string }) {
  const { at, adapter, type, editor, connection } = props
  const { as, rows, keys, rowFaults, lineFaults, refused, version } = editor
  const resource = adapter.resources[type]
  const isOwn = connection.mapping[type] !== undefined
  const last = rows.at(-1)
  const hasRoom = last !== undefined && `${last.scim}${last.app}${last.made}` === ''
  const shown = hasRoom ? rows : [...rows, EMPTY_ROW]
  return (
    <form class="stacked" method="post" action={at}>
      {/* What the return key does, in any field. */}
      <button type="submit" name="do" value="try" hidden />
      <input type="hidden" name="type" value={type} />
      <input type="hidden" name="as" value={as} />
      <input type="hidden" name="version" value={String(version)} />
      <ErrorSummary refused={refused} />
      <RowFaults faults={rowFaults} keys={keys} rows={rows} />
      <LineFaults of="json" text={editor.json} faults={lineFaults} />
      <Outcome {...props} />
      {as === 'table' ? (
        <section class="card" aria-label="Entries">
          <input type="hidden" name="rows" value={String(shown.length)} />
          <datalist id="scim-paths">
            {resource?.paths.map((path) => (
              <option value={path} />
            ))}
          </datalist>
          <ul class="maprows">
            {shown.map((row, index) => (
              <MappingRowFields
                {...{ row, index, attributes: resource?.attributes ?? [] }}
                errors={rowFaults.filter((fault) => fault.row === index).map((one) => one.message)}
              />
            ))}
          </ul>
        </section>
      ) : (
        <div class="card">
          <JsonEditor
            id="json"
            label={`Mapping of ${type} as JSON`}
            text={editor.json}
            faults={lineFaults}
          />
        </div>
      )}
      <div class="actions">
        {as === 'table' && (
          <button class="second" type="submit" name="do" value="row">
            Another row
          </button>
        )}
        <button class="second" type="submit" name="do" value={as === 'table' ? 'json' : 'table'}>
          {as === 'table' ? 'Show as JSON' : 'Show as rows'}
        </button>
        {isOwn && (
          <button class="second" type="submit" name="do" value="adapter">
            Back to the adapter’s mapping
          </button>
        )}
      </div>
      <section class="card" aria-labelledby="try-title">
        <h2 id="try-title">Try it</h2>
        <p>
          Nothing is written and nothing is saved. Try it on somebody who is linked, or on a sample.
        </p>
        <Field
          id="person"
          label="Somebody who is linked"
          hint="A user name, or an id. Left empty: the sample below."
          error={editor.person === '' ? undefined : editor.sampleFault}
          optional
          control={(described) => (
            <input
              id="person"
              name="person"
              type="text"
              maxlength={1000}
              autocapitalize="none"
              spellcheck={false}
              autocomplete="off"
              value={editor.person}
              {...described}
            />
          )}
        />
        <Field
          id="sample"
          label="Sample, as a client would send it"
          error={editor.person === '' ? editor.sampleFault : undefined}
          control={(described) => (
            <textarea
              id="sample"
              name="sample"
              class="code"
              rows={8}
              wrap="off"
              spellcheck={false}
              {...described}
            >
              {`\n${editor.sample}`}
            </textarea>
          )}
        />
        <div class="actions">
          <button type="submit" name="do" value="try">
            Try, and see what would change
          </button>
        </div>
      </section>
    </form>
  )
}

function RowFaults({
  faults,
  keys,
  rows,
}: {
  faults: readonly RowFault[]
  keys: readonly (string | undefined)[]
  rows: readonly MappingRow[]
}) {
  if (faults.length === 0) return null
  return (
    <div class="notice bad" role="alert" tabindex={-1} data-focus>
      <h2>That did not work</h2>
      <ul>
        {faults.map(({ row, message }) => (
          <li>
            <a href={`#row.${row}.scim`}>{keys[row] || rows[row]?.app || `row ${row + 1}`}</a>:{' '}
            {message}
          </li>
        ))}
      </ul>
    </div>
  )
}

/** What saving would change, what became of the sample, and the way to save. */
function Outcome({ changes, editor, type, connection }: Props) {
  const { triedOn, draft, rowFaults, lineFaults } = editor
  if (!triedOn || !draft) return null
  const isBroken = rowFaults.length > 0 || lineFaults.length > 0
  return (
    <>
      <section class="card" aria-labelledby="changes-title">
        <h2 id="changes-title">What saving would change</h2>
        {changes.length === 0 ? (
          <p>Nothing: this is the mapping that holds.</p>
        ) : (
          <>
            <ul class="changes">
              {changes.map(({ key, before, after }) => (
                <li>
                  <Badge
                    tone={before === undefined ? 'good' : after === undefined ? 'bad' : 'warn'}
                  >
                    {before === undefined ? 'new' : after === undefined ? 'goes' : 'changes'}
                  </Badge>{' '}
                  <code>{key}</code> {before !== undefined && <del>{entryText(before)}</del>}{' '}
                  {after !== undefined && <ins>{entryText(after)}</ins>}
                </li>
              ))}
            </ul>
            <p class="hint">
              It becomes version {connection.mappingVersion + 1}. What clients sent before is
              compared with the app anew; nobody is written to by the saving itself.
            </p>
            <div class="actions">
              <button type="submit" name="do" value="save">
                Save the mapping
              </button>
              {isBroken && (
                <span class="quiet">Entries that fail on this sample are saved as well.</span>
              )}
            </div>
          </>
        )}
      </section>
      <TrialResult {...{ triedOn, type }} />
    </>
  )
}

function TrialResult({ triedOn, type }: { triedOn: TriedOn; type: string }) {
  const { trial, before, person } = triedOn
  const { app, resource, changes, ignored = [] } = trial
  const who = person === '' ? 'the sample' : person
  return (
    <section class="card" aria-labelledby="tried-title">
      <h2 id="tried-title">Tried on {who}</h2>
      {changes && (
        <>
          <p role="status">
            {changes.length === 0
              ? 'The app has all of it already: nothing would be sent.'
              : `Once the client has said everything again, the app is told ${plural(changes.length, 'change')}:`}
          </p>
          {changes.length > 0 && (
            <Comparison
              titles={['In the app now', 'It would be told']}
              rows={changes.map(({ attribute, now, next }) => ({ attribute, values: [now, next] }))}
            />
          )}
        </>
      )}
      {app && !changes && (
        <Comparison
          marks
          titles={
            before?.app ? ['By the mapping that holds', 'By this one'] : ['The app would get']
          }
          rows={namesIn(before?.app?.attributes, app.attributes).map((attribute) => ({
            attribute,
            values: [
              ...(before?.app ? [(before.app.attributes[attribute] ?? null) as Json] : []),
              (app.attributes[attribute] ?? null) as Json,
            ],
          }))}
        />
      )}
      {app?.active !== undefined && (
        <p>
          The account would be switched <b>{app.active ? 'on' : 'off'}</b>.
        </p>
      )}
      {ignored.length > 0 && (
        <p>
          No schema of this connection knows <code>{ignored.join(', ')}</code>: it is ignored.
        </p>
      )}
      {app && changes && (
        <details>
          <summary>All that the mapping makes of this {type}</summary>
          <pre>{JSON.stringify(app.attributes, null, 2)}</pre>
        </details>
      )}
      {resource && (
        <details>
          <summary>What the client would read back</summary>
          <pre>{JSON.stringify(resource, null, 2)}</pre>
        </details>
      )}
    </section>
  )
}

const namesIn = (...all: readonly (object | undefined)[]): string[] => [
  ...new Set(all.flatMap((one) => Object.keys(one ?? {}))),
]

function Comparison({
  titles,
  rows,
  marks = false,
}: {
  titles: readonly string[]
  /** True: some rows differ and others do not. */
  marks?: boolean
  rows: readonly { readonly attribute: string; readonly values: readonly Json[] }[]
}) {
  return (
    <div class="table">
      <table class="stack">
        <thead>
          <tr>
            <th scope="col">Attribute of the app</th>
            {titles.map((title) => (
              <th scope="col">{title}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ attribute, values }) => (
            <tr>
              <th scope="row">
                <code>{attribute}</code>
              </th>
              {values.map((value, index) => {
                const differs = marks && index === 1 && !sameJson(values[0], value)
                return (
                  <td data-label={titles[index]}>
                    {value === null ? (
                      <span class="quiet">no value</span>
                    ) : (
                      <code>{entryText(value)}</code>
                    )}
                    {differs && (
                      <>
                        {' '}
                        <Badge tone="warn">differs</Badge>
                      </>
                    )}
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Entries({ entries }: { entries: JsonObject }) {
  return (
    <div class="table">
      <table class="stack">
        <thead>
          <tr>
            <th scope="col">SCIM attribute</th>
            <th scope="col">What becomes of it in the app</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(entries).map(([key, entry]) => (
            <tr>
              <th scope="row">
                <code>{key}</code>
              </th>
              <td>
                <code>{entryText(entry)}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
