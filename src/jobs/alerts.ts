/** Looks at connections, and makes notices of what somebody must be told: once, again, and when it is over. */
import { SealError, type Sealing } from '../access/seal.ts'
import {
  type ChannelRow,
  channelsFor,
  dueForAlerts,
  lookForAlertsAgain,
} from '../db/alert-channels.ts'
import { endingBetween, openFindingsOf, orphansSince, sealedWithOthers } from '../db/alert-facts.ts'
import { type Alert, Alerts, type NewDelivery } from '../db/alerts.ts'
import type { Database } from '../db/database.ts'
import { lastHeard, SPAN_MS, spansSince } from '../db/traffic.ts'
import {
  type AlertKind,
  type Condition,
  conditionsOf,
  ENDED_MS,
  ENDING_MS,
  type Facts,
  FINDINGS_THAT_ALERT,
  isDueAgain,
  ORPHANS_MS,
} from '../govern/alert-conditions.ts'
import { quarantineOf, windowOf } from '../govern/health.ts'
import { noticeOf } from '../govern/notice.ts'
import { eachConnection } from './each-connection.ts'
import type { Jobs } from './jobs.ts'

/** In one run of the cron. */
const CONNECTIONS = 50
const AGAIN_MS = 5 * 60_000
/** What was away for so long is over: an app that comes and goes is one alert. */
const AWAY_MS = 10 * 60_000
/** Of one connection. */
const MOST_OPEN = 200
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export interface AlertJobs extends Jobs {
  /** Holds the control tables. */
  readonly control: Database
  readonly sealing: Sealing
  /** Public origin of the gateway; '' where none is configured. */
  readonly origin: string
}

export async function raiseAlerts(jobs: AlertJobs): Promise<void> {
  const { control, io } = jobs
  const due = await dueForAlerts(control, io.now(), CONNECTIONS)
  if (due.length === 0) return
  // First: one that cannot be looked at waits as the others do, and holds up none.
  await lookForAlertsAgain(control, due, io.now() + AGAIN_MS)
  const items = due.map((connection) => ({ connection }))
  await eachConnection(jobs, 'alerts.failed', items, (_, id) => look(jobs, id))
}

async function look(jobs: AlertJobs, id: string): Promise<void> {
  const connection = await jobs.access.byId(id)
  if (!connection) return
  const db = jobs.openData(connection)
  const alerts = new Alerts(db, id)
  const [channels, facts, open] = await Promise.all([
    channelsFor(jobs.control, id),
    factsOf(jobs, db, id),
    alerts.open(MOST_OPEN),
  ])
  const { now } = facts
  const conditions = conditionsOf(facts)
  const key = ({ kind, subject }: Pick<Alert, 'kind' | 'subject'>) => `${kind}\n${subject}`
  const known = new Map(open.map((alert) => [key(alert), alert]))
  const holding = new Set(conditions.map(key))
  const quiet: Alert[] = []

  const about = { connection: connection.name, now, origin: jobs.origin }
  const deliveriesOf = (
    type: Parameters<typeof noticeOf>[0],
    alert: Alert,
    condition: Condition,
  ): NewDelivery[] => {
    const notice = noticeOf(type, condition, {
      ...about,
      alert: alert.id,
      openedAt: alert.openedAt,
    })
    const { severity } = alert
    return channels
      .filter((channel) => hears(channel, severity))
      .map(({ id: channel }) => ({
        id: `msg_${jobs.io.newId()}`,
        ...{ alert: alert.id, channel, notice: { ...notice } },
      }))
  }

  for (const condition of conditions) {
    const before = known.get(key(condition))
    if (!before) {
      const alert = { ...begun(condition, now), id: jobs.io.newId() }
      await alerts.begin(alert, deliveriesOf('alert.opened', alert, condition), now)
      continue
    }
    const alert = { ...before, ...condition, absentAt: undefined }
    if (isDueAgain(before, condition, now)) {
      await alerts.tell(alert, 'open', deliveriesOf('alert.reminder', alert, condition), now)
    } else quiet.push(alert)
  }
  for (const alert of open.filter((each) => !holding.has(key(each)))) {
    const { absentAt = now } = alert
    if (now - absentAt >= AWAY_MS) {
      const condition = { ...alert, kind: alert.kind as AlertKind } as Condition
      await alerts.tell(alert, 'ended', deliveriesOf('alert.ended', alert, condition), now)
    } else quiet.push({ ...alert, absentAt })
  }
  if (quiet.length > 0) await alerts.note(quiet)
}

const hears = (channel: ChannelRow, severity: Alert['severity']): boolean =>
  channel.severity === 'warning' || severity === 'critical'

function begun(condition: Condition, now: number): Omit<Alert, 'id'> {
  return { ...condition, openedAt: now, toldAt: now, notices: 1, absentAt: undefined }
}

async function factsOf(jobs: AlertJobs, db: Database, id: string): Promise<Facts> {
  const { control, io } = jobs
  const now = io.now()
  const [spans, heardAt, findings, orphans, endings, lostSecrets] = await Promise.all([
    spansSince(db, id, now - DAY_MS - SPAN_MS),
    lastHeard(db, id),
    openFindingsOf(db, id, FINDINGS_THAT_ALERT),
    orphansSince(db, id, now - ORPHANS_MS),
    endingBetween(control, id, now - ENDED_MS, now + ENDING_MS),
    lostSecretsOf(jobs, id),
  ])
  // As the health of the connection has it.
  const since = (ms: number) => spans.filter(({ at }) => at + SPAN_MS > now - ms)
  const hour = windowOf(since(HOUR_MS))
  const quarantine = quarantineOf(windowOf(since(DAY_MS)), hour)
  const { denied } = hour
  return { now, quarantine, denied, heardAt, findings, orphans, endings, lostSecrets }
}

async function lostSecretsOf({ control, sealing }: AlertJobs, id: string): Promise<number> {
  try {
    const { current, previous } = await sealing.keyIds()
    return await sealedWithOthers(
      control,
      id,
      current === undefined ? previous : [current, ...previous],
    )
  } catch (error) {
    if (!(error instanceof SealError)) throw error
    // A store that does not answer now has lost nothing.
    return error.passes ? 0 : sealedWithOthers(control, id, [])
  }
}
