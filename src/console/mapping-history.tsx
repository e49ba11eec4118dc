import type { MappingRevisionView } from '../admin/mapping-history.ts'
import { queryOf } from './ask.ts'
import { Badge, Time } from './parts.tsx'

interface Props {
  /** Of the page of the mapping. */
  readonly at: string
  readonly type: string
  readonly history: readonly MappingRevisionView[]
  readonly mayChange: boolean
  readonly now: number
}

/** Who mapped what when. What is to be put back is tried first, as any other draft. */
export function MappingHistory({ at, type, history, mayChange, now }: Props) {
  if (history.length === 0) return null
  return (
    <div class="table">
      <table class="stack">
        <caption>Mappings so far</caption>
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col">Saved</th>
            <th scope="col">By</th>
            <th scope="col">Mapping</th>
          </tr>
        </thead>
        <tbody>
          {history.map(({ version, at: since, by, mapping, isInForce }) => (
            <tr>
              <th scope="row">{version}</th>
              <td data-label="Saved">
                {since === null ? 'nobody knows' : <Time iso={since} now={now} />}
              </td>
              <td data-label="By">{by ?? 'nobody knows'}</td>
              <td>
                {isInForce ? (
                  <Badge tone="good">in force</Badge>
                ) : mayChange ? (
                  <a href={`${at}${queryOf({ type, from: String(version) })}`}>
                    Try it, and put it back
                  </a>
                ) : (
                  <code>{JSON.stringify(mapping[type] ?? 'the adapter’s own')}</code>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
