/** The jobs of the cron, in their order, and those of them that a message of the queue wakes up. */
import { samplesFor } from '../admin/metrics.ts'
import { CronTurn } from '../db/cron-turn.ts'
import { FIRST } from '../db/data-databases.ts'
import { raiseAlerts } from '../jobs/alerts.ts'
import { deliverAlerts } from '../jobs/deliver-alerts.ts'
import { erase } from '../jobs/erase.ts'
import { type DataJobs, jobsIn } from '../jobs/jobs.ts'
import { closeCutOff, forgetTraffic, keepAudit } from '../jobs/keep-audit.ts'
import { startDueScans } from '../jobs/nightly.ts'
import { closePassed, endModes } from '../jobs/passing.ts'
import { poll } from '../jobs/poll.ts'
import { resealing } from '../jobs/reseal.ts'
import { continueScans } from '../jobs/scan.ts'
import { signConnections } from '../jobs/sign-connections.ts'
import { sweep } from '../jobs/sweep.ts'
import { sweepMembers } from '../jobs/sweep-members.ts'
import { sweepRoles } from '../jobs/sweep-roles.ts'
import { tick } from '../jobs/tick.ts'
import { knownAdapters } from './adapters.ts'
import type { Core } from './core.ts'
import type { Composed } from './parts.ts'

export function openCron(core: Core): Pick<Composed, 'scheduled' | 'alerts'> {
  const { parts, d1, db, data, sealing, jobs, sending, metrics, exporter, connections } = core
  const { env, io, after, sandbox, log } = parts
  const { describe } = knownAdapters(core)
  const reseal = resealing({ db, sealing, now: io.now, log })
  const wakeUp = async (delaySeconds: number) => {
    // What cannot be woken up is found by the cron.
    await env.ALERT_QUEUE?.send({}, { delaySeconds }).catch(() => core.lost('wake-up'))
  }
  /** One job for each database: what one of them keeps waiting or fails is no other's. */
  const inEach = (job: string, work: (own: DataJobs) => Promise<void>) =>
    Object.fromEntries(
      data.all().map((one) => {
        const name = one.binding === FIRST ? job : `${job}_${one.binding}`
        return [name, () => work(jobsIn(jobs, one))]
      }),
    )
  const alerts = {
    raiseAlerts: () => raiseAlerts({ ...jobs, control: db, sealing, origin: env.BASE_URL }),
    ...inEach('deliverAlerts', (own) => deliverAlerts({ ...sending, ...own, wakeUp })),
  }
  const all = {
    ...inEach('sweep', sweep),
    ...inEach('poll', poll),
    ...inEach('sweepMembers', sweepMembers),
    endModes: () => endModes(jobs),
    ...inEach('closePassed', closePassed),
    startDueScans: () => startDueScans(jobs),
    ...inEach('sweepRoles', sweepRoles),
    ...inEach('continueScans', continueScans),
    ...alerts,
    ...(exporter && {
      exportMetrics: async () => exporter.metrics(await samplesFor(metrics, null)),
    }),
    ...inEach('closeCutOff', closeCutOff),
    keepAudit: () => keepAudit({ ...jobs, control: d1 }),
    ...inEach('forgetTraffic', forgetTraffic),
    erase: () => erase(jobs),
    reseal,
    signConnections: () => signConnections({ connections, sandbox: sandbox.name, describe, log }),
  }
  return {
    alerts: () => tick(jobs, alerts),
    scheduled: () => tick(jobs, all, { turn: new CronTurn(db), after }),
  }
}
