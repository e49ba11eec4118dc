import type { ScanView } from '../../admin/reconcile.ts'
import { pathOf, type Refused } from '../ask.ts'
import { Layout } from '../layout.tsx'
import { Tick } from '../parts/fields.tsx'
import { Table } from '../parts/lists.tsx'
import { Badge, Time } from '../parts/marks.tsx'
import { Empty, ErrorSummary } from '../parts/notices.tsx'
import { DIFFERING, SITUATIONS } from '../situations.ts'
import { may, type Viewer } from '../viewer.ts'
import { typeLabel } from '../words.ts'

interface Props {
  readonly viewer: Viewer
  readonly name: string
  readonly types: readonly string[]
  readonly items: readonly ScanView[]
  readonly now: number
  readonly refused?: Refused | undefined
}

export function ReconcilePage({ viewer, name, types, items, now, refused }: Props) {
  const at = pathOf`/admin/connections/${name}/reconcile`
  return (
    <Layout title={`Reconcile ${name}`} viewer={viewer} connection={{ name, tab: 'reconcile' }}>
      <h1>Reconcile</h1>
      <p>
        A scan walks every account of the app and sets it beside what the directory has said. Before
        Entra is switched on, a{' '}
        <a href={pathOf`/admin/connections/${name}/preflight`}>pre-flight</a> sets it beside an
        export of your people.
      </p>
      <ErrorSummary refused={refused} />
      {may(viewer, 'POST', '/connections/:name/reconcile') && (
        <form class="card" method="post" action={at}>
          <fieldset>
            <legend>New scan</legend>
            <div class="field narrow">
              <label for="type">What is scanned</label>
              <select id="type" name="type">
                {types.map((type) => (
                  <option value={type}>{typeLabel(type)}</option>
                ))}
              </select>
            </div>
            <Tick id="dryRun" value="1" isOn>
              Only look
              <span class="hint"> · no link and no finding is written</span>
            </Tick>
            <Tick id="acceptShrink" value="1">
              Believe a list that became much shorter
              <span class="hint">
                {' '}
                · more often a lost right or a filter than a wave of leavers
              </span>
            </Tick>
            <div class="actions">
              <button type="submit">Scan the app</button>
            </div>
          </fieldset>
        </form>
      )}
      {items.length === 0 ? (
        <Empty title="No scan yet">
          From its second day on, a connection is scanned every night by itself, unless its policy
          says otherwise.
        </Empty>
      ) : (
        <Table caption="Scans" heads={['Begun', 'What', 'State', 'Accounts', 'To look at']}>
          {items.map((scan) => (
            <tr>
              <th scope="row">
                <a href={`${at}/${encodeURIComponent(scan.id)}`}>
                  <Time iso={scan.startedAt} now={now} />
                </a>
              </th>
              <td data-label="What">
                {typeLabel(scan.type)} {scan.dryRun && <span class="quiet">only looked</span>}
              </td>
              <td>
                <StateBadge state={scan.state} />
              </td>
              <td data-label="Accounts">{scan.seen.toLocaleString('en')}</td>
              <td data-label="To look at">
                <Differing scan={scan} />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Layout>
  )
}

const TONES = { running: 'calm', done: 'good', refused: 'warn', failed: 'bad' } as const

export function StateBadge({ state }: Pick<ScanView, 'state'>) {
  return <Badge tone={TONES[state]}>{state}</Badge>
}

function Differing({ scan: { counts, state } }: { scan: ScanView }) {
  if (state === 'running') return <span class="quiet">not known yet</span>
  const some = DIFFERING.filter((one) => (counts?.[one] ?? 0) > 0)
  if (some.length === 0) return <span>{state === 'done' ? 'nothing' : 'not known'}</span>
  return (
    <span class="choice">
      {some.map((one) => (
        <span>
          {SITUATIONS[one].label}: <strong>{counts?.[one]}</strong>
        </span>
      ))}
    </span>
  )
}
