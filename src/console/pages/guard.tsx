import type { ConnectionView } from '../../admin/connection-view.ts'
import type { FindingView } from '../../admin/findings.ts'
import type { GuardView } from '../../admin/guard.ts'
import { pathOf, queryOf } from '../ask.ts'
import { Layout } from '../layout.tsx'
import { ChangedMeanwhile } from '../parts/changed-meanwhile.tsx'
import { Bars, Swatch } from '../parts/chart.tsx'
import { More, Table, Views } from '../parts/lists.tsx'
import { Badge, Time } from '../parts/marks.tsx'
import { ModeCard } from '../parts/mode.tsx'
import { ErrorSummary, Notice } from '../parts/notices.tsx'
import { may, type Viewer } from '../viewer.ts'
import { nameOf, plural, typeLabel } from '../words.ts'
import { GuardLimits, type LimitsForm } from './guard-limits.tsx'

const STATES = {
  parked: { label: 'Held back', none: 'Nobody is held back.' },
  done: { label: 'Let through', none: 'Nobody was disabled or deleted in the last days.' },
  rejected: { label: 'Rejected', none: 'Nobody is rejected.' },
} as const

export const GUARD_STATES = Object.keys(STATES) as readonly (keyof typeof STATES)[]

interface Props {
  readonly viewer: Viewer
  readonly connection: ConnectionView
  readonly view: GuardView
  /** Open ones of the guard: one for each resource type. */
  readonly findings: readonly FindingView[]
  readonly state: keyof typeof STATES
  readonly done: { readonly decided: string | undefined; readonly changed: boolean }
  readonly now: number
  readonly limits: LimitsForm
}

const DECIDED: Readonly<Record<string, string>> = {
  allow: 'Allowed: each passes when the client tries again, which Entra does in its next cycle.',
  reject:
    'Rejected: nothing was changed in the app. Take the people out of what the directory disables, or it will ask again.',
}

export function GuardPage(props: Props) {
  const { viewer, connection, view, findings, state, done, now, limits } = props
  const { refused, others } = limits
  const { name } = connection
  const at = pathOf`/admin/connections/${name}/guard`
  const seen = view.hours.left.reduce((sum, n) => sum + n, 0)
  const held = view.hours.parked.reduce((sum, n) => sum + n, 0)
  return (
    <Layout title={`Guard of ${name}`} viewer={viewer} connection={{ name, tab: 'guard' }}>
      <div class="head">
        <h1>Guard</h1>
        {view.parked > 0 ? <Badge tone="bad">tripped</Badge> : <Badge tone="good">quiet</Badge>}
      </div>
      <p>
        A wrong filter in the directory can disable a whole company in an hour. Past a limit,
        further disables and deletes wait here until a person decides.
      </p>
      <ErrorSummary refused={refused} fieldOf={(path) => path.split('.').at(-1) ?? path} />
      <ChangedMeanwhile changes={others} />
      {!refused && done.decided !== undefined && DECIDED[done.decided] !== undefined && (
        <Notice tone="good">
          <p>{DECIDED[done.decided]}</p>
        </Notice>
      )}
      {!refused && done.changed && (
        <Notice tone="good">
          <p>The limits are changed. They hold from the next request on.</p>
        </Notice>
      )}
      {findings.map((finding) => (
        <Tripped {...{ viewer, at, finding, parked: view.parked, now }} />
      ))}

      <section class="card" aria-labelledby="seen">
        <h2 id="seen">The last 24 hours</h2>
        <Bars
          counts={view.hours.left.map((left, hour) => left + (view.hours.parked[hour] ?? 0))}
          failures={view.hours.parked}
          what="disable or delete"
          many="disables and deletes"
          when="in the last 24 hours"
          size="large"
        />
        <p class="axis">
          <span>a day ago</span>
          <span>now</span>
        </p>
        <p>
          <Swatch tone="accent" />
          {plural(seen, 'person', 'people')} let through, <Swatch tone="bad" />
          {held.toLocaleString('en')} held back. {limitOf(view)}
        </p>
      </section>

      <section class="card" aria-labelledby="who">
        <h2 id="who">{STATES[state].label}</h2>
        <Views
          label="Who is listed"
          items={GUARD_STATES.map((one) => ({
            href: at + queryOf({ state: one }),
            text: `${STATES[one].label}${one === 'parked' ? ` (${view.parked})` : ''}`,
            isCurrent: one === state,
          }))}
        />
        {view.items.length === 0 ? <p>{STATES[state].none}</p> : <Who {...{ name, view, now }} />}
        <More at={at} query={{ state }} cursor={view.nextCursor}>
          Earlier ones
        </More>
      </section>

      {may(viewer, 'PATCH', '/connections/:name') && (
        <GuardLimits {...{ at, connection, limits }} />
      )}
      <ModeCard viewer={viewer} connection={connection} now={now} />
    </Layout>
  )
}

function limitOf({ windowMinutes, maxCount, maxPercent, percentOf, mayLeave, left }: GuardView) {
  const why =
    percentOf !== null && mayLeave < maxCount
      ? ` (${maxPercent} % of ${plural(percentOf, 'person', 'people')}, with those who have left since)`
      : ''
  return `Within ${plural(windowMinutes, 'minute')} ${mayLeave.toLocaleString('en')} may leave${why}; ${left.toLocaleString('en')} did.`
}

function Tripped({
  viewer,
  at,
  finding,
  parked,
  now,
}: {
  viewer: Viewer
  at: string
  finding: FindingView
  parked: number
  now: number
}) {
  const type = finding.detail['type']
  return (
    <section class="notice bad" aria-labelledby={`finding-${finding.id}`}>
      <h2 id={`finding-${finding.id}`}>
        {plural(parked, 'disable or delete is', 'disables and deletes are')} held back
        {typeof type === 'string' && type !== 'User' && ` (${typeLabel(type)})`}
      </h2>
      <p>
        Since <Time iso={finding.firstSeen} now={now} />. Nothing has happened to these people in
        the app. Look at the scope and the filters in the directory first: is this meant?
      </p>
      {may(viewer, 'POST', '/connections/:name/findings/:id/decide') && (
        <form method="post" action={`${at}/decide`}>
          <input type="hidden" name="finding" value={finding.id} />
          <div class="actions">
            <button type="submit" name="decision" value="allow">
              Allow all of them
            </button>
            <button class="danger" type="submit" name="decision" value="reject">
              Reject all of them
            </button>
          </div>
        </form>
      )}
    </section>
  )
}

function Who({ name, view, now }: { name: string; view: GuardView; now: number }) {
  return (
    <Table heads={['Who', 'What was asked', 'When', 'In the app']}>
      {view.items.map((one) => (
        <tr>
          <th scope="row">
            <a href={pathOf`/admin/connections/${name}/audit` + queryOf({ person: one.id })}>
              {nameOf(one)}
            </a>
          </th>
          <td>{one.op}</td>
          <td data-label="When">
            <Time iso={one.at} now={now} />
          </td>
          <td data-label="In the app">
            <code>{one.nativeId ?? 'gone'}</code>
          </td>
        </tr>
      ))}
    </Table>
  )
}
