import type { AdministratorView } from '../../admin/administrators.ts'
import { pathOf, type Refused } from '../ask.ts'
import type { Form } from '../forms/form.ts'
import { Layout } from '../layout.tsx'
import { Table } from '../parts/lists.tsx'
import { Time } from '../parts/marks.tsx'
import { ErrorSummary } from '../parts/notices.tsx'
import type { Viewer } from '../viewer.ts'
import { AdministratorFields, fieldAt, limitOf } from './administrator-fields.tsx'

interface Props {
  readonly viewer: Viewer
  readonly items: readonly AdministratorView[]
  readonly now: number
  readonly given?: Form
  readonly refused?: Refused
}

export function AdministratorsPage({ viewer, items, now, given, refused }: Props) {
  return (
    <Layout title="Administrators" viewer={viewer} area="administrators">
      <h1>Administrators</h1>
      <ErrorSummary refused={refused} fieldOf={fieldAt} />
      {items.length === 0 ? (
        <p>There are none yet: everybody signs in with the bootstrap token.</p>
      ) : (
        <Table heads={['Name', 'Role', 'Connections', 'Last used']}>
          {items.map(({ id, name, role, connections, lastUsed }) => (
            <tr>
              <th scope="row">
                <a href={pathOf`/admin/administrators/${id}`}>{name}</a>
              </th>
              <td data-label="Role">{role}</td>
              <td data-label="Connections">{limitOf(connections)}</td>
              <td data-label="Last used">
                <Time iso={lastUsed} now={now} />
              </td>
            </tr>
          ))}
        </Table>
      )}
      <form class="card narrow" method="post" action="/admin/administrators">
        <fieldset>
          <legend>New administrator</legend>
          <AdministratorFields
            text={(name) => given?.text(name) ?? (name === 'all' ? 'yes' : '')}
            refused={refused}
          />
          <div class="actions">
            <button type="submit">Make the administrator</button>
          </div>
        </fieldset>
      </form>
    </Layout>
  )
}
