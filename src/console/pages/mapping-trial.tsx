import type { Json } from '../../scim/schema.ts'
import { textOf } from '../forms/json-text.ts'
import type { TriedOn } from '../forms/mapping-editor.ts'
import { sameJson } from '../forms/merge-to.ts'
import { Table } from '../parts/lists.tsx'
import { Badge } from '../parts/marks.tsx'
import { plural } from '../words.ts'
import type { MappingProps } from './mapping.tsx'

/** What saving would change, what became of the sample, and the way to save. */
export function MappingTrial({ changes, editor, type, connection }: MappingProps) {
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
                  <code>{key}</code> {before !== undefined && <del>{textOf(before)}</del>}{' '}
                  {after !== undefined && <ins>{textOf(after)}</ins>}
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
    <Table heads={['Attribute of the app', ...titles]}>
      {rows.map(({ attribute, values }) => (
        <tr>
          <th scope="row">
            <code>{attribute}</code>
          </th>
          {values.map((value, index) => (
            <td data-label={titles[index]}>
              {value === null ? <span class="quiet">no value</span> : <code>{textOf(value)}</code>}
              {marks && index === 1 && !sameJson(values[0], value) && (
                <>
                  {' '}
                  <Badge tone="warn">differs</Badge>
                </>
              )}
            </td>
          ))}
        </tr>
      ))}
    </Table>
  )
}
