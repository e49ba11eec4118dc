import type { ConditionView } from '../../admin/conditions.ts'
import type { Brief } from '../../admin/overview.ts'
import { pathOf } from '../ask.ts'
import { Layout } from '../layout.tsx'
import { Attention } from '../parts/attention.tsx'
import { Bars } from '../parts/chart.tsx'
import { More, Table } from '../parts/lists.tsx'
import { Badge, Time } from '../parts/marks.tsx'
import { ModeBadge } from '../parts/mode.tsx'
import { may, type Viewer } from '../viewer.ts'
import { percent, plural } from '../words.ts'

interface Props {
  readonly viewer: Viewer
  readonly items: readonly Brief[]
  /** Undefined: nobody could find out. */
  readonly conditions: readonly ConditionView[] | undefined
  readonly nextCursor: string | undefined
  readonly now: number
}

export function ConnectionsPage({ viewer, items, conditions, nextCursor, now }: Props) {
  const mayAdd = may(viewer, 'POST', '/connections')
  return (
    <Layout title="Connections" viewer={viewer} area="connections">
      <div class="head">
        <h1>Connections</h1>
        {mayAdd && items.length > 0 && (
          <a class="button" href="/admin/new">
            New connection
          </a>
        )}
      </div>
      <Attention conditions={conditions} now={now} />
      {items.length === 0 ? (
        <div class="card empty">
          <h2>No connections yet</h2>
          <p class="quiet">A connection joins one identity provider and one app.</p>
          {mayAdd && (
            <a class="button" href="/admin/new">
              New connection
            </a>
          )}
        </div>
      ) : (
        <Table
          heads={[
            'Connection',
            'Mode',
            'Last heard',
            'To decide',
            'Went well',
            'Requests, 24 hours',
          ]}
        >
          {items.map((item) => (
            <Row item={item} now={now} />
          ))}
        </Table>
      )}
      <More at="/admin" cursor={nextCursor}>
        More connections
      </More>
    </Layout>
  )
}

function Row({ item, now }: { item: Brief; now: number }) {
  const { name, adapter, mode, health } = item
  const { traffic } = health
  const at = pathOf`/admin/connections/${name}`
  return (
    <tr>
      <th scope="row">
        <a href={at}>{name}</a> <span class="quiet">{adapter}</span>
      </th>
      <td>
        <ModeBadge mode={mode} />
      </td>
      <td data-label="Last heard">
        <Time iso={health.lastHeard} now={now} />
      </td>
      <td data-label="To decide">
        <OpenFindings name={name} findings={health.findings} />
      </td>
      <td data-label="Went well">
        {percent(traffic.successRate)}
        {traffic.denied > 0 && (
          <Badge tone="bad">{plural(traffic.denied, 'sign-in')} refused</Badge>
        )}
      </td>
      <td>
        <Bars
          counts={traffic.requests}
          failures={traffic.failures}
          what="request"
          when="in the last 24 hours"
        />
      </td>
    </tr>
  )
}

/** The guard and a refused credential stop work: they are named first. */
const URGENT = {
  guard: 'guard tripped',
  'app-credential': 'credential refused',
  'app-failing': 'app failing',
}

function OpenFindings({ name, findings }: { name: string; findings: Brief['health']['findings'] }) {
  if (!findings) return <Badge tone="bad">not known: its database fails</Badge>
  const total = Object.values(findings).reduce((sum, count) => sum + count, 0)
  if (total === 0) return <span>nothing</span>
  const urgent = Object.entries(URGENT).filter(([kind]) => Object.hasOwn(findings, kind))
  return (
    <span class="choice">
      <a href={pathOf`/admin/connections/${name}/findings`}>{plural(total, 'finding')}</a>
      {urgent.map(([, text]) => (
        <Badge tone="bad">{text}</Badge>
      ))}
    </span>
  )
}
