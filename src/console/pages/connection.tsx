import type { ConditionView } from '../../admin/conditions.ts'
import type { ConnectionView } from '../../admin/connection-view.ts'
import type { HealthView } from '../../admin/health.ts'
import type { ConnectionHealth } from '../../admin/overview.ts'
import { pathOf, type Refused } from '../ask.ts'
import { textOf } from '../forms/json-text.ts'
import { Layout } from '../layout.tsx'
import { Attention } from '../parts/attention.tsx'
import { Bars, Shares } from '../parts/chart.tsx'
import { Badge, Copyable, Time } from '../parts/marks.tsx'
import { ModeBadge, ModeCard } from '../parts/mode.tsx'
import { ErrorSummary, Notice } from '../parts/notices.tsx'
import type { Viewer } from '../viewer.ts'
import { FINDINGS, labelOf, percent, plural, typeLabel } from '../words.ts'

interface Props {
  readonly viewer: Viewer
  readonly connection: ConnectionView
  readonly health: ConnectionHealth
  readonly vitals: HealthView
  /** Undefined: nobody could find out. */
  readonly conditions: readonly ConditionView[] | undefined
  readonly now: number
  readonly refused?: Refused | undefined
}

export function ConnectionPage(props: Props) {
  const { viewer, connection, health, vitals, conditions, now, refused } = props
  const { name, adapter, mode } = connection
  const open = Object.entries(health.findings ?? {}) as [keyof typeof FINDINGS, number][]
  const { traffic } = health
  const { day, guard } = vitals
  const requests = traffic.requests.reduce((sum, count) => sum + count, 0)
  const failures = traffic.failures.reduce((sum, count) => sum + count, 0)
  return (
    <Layout title={name} viewer={viewer} connection={{ name, tab: 'overview' }}>
      <div class="head">
        <div>
          <h1>{name}</h1>
          <p class="quiet">adapter {adapter}</p>
        </div>
        <ModeBadge mode={mode} />
      </div>
      <ErrorSummary refused={refused} />
      {health.lastHeard === null && (
        <Notice tone="calm">
          <p>
            No client has signed in yet.{' '}
            <a href={pathOf`/admin/connections/${name}/connect`}>What to paste into Entra</a>
          </p>
        </Notice>
      )}
      <Attention conditions={conditions} now={now} isOfOne />
      <dl class="figures">
        <div>
          <dt>Last heard</dt>
          <dd>
            <Time iso={health.lastHeard} now={now} />
          </dd>
        </div>
        {Object.entries({ User: 0, ...health.linked }).map(([type, count]) => (
          <div>
            <dt>{typeLabel(type)} linked</dt>
            <dd>{count.toLocaleString('en')}</dd>
          </div>
        ))}
        <div>
          <dt>Went well, 24 hours</dt>
          <dd>{percent(day.successRate)}</dd>
        </div>
        <div>
          <dt>Median, 95 %</dt>
          <dd>{day.p50Ms === null ? 'no requests' : `${day.p50Ms}, ${day.p95Ms} ms`}</dd>
        </div>
        <div>
          <dt>Guard, {guard.windowMinutes} minutes</dt>
          <dd>
            <a href={pathOf`/admin/connections/${name}/guard`}>
              {guard.left === 1 ? '1 has left' : `${guard.left} have left`}
            </a>
            {guard.parked > 0 && <Badge tone="bad">{guard.parked} held back</Badge>}
          </dd>
        </div>
        <div>
          <dt>Tokens</dt>
          <dd>
            <a href={pathOf`/admin/connections/${name}/tokens`}>{health.tokens}</a>
            {health.nextExpiry !== null && (
              <span class="quiet">
                {' '}
                · first ends <Time iso={health.nextExpiry} now={now} />
              </span>
            )}
          </dd>
        </div>
      </dl>

      <section class="card" aria-labelledby="to-decide">
        <h2 id="to-decide">To decide</h2>
        {open.length === 0 ? (
          <p>Nothing waits for a person.</p>
        ) : (
          <ul class="cards">
            {open.map(([kind, count]) => (
              <li>
                <a
                  class="card"
                  href={`${pathOf`/admin/connections/${name}/findings`}?kind=${kind}`}
                >
                  <strong>{FINDINGS[kind].title}</strong>
                  <span>{plural(count, 'open finding')}</span>
                </a>
              </li>
            ))}
          </ul>
        )}
      </section>

      <section class="card" aria-labelledby="requests">
        <h2 id="requests">Requests by day</h2>
        {requests === 0 ? (
          <p>No requests in the last 14 days.</p>
        ) : (
          <>
            <Bars
              counts={traffic.requests}
              failures={traffic.failures}
              what="request"
              when="in the last 14 days"
              size="large"
            />
            <p class="axis">
              <span>{traffic.since.slice(0, 10)}</span>
              <span>today</span>
            </p>
            <p>
              {plural(requests, 'request')},{' '}
              {plural(failures, 'of them refused or failed', 'of them refused or failed')}
              {traffic.denied > 0 &&
                `; ${plural(traffic.denied, 'more was', 'more were')} not let in`}
              .
            </p>
          </>
        )}
        {health.decisions.length > 0 && (
          <>
            <h3>Decided lately</h3>
            <Shares
              items={health.decisions.map(({ decision, count }) => ({
                label: labelOf(decision),
                count,
              }))}
            />
          </>
        )}
      </section>

      <ModeCard viewer={viewer} connection={connection} now={now} />

      <section class="card" aria-labelledby="settings">
        <div class="head">
          <h2 id="settings">Settings</h2>
          <a href={pathOf`/admin/connections/${name}/settings`}>All settings, and the policy</a>
        </div>
        <Copyable id="base-url" label="SCIM base URL" value={connection.scimBaseUrl} />
        <dl class="facts">
          {Object.entries(connection.settings).map(([key, value]) => (
            <>
              <dt>{labelOf(key)}</dt>
              <dd>
                <code>{textOf(value)}</code>
              </dd>
            </>
          ))}
          <dt>Mapping</dt>
          <dd>
            {Object.keys(connection.mapping).length === 0
              ? 'the adapter’s own'
              : 'the connection’s own'}
            , version {connection.mappingVersion}
          </dd>
          <dt>Made</dt>
          <dd>
            <Time iso={connection.createdAt} now={now} />
          </dd>
        </dl>
      </section>
    </Layout>
  )
}
