import type { ConnectionView } from '../../admin/connections.ts'
import type { FindingView } from '../../admin/findings.ts'
import type { GuardView } from '../../admin/guard.ts'
import type { JsonObject } from '../../scim/schema.ts'
import { pathOf, queryOf, type Refused } from '../ask.ts'
import { ChangedMeanwhile, SeenInput } from '../changed-meanwhile.tsx'
import { Bars, Swatch } from '../chart.tsx'
import type { Form } from '../form.ts'
import { Layout } from '../layout.tsx'
import { Badge, ErrorSummary, Field, More, Notice, Time } from '../parts.tsx'
import { type Change, overlaid, readSeen, SEEN } from '../seen.ts'
import { may, type Viewer } from '../viewer.ts'
import { plural, typeLabel } from '../words.ts'
import { ModeForm } from './connection.tsx'

interface Props {
  readonly viewer: Viewer
  readonly connection: ConnectionView
  readonly view: GuardView
  /** Open ones of the guard: one for each resource type. */
  readonly findings: readonly FindingView[]
  readonly state: 'parked' | 'done' | 'rejected'
  readonly done: { readonly decided: string | undefined; readonly changed: boolean }
  readonly now: number
  readonly limits: LimitsForm
}

const STATES = {
  parked: { label: 'Held back', none: 'Nobody is held back.' },
  done: { label: 'Let through', none: 'Nobody was disabled or deleted in the last days.' },
  rejected: { label: 'Rejected', none: 'Nobody is rejected.' },
} as const

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
        <nav class="choice" aria-label="Who is listed">
          {Object.entries(STATES).map(([one, { label }]) => (
            <a
              href={at + queryOf({ state: one })}
              {...(one === state && { 'aria-current': 'page' as const })}
            >
              {label}
              {one === 'parked' && ` (${view.parked})`}
            </a>
          ))}
        </nav>
        {view.items.length === 0 ? <p>{STATES[state].none}</p> : <Who {...{ name, view, now }} />}
        <More at={at} query={{ state }} cursor={view.nextCursor}>
          Earlier ones
        </More>
      </section>

      {may(viewer, 'PATCH', '/connections/:name') && <Limits {...{ at, connection, limits }} />}
      <ModeForm viewer={viewer} connection={connection} now={now} />
    </Layout>
  )
}

function limitOf({ windowMinutes, maxCount, maxPercent, percentOf, left }: GuardView): string {
  const share =
    percentOf === null ? maxCount : Math.min(maxCount, Math.floor((percentOf * maxPercent) / 100))
  const why =
    percentOf !== null && share < maxCount
      ? ` (${maxPercent} % of ${plural(percentOf, 'linked person', 'linked people')})`
      : ''
  return `Within ${plural(windowMinutes, 'minute')} ${share.toLocaleString('en')} may leave${why}; ${left.toLocaleString('en')} did.`
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
    <div class="table">
      <table class="stack">
        <thead>
          <tr>
            <th scope="col">Who</th>
            <th scope="col">What was asked</th>
            <th scope="col">When</th>
            <th scope="col">In the app</th>
          </tr>
        </thead>
        <tbody>
          {view.items.map(({ id, display, nativeId, op, at }) => (
            <tr>
              <th scope="row">
                <a href={pathOf`/admin/connections/${name}/audit` + queryOf({ person: id })}>
                  {display ?? nativeId ?? id}
                </a>
              </th>
              <td>{op}</td>
              <td data-label="When">
                <Time iso={at} now={now} />
              </td>
              <td data-label="In the app">
                <code>{nativeId ?? 'gone'}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

const FIELDS = [
  ['windowMinutes', 'Window, in minutes', 'How far back is counted: 60 is an hour.'],
  ['maxCount', 'People at the most', 'Who leave within the window. 0 holds back everybody.'],
  ['maxPercent', 'Percent at the most', 'Of all linked people; counts above 20 of them only.'],
] as const

export const LIMITS = FIELDS.map(([name]) => name)

/** What came of the form of the limits, if one was sent. */
export interface LimitsForm {
  readonly given?: Form
  readonly refused?: Refused
  /** What somebody else saved meanwhile. */
  readonly others?: readonly Change[]
}

/** What the form is filled in over. */
export function limitsOf({ policy }: ConnectionView): JsonObject {
  const { guard } = policy as Partial<Record<'guard', JsonObject>>
  return Object.fromEntries(LIMITS.map((name) => [name, guard?.[name] ?? null]))
}

function Limits({
  at,
  connection,
  limits: { given, refused, others },
}: {
  at: string
  connection: ConnectionView
  limits: LimitsForm
}) {
  const now = limitsOf(connection)
  const textIn = (of: JsonObject) => (name: string) => String(of[name] ?? '')
  const seen = readSeen(given?.text(SEEN) ?? '')
  const text = !given
    ? textIn(now)
    : others && seen
      ? overlaid(given.text, textIn(seen), textIn(now))
      : given.text
  return (
    <form class="card narrow" method="post" action={`${at}/limits`}>
      <SeenInput of={(!others && seen) || now} />
      <fieldset>
        <legend>Limits</legend>
        {FIELDS.map(([id, label, hint]) => (
          <Field
            id={id}
            label={label}
            hint={hint}
            error={refused?.errors.find(({ path }) => path.endsWith(id))?.message}
            control={(described) => (
              <input
                {...{ id, name: id, type: 'number', min: 0, step: id === 'maxPercent' ? 0.1 : 1 }}
                value={text(id)}
                required
                {...described}
              />
            )}
          />
        ))}
        <div class="actions">
          <button type="submit">Change the limits</button>
        </div>
      </fieldset>
    </form>
  )
}
