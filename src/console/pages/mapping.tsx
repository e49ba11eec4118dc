import type { ConnectionAdapterView } from '../../admin/connection-adapter.ts'
import type { ConnectionView } from '../../admin/connection-view.ts'
import type { MappingRevisionView } from '../../admin/mapping-history.ts'
import type { JsonObject } from '../../scim/schema.ts'
import { pathOf } from '../ask.ts'
import { textOf } from '../forms/json-text.ts'
import type { EntryChange, MappingEditor } from '../forms/mapping-editor.ts'
import { EMPTY_ROW, type MappingRow, type RowFault } from '../forms/mapping-rows.ts'
import { Layout } from '../layout.tsx'
import { Field, TextField } from '../parts/fields.tsx'
import { JsonEditor, LineFaults } from '../parts/json-editor.tsx'
import { Table, Views } from '../parts/lists.tsx'
import { Alert, ErrorSummary, FAILED, Notice } from '../parts/notices.tsx'
import type { Viewer } from '../viewer.ts'
import { typeLabel } from '../words.ts'
import { MappingHistory } from './mapping-history.tsx'
import { MappingRowFields } from './mapping-row.tsx'
import { MappingTrial } from './mapping-trial.tsx'

export interface MappingProps {
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

export function MappingPage(props: MappingProps) {
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
          <Views
            label="Resource type"
            items={types.map((one) => ({
              href: `${at}?type=${one}`,
              text: typeLabel(one),
              isCurrent: one === type,
            }))}
          />
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

function Editor(props: MappingProps & { at: string }) {
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
      <MappingTrial {...props} />
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
        <TextField
          id="person"
          label="Somebody who is linked"
          hint="A user name, or an id. Left empty: the sample below."
          error={editor.person === '' ? undefined : editor.sampleFault}
          maxlength={1000}
          value={editor.person}
          optional
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
    <Alert title={FAILED}>
      <ul>
        {faults.map(({ row, message }) => (
          <li>
            <a href={`#row.${row}.scim`}>{keys[row] || rows[row]?.app || `row ${row + 1}`}</a>:{' '}
            {message}
          </li>
        ))}
      </ul>
    </Alert>
  )
}

/** For those who look only. */
function Entries({ entries }: { entries: JsonObject }) {
  return (
    <Table heads={['SCIM attribute', 'What becomes of it in the app']}>
      {Object.entries(entries).map(([key, entry]) => (
        <tr>
          <th scope="row">
            <code>{key}</code>
          </th>
          <td>
            <code>{textOf(entry)}</code>
          </td>
        </tr>
      ))}
    </Table>
  )
}
