/** Looks at connections, and makes notices of what somebody must be told: once, again, and when it is over. */
import type { Sealing } from '../access/seal.ts'
import {
  type ChannelRow,
  channelsFor,
  dueForAlerts,
  lookForAlertsAgain,
} from '../db/alert-channels.ts'
import { type Alert, Alerts, type NewDelivery } from '../db/alerts.ts'
import { type Database, StorageError } from '../db/database.ts'
import { type AlertKind, forNotice, isAlerting, isDueAgain } from '../govern/condition.ts'
import { type AlertTold, noticeOf } from '../govern/notice.ts'
import { conditionsFor } from './conditions.ts'
import { eachConnection } from './each-connection.ts'
import type { Jobs } from './jobs.ts'

/** In one run of the cron. */
const CONNECTIONS = 50
const AGAIN_MS = 5 * 60_000
/** What was away for so long is over: an app that comes and goes is one alert. */
const AWAY_MS = 10 * 60_000
/** Of one connection. */
const MOST_OPEN = 200

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
  const now = jobs.io.now()
  const { control, data, sealing } = jobs
  const [channels, found, open] = await Promise.all([
    channelsFor(control, id),
    conditionsFor({ control, data, sealing, now }, [connection]),
    alerts.open(MOST_OPEN),
  ])
  const all = found.get(id) ?? []
  // What is not known has not ended.
  if (all.some(({ kind }) => kind === 'database-silent'))
    throw new StorageError('alerts: not known')
  const conditions = all.filter(isAlerting).map(forNotice)
  const key = ({ kind, subject }: Pick<Alert, 'kind' | 'subject'>) => `${kind}\n${subject}`
  const known = new Map(open.map((alert) => [key(alert), alert]))
  const holding = new Set(conditions.map(key))
  const quiet: Alert[] = []

  const about = { connection: connection.name, now, origin: jobs.origin }
  const deliveriesOf = (
    type: Parameters<typeof noticeOf>[0],
    alert: Alert,
    condition: AlertTold,
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
      const condition = { ...alert, kind: alert.kind as AlertKind } as AlertTold
      await alerts.tell(alert, 'ended', deliveriesOf('alert.ended', alert, condition), now)
    } else quiet.push({ ...alert, absentAt })
  }
  if (quiet.length > 0) await alerts.note(quiet)
}

const hears = (channel: ChannelRow, severity: Alert['severity']): boolean =>
  channel.severity === 'warning' || severity === 'critical'

function begun(told: AlertTold & { readonly stage: number }, now: number): Omit<Alert, 'id'> {
  return { ...told, openedAt: now, toldAt: now, notices: 1, absentAt: undefined }
}
