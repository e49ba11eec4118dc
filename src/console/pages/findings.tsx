import type { FindingView } from '../../admin/findings.ts'
import { pathOf, queryOf, type Refused } from '../ask.ts'
import { Layout } from '../layout.tsx'
import { More, Views } from '../parts/lists.tsx'
import { Badge, Time } from '../parts/marks.tsx'
import { Empty, ErrorSummary, Notice } from '../parts/notices.tsx'
import { may, type Viewer } from '../viewer.ts'
import { DECISIONS, FINDINGS, labelOf } from '../words.ts'

export const FINDING_STATES = ['open', 'ignored', 'closed'] as const

interface Props {
  readonly viewer: Viewer
  readonly name: string
  readonly state: (typeof FINDING_STATES)[number]
  readonly kind: string | undefined
  readonly items: readonly FindingView[]
  readonly nextCursor: string | undefined
  readonly now: number
  readonly isDecided?: boolean
  readonly refused?: Refused | undefined
}

export function FindingsPage(props: Props) {
  const { viewer, name, state, kind, items, nextCursor, now, isDecided, refused } = props
  const at = pathOf`/admin/connections/${name}/findings`
  return (
    <Layout title={`Findings of ${name}`} viewer={viewer} connection={{ name, tab: 'findings' }}>
      <h1>Findings</h1>
      <ErrorSummary refused={refused} />
      {isDecided && !refused && (
        <Notice tone="good">
          <p>Decided.</p>
        </Notice>
      )}
      <Views
        label="Which findings"
        items={FINDING_STATES.map((one) => ({
          href: `${at}${queryOf({ state: one, kind })}`,
          text: labelOf(one),
          isCurrent: one === state,
        }))}
      >
        {kind !== undefined && <a href={`${at}${queryOf({ state })}`}>All kinds</a>}
      </Views>
      {items.length === 0 && (
        <Empty title="Nothing here">
          {state === 'open' ? 'Nothing waits for a person.' : `No finding is ${state}.`}
        </Empty>
      )}
      {items.map((finding) => (
        <FindingCard finding={finding} at={at} viewer={viewer} now={now} />
      ))}
      <More at={at} query={{ state, kind }} cursor={nextCursor}>
        More findings
      </More>
    </Layout>
  )
}

/** Of the detail of a finding; the rest is for the API. */
const HIDDEN = ['nativeIds', 'decided', 'scan', 'type']

function FindingCard({
  finding,
  at,
  viewer,
  now,
}: {
  finding: FindingView
  at: string
  viewer: Viewer
  now: number
}) {
  const { id, kind, state, detail } = finding
  const said = FINDINGS[kind]
  const facts = Object.entries(detail).filter(([key]) => !HIDDEN.includes(key))
  const title = `finding-${id}`
  return (
    <article class="card" aria-labelledby={title}>
      <div class="head">
        <h2 id={title}>{said.title}</h2>
        <Badge tone={state === 'open' ? 'warn' : 'calm'}>{state}</Badge>
      </div>
      <p>
        {said.advice}
        {kind === 'guard' && state === 'open' && (
          <>
            {' '}
            <a href={at.replace(/findings$/, 'guard')}>Who is held back</a>
          </>
        )}
      </p>
      <dl class="facts">
        <dt>Seen</dt>
        <dd>
          first <Time iso={finding.firstSeen} now={now} />, last{' '}
          <Time iso={finding.lastSeen} now={now} />
        </dd>
        {facts.map(([key, value]) => (
          <>
            <dt>{labelOf(key)}</dt>
            <dd>{shown(value)}</dd>
          </>
        ))}
      </dl>
      {may(viewer, 'POST', '/connections/:name/findings/:id/decide') &&
        finding.decisions.length > 0 && (
          <DecideForm finding={finding} action={`${at}/${encodeURIComponent(id)}/decide`} />
        )}
    </article>
  )
}

/** Several accounts: one is to be chosen first. */
function DecideForm({ finding, action }: { finding: FindingView; action: string }) {
  const { id, detail, decisions, kind, state } = finding
  // To open what is open is possible, and nobody wants it.
  const offered = decisions.filter((one) => one !== 'reopen' || state !== 'open')
  const given = detail['nativeIds']
  const accounts = Array.isArray(given) ? given.map(String) : []
  return (
    <form method="post" action={action}>
      <fieldset>
        <legend class="label">{accounts.length > 1 ? 'Which account?' : 'Decide'}</legend>
        {accounts.length > 1 && (
          <div class="choice">
            {accounts.map((account, at) => (
              <span class="check">
                <input id={`${id}-${at}`} type="radio" name="nativeId" value={account} />
                <label for={`${id}-${at}`}>
                  Account <code>{account}</code>
                </label>
              </span>
            ))}
          </div>
        )}
        {kind === 'orphan' && (
          <div class="field">
            <label for={`${id}-account`}>Account to protect (its id in the app)</label>
            <input id={`${id}-account`} type="text" name="nativeId" />
          </div>
        )}
        <div class="actions">
          {offered.map((decision, at) => (
            <button
              type="submit"
              name="decision"
              value={decision}
              class={
                at === 0 && decision !== 'ignore' ? '' : decision === 'reject' ? 'danger' : 'second'
              }
            >
              {DECISIONS[decision] ?? labelOf(decision)}
            </button>
          ))}
        </div>
      </fieldset>
    </form>
  )
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).join(', ')
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .map(([key, part]) => `${labelOf(key).toLowerCase()} ${shown(part)}`)
    .join(' · ')
}
