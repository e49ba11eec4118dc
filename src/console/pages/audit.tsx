import type { AuditEntryView } from '../../admin/audit.ts'
import { pathOf } from '../ask.ts'
import { Layout } from '../layout.tsx'
import { Exports, More } from '../parts/lists.tsx'
import { Badge, Time } from '../parts/marks.tsx'
import { Empty } from '../parts/notices.tsx'
import type { Viewer } from '../viewer.ts'

interface Props {
  readonly viewer: Viewer
  readonly name: string
  /** As it was entered; '': nothing. Days of ISO 8601. */
  readonly filter: {
    readonly person: string
    readonly outcome: string
    readonly from: string
    readonly to: string
    /** What a condition has led here for. */
    readonly decision: string
    readonly unknown: string
  }
  /** The same, for the API. */
  readonly query: Readonly<Record<string, string>>
  readonly items: readonly AuditEntryView[]
  readonly nextCursor: string | undefined
  readonly now: number
}

const OUTCOMES: Readonly<Record<string, string>> = {
  '': 'All of them',
  done: 'Done',
  unchanged: 'Nothing to change',
  answered: 'Answered',
  refused: 'Refused',
  failed: 'Failed',
}

/** What came, what was decided, what the app answered: newest first. */
export function AuditPage({ viewer, name, filter, query, items, nextCursor, now }: Props) {
  const at = pathOf`/admin/connections/${name}/audit`
  const { person, decision, unknown } = filter
  return (
    <Layout title={`Audit of ${name}`} viewer={viewer} connection={{ name, tab: 'audit' }}>
      <div class="head">
        <h1>{person === '' ? 'Audit' : `Timeline of ${person}`}</h1>
        <Exports at={pathOf`/admin/api/connections/${name}/audit`} query={query} what="audit" />
      </div>
      <form class="card search" method="get" action={at}>
        <div class="field wide">
          <label for="person">Person or group</label>
          <p class="hint" id="person-hint">
            User name, id in the app, SCIM id or externalId. Empty: everybody.
          </p>
          <input
            id="person"
            name="person"
            type="text"
            value={person}
            aria-describedby="person-hint"
          />
        </div>
        <div class="field">
          <label for="outcome">Outcome</label>
          <select id="outcome" name="outcome">
            {Object.entries(OUTCOMES).map(([value, text]) => (
              <option value={value} selected={value === filter.outcome}>
                {text}
              </option>
            ))}
          </select>
        </div>
        <Day name="from" label="From (UTC)" value={filter.from} />
        <Day name="to" label="To" value={filter.to} />
        <div class="actions">
          <button type="submit">Show</button>
        </div>
      </form>
      {(decision !== '' || unknown !== '') && (
        <p>
          Only{' '}
          {unknown === '' ? decision.replaceAll(',', ', ') : 'requests with unknown attributes'}.{' '}
          <a href={at}>Show everything</a>
        </p>
      )}
      {items.length === 0 ? (
        <Empty title="Nothing here">The audit has no such entry, or has it no more.</Empty>
      ) : (
        <ol class="timeline">
          {items.map((entry) => (
            <Entry entry={entry} now={now} />
          ))}
        </ol>
      )}
      <More at={at} query={filter} cursor={nextCursor}>
        Older entries
      </More>
    </Layout>
  )
}

function Day({ name, label, value }: { name: string; label: string; value: string }) {
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <input id={name} name={name} type="date" value={value} />
    </div>
  )
}

const TONES: Readonly<Record<string, 'good' | 'bad' | 'warn'>> = {
  done: 'good',
  refused: 'warn',
  failed: 'bad',
}

export function Entry({ entry, now }: { entry: AuditEntryView; now: number }) {
  const { at, request, outcome, came, decided, answered, status } = entry
  return (
    <li class="card">
      <p class="choice">
        <Badge tone={TONES[outcome] ?? 'calm'}>{outcome}</Badge>
        <Time iso={at} now={now} />
        {status !== null && <span class="quiet">answered {status}</span>}
      </p>
      <dl class="facts">
        <dt>What came</dt>
        <dd>{came}</dd>
        <dt>Decided</dt>
        <dd>{decided}</dd>
        <dt>The app</dt>
        <dd>{answered}</dd>
        <dt>Request</dt>
        <dd>
          <code>{request}</code>
        </dd>
      </dl>
    </li>
  )
}
