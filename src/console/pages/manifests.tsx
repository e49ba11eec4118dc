import type { ManifestSummary } from '../../admin/manifests.ts'
import { pathOf } from '../ask.ts'
import { Layout } from '../layout.tsx'
import { More, Table } from '../parts/lists.tsx'
import { Badge, Time } from '../parts/marks.tsx'
import { Empty, Notice } from '../parts/notices.tsx'
import { may, type Viewer } from '../viewer.ts'

interface Props {
  readonly viewer: Viewer
  readonly items: readonly ManifestSummary[]
  readonly nextCursor: string | undefined
  readonly removed: string | undefined
  readonly now: number
}

export function ManifestsPage({ viewer, items, nextCursor, removed, now }: Props) {
  return (
    <Layout title="Manifests" viewer={viewer} area="manifests">
      <div class="head">
        <div>
          <h1>Manifests</h1>
          <p class="quiet">Adapters that are data: an app is added, or mended, without a deploy.</p>
        </div>
        {may(viewer, 'PUT', '/manifests/:name') && (
          <a class="button" href="/admin/manifests/new">
            New manifest
          </a>
        )}
      </div>
      {removed !== undefined && (
        <Notice tone="good">
          <p>{removed} is removed.</p>
        </Notice>
      )}
      {items.length === 0 ? (
        <Empty title="There are none">Adapters that are built in need none.</Empty>
      ) : (
        <Table heads={['Name', 'Version', 'Revision', 'Changed', 'State']}>
          {items.map(({ name, version, revision, status, updatedAt }) => (
            <tr>
              <th scope="row">
                <a href={pathOf`/admin/manifests/of/${name}`}>{name}</a>
              </th>
              <td data-label="Version">{version}</td>
              <td data-label="Revision">{revision}</td>
              <td data-label="Changed">
                <Time iso={updatedAt} now={now} />
              </td>
              <td>{status && <Badge tone="warn">{status}</Badge>}</td>
            </tr>
          ))}
        </Table>
      )}
      <More at="/admin/manifests" cursor={nextCursor}>
        More manifests
      </More>
    </Layout>
  )
}
