import type { ScannedView, ScanReport, ScanView } from '../../admin/reconcile.ts'
import { pathOf, queryOf, type Refused } from '../ask.ts'
import { Layout } from '../layout.tsx'
import { Shares } from '../parts/chart.tsx'
import { More, Table, Views } from '../parts/lists.tsx'
import { Badge, Time } from '../parts/marks.tsx'
import { ErrorSummary, Notice } from '../parts/notices.tsx'
import { reasonOf, SITUATION_NAMES, SITUATIONS, type Situation } from '../situations.ts'
import { may, type Viewer } from '../viewer.ts'
import { nameOf, plural, typeLabel } from '../words.ts'
import { StateBadge } from './reconcile.tsx'

interface Props {
  readonly viewer: Viewer
  readonly name: string
  readonly report: ScanReport
  /** Of the accounts that are listed; undefined: all of them. */
  readonly situation: Situation | undefined
  readonly now: number
  readonly refused?: Refused | undefined
}

export function ScanPage({ viewer, name, report, situation, now, refused }: Props) {
  const { state, counts, note } = report
  return (
    <Layout title={`Scan of ${name}`} viewer={viewer} connection={{ name, tab: 'reconcile' }}>
      <div class="head">
        <div>
          <h1>Scan of {typeLabel(report.type).toLowerCase()}</h1>
          <p class="quiet">
            begun <Time iso={report.startedAt} now={now} />
            {report.finishedAt !== null && (
              <>
                , ended <Time iso={report.finishedAt} now={now} />
              </>
            )}
            {report.dryRun && ' · only looks: no link and no finding is written'}
          </p>
        </div>
        <StateBadge state={state} />
      </div>
      <ErrorSummary refused={refused} />
      {state === 'running' && <Running {...{ viewer, name, report }} />}
      {(state === 'refused' || state === 'failed') && (
        <Notice tone="bad">
          <h2>{state === 'refused' ? 'This list is not believed' : 'The scan has failed'}</h2>
          <p>{note}</p>
          <p>
            Nothing was changed. {state === 'refused' && REFUSED}
            <a href={pathOf`/admin/connections/${name}/reconcile`}>Scan again</a>
          </p>
        </Notice>
      )}
      {state === 'done' && counts !== null && (
        <>
          <section class="card" aria-labelledby="found">
            <h2 id="found">{plural(report.seen, 'account')} met</h2>
            <Shares
              items={SITUATION_NAMES.filter((one) => (counts[one] ?? 0) > 0).map((one) => ({
                label: SITUATIONS[one].label,
                count: counts[one] ?? 0,
              }))}
            />
            {report.restored > 0 && (
              <p>
                In {plural(report.restored, 'account')} that had drifted, what the directory had
                said was put back.
              </p>
            )}
          </section>
          <Accounts {...{ name, report, counts, situation }} />
        </>
      )}
    </Layout>
  )
}

const REFUSED =
  'If the app really became this small, scan again and say that you believe the shorter list. '

const PHASES: Readonly<Record<string, string>> = {
  walk: 'Walking the app’s list',
  ambiguous: 'Looking for keys that several accounts have',
  missing: 'Asking for accounts that were not listed',
  findings: 'Writing findings',
}

/** Without the script, the button does a part of the work and looks again. */
export function Running({
  viewer,
  name,
  report,
  after,
}: Pick<Props, 'viewer' | 'name'> & {
  report: ScanView
  /** The page that is shown when it has ended; absent: this one. */
  after?: string
}) {
  const { id, seen, total, phase, note } = report
  const at = pathOf`/connections/${name}/reconcile/${id}`
  const mayMove = may(viewer, 'POST', '/connections/:name/reconcile/:id/advance')
  return (
    <section
      class="card"
      aria-labelledby="running"
      data-scan={`/admin/api${at}`}
      {...(mayMove && { 'data-moves': '' })}
      {...(after !== undefined && { 'data-after': after })}
    >
      <h2 id="running">{PHASES[phase ?? 'walk']}</h2>
      <progress
        aria-labelledby="running"
        max={Math.max(total ?? 0, 1)}
        {...(total !== null && { value: seen })}
      />
      <p role="status">
        <span data-seen>{seen.toLocaleString('en')}</span>
        {total !== null && ` of ${total.toLocaleString('en')}`} accounts
      </p>
      <p data-note>{note ?? ''}</p>
      <p class="quiet">
        You may leave: the gateway goes on with it, and this page follows it again.
      </p>
      <div class="actions">
        {mayMove ? (
          <form method="post" action={`/admin${at}/advance`}>
            <button class="second" type="submit">
              Go on and look again
            </button>
          </form>
        ) : (
          <a class="button second" href={`/admin${at}`}>
            Look again
          </a>
        )}
      </div>
    </section>
  )
}

function Accounts({
  name,
  report,
  counts,
  situation,
}: {
  name: string
  report: ScanReport
  counts: NonNullable<ScanReport['counts']>
  situation: Situation | undefined
}) {
  const at = pathOf`/admin/connections/${name}/reconcile/${report.id}`
  const all = 'all'
  const said = situation && SITUATIONS[situation]
  const listed = SITUATION_NAMES.filter((one) => (counts[one] ?? 0) > 0)
  return (
    <section class="card" aria-labelledby="accounts">
      <div class="head">
        <h2 id="accounts">{said?.label ?? 'All accounts'}</h2>
        {said?.finding !== undefined && !report.dryRun && (
          <a
            class="button second"
            href={`${pathOf`/admin/connections/${name}/findings`}?kind=${said.finding}`}
          >
            Decide in the findings
          </a>
        )}
      </div>
      {said && (
        <p>
          {said.advice}
          {said.finding !== undefined &&
            report.dryRun &&
            ' To decide about them, scan again and let it write findings.'}
        </p>
      )}
      <Views
        label="Which accounts"
        items={[
          ...listed.map((one) => ({
            href: `${at}${queryOf({ situation: one })}`,
            text: `${SITUATIONS[one].label} (${counts[one]})`,
            isCurrent: one === situation,
          })),
          {
            href: `${at}${queryOf({ situation: all })}`,
            text: 'All',
            isCurrent: situation === undefined,
          },
        ]}
      />
      {report.items.length === 0 ? (
        <p class="quiet">
          None is listed. Names are kept for a month at the most, and of the last three scans.
        </p>
      ) : (
        <ScannedTable {...{ name, items: report.items }} />
      )}
      <More at={at} query={{ situation: situation ?? all }} cursor={report.nextCursor}>
        More accounts
      </More>
    </section>
  )
}

/** Accounts of the app, each with the way to its timeline. */
export function ScannedTable({ name, items }: { name: string; items: readonly ScannedView[] }) {
  const audit = pathOf`/admin/connections/${name}/audit`
  const hasReasons = items.some((one) => reasonOf(one) !== '')
  return (
    <Table heads={['Account', 'Situation', hasReasons && 'What', 'In the app']}>
      {items.map((one) => (
        <tr>
          <th scope="row">
            <a href={`${audit}${queryOf({ person: one.id ?? one.nativeId })}`}>{nameOf(one)}</a>
          </th>
          <td>
            <Badge tone={SITUATIONS[one.situation].tone}>{SITUATIONS[one.situation].label}</Badge>
          </td>
          {hasReasons && <td>{reasonOf(one)}</td>}
          <td data-label="In the app">
            <code>{one.nativeId}</code>
          </td>
        </tr>
      ))}
    </Table>
  )
}
