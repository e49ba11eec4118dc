import type { MappingRevisionView } from '../../admin/mapping-history.ts'
import { queryOf } from '../ask.ts'
import { Table } from '../parts/lists.tsx'
import { Badge, Time } from '../parts/marks.tsx'

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
    <Table caption="Mappings so far" heads={['Version', 'Saved', 'By', 'Mapping']}>
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
    </Table>
  )
}
