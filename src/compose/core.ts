/** What every request needs, and what the admin API and the cron are built on. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { Access } from '../access/authenticate.ts'
import { baseUrlOf } from '../access/base-url.ts'
import { accessTrust } from '../access/cloudflare-access.ts'
import { Door } from '../access/door.ts'
import { KeySets } from '../access/key-sets.ts'
import { RequestRates } from '../access/request-rates.ts'
import { Sealing } from '../access/seal.ts'
import { SignIn } from '../access/sign-in.ts'
import { steadyClock } from '../access/steady-clock.ts'
import { readsOnce } from '../access/worker-secret.ts'
import type { OnCall } from '../adapter/app-call.ts'
import { checkAppUrl } from '../adapter/url.ts'
import type { AppDeps } from '../app.ts'
import { Connections } from '../db/connections.ts'
import { DataDatabases, FIRST, type Placed } from '../db/data-databases.ts'
import { openDatabase } from '../db/database.ts'
import { healthOf } from '../db/health.ts'
import { watched } from '../db/watched.ts'
import { AuditBatch } from '../govern/audit-batch.ts'
import type { Trail } from '../govern/trail.ts'
import { ValueHashes } from '../govern/value-hashes.ts'
import type { Jobs } from '../jobs/jobs.ts'
import type { Mail } from '../jobs/send-notice.ts'
import { errorName } from '../log/error-name.ts'
import type { NotDone } from '../log/events.ts'
import { AppTrouble } from '../operations/app-trouble.ts'
import { NativeIds } from '../operations/native-ids.ts'
import { StoredAdapters } from '../operations/stored-adapters.ts'
import { type Answered, dataPointOf } from '../telemetry/data-point.ts'
import { Exporter } from '../telemetry/exporter.ts'
import { spansOf } from '../telemetry/spans.ts'
import { openApps } from './apps.ts'
import type { Parts } from './parts.ts'

export type Core = ReturnType<typeof openCore>

export function openCore(parts: Parts) {
  const { env, io, fetch, after, waitUntil, log } = parts
  const { now } = io
  const underWay = new AsyncLocalStorage<Trail>()
  const watch = (one: D1Database) =>
    watched(one, now, (trip) =>
      underWay.getStore()?.waitedFor({ of: 'd1', name: 'D1', endedAt: now(), ...trip }),
    )
  const d1 = watch(env.DB)
  const db = openDatabase(d1)
  const data = new DataDatabases(
    new Map([
      [FIRST, db],
      ...[...(parts.databases ?? [])].map(
        ([binding, one]) => [binding, openDatabase(watch(one))] as const,
      ),
    ]),
    (database, error) => log({ event: 'database.failed', database, error: errorName(error) }),
  )
  const openData = (connection: Pick<Placed, 'dataDatabase'>) => data.of(connection)

  const sealingKey = readsOnce('POSTERN_SEALING_KEY', env.POSTERN_SEALING_KEY)
  const sealing = new Sealing({
    current: sealingKey,
    previous: readsOnce('POSTERN_SEALING_KEYS_PREVIOUS', env.POSTERN_SEALING_KEYS_PREVIOUS),
  })
  const allowInsecure = env.POSTERN_DEV === '1'
  const lost = (what: NotDone) => log({ event: 'lost', what })
  const checkKeyUrl = (url: string) => checkAppUrl(url, { allowInsecure })
  const keySets = new KeySets({ fetch, now, wait: io.wait, checkUrl: checkKeyUrl })
  const access = new Access({ db: d1, sealing, keySets, now, waitUntil, lost })
  const adminToken = readsOnce('POSTERN_ADMIN_TOKEN', env.POSTERN_ADMIN_TOKEN)
  const signIn = new SignIn({
    ...{ db: d1, keySets, now, waitUntil, lost },
    bootstrapToken: adminToken,
    isWeak: () => log({ event: 'admin.token.short', setting: 'POSTERN_ADMIN_TOKEN' }),
    sessionSecret: sealingKey,
    access: env.POSTERN_ACCESS_TEAM
      ? accessTrust(env.POSTERN_ACCESS_TEAM, env.POSTERN_ACCESS_AUDIENCE)
      : undefined,
  })
  const address = { configured: env.BASE_URL, isDevelopment: allowInsecure }
  const baseUrl = (requestUrl: string) => baseUrlOf(requestUrl, address)

  const stored = new StoredAdapters(d1, now)
  const connections = new Connections(d1)
  const apps = openApps(parts, { stored, connections, sealing, openData, allowInsecure })
  const trouble = new AppTrouble()
  const hashes = new ValueHashes(sealing)
  const audit = new AuditBatch({
    ...{ hashes, openData, now, after, waitUntil, log },
    known: async (names) => (await connections.known({ names })).map(({ name }) => name),
    named: (name) => access.named(name),
  })
  const jobs: Jobs = {
    ...{ access, connections, io, data, openData, hashes, trouble, log },
    openApp: (connection, deadline, onCall) => apps.open(connection, deadline, 'job', onCall),
  }
  const mail = env.ALERT_EMAIL
  const sending = {
    ...{ sealing, fetch, after, now, allowInsecure, control: db },
    sendMail: mail && ((message: Mail) => mail.send(message)),
  }
  const metrics = {
    ...{ control: db, data, now },
    token: readsOnce('POSTERN_METRICS_TOKEN', env.POSTERN_METRICS_TOKEN),
    flush: () => audit.flush(),
  }
  const exporter =
    env.OTLP_ENDPOINT === ''
      ? undefined
      : new Exporter({
          endpoint: env.OTLP_ENDPOINT,
          headers: readsOnce('OTLP_HEADERS', env.OTLP_HEADERS),
          ...{ fetch, now, after, waitUntil, log },
        })

  const rates = new RequestRates()
  const stepping =
    (onCall: OnCall): OnCall =>
    (call) => {
      onCall(call)
      const { method, route, status, failure, ms } = call
      const isFailed = failure !== undefined || (status ?? 0) >= 500
      const name = `${method} ${route}`
      underWay.getStore()?.waitedFor({ of: 'app', name, endedAt: now(), ms, isFailed, status })
    }
  const scim: Omit<AppDeps, 'manage'> = {
    door: new Door({ access, rates, now }),
    oauth: { db: d1, keySets, rates, now },
    nativeIds: new NativeIds(),
    openApp: (connection, deadline, onCall) =>
      apps.open(connection, deadline, 'request', stepping(onCall)),
    isHealthy: healthOf(db, steadyClock(now)),
    inTrail: (trail, work) => underWay.run(trail, work),
    measure(line: Answered, trail: Trail, traceparent: string | null) {
      exporter?.add(spansOf(line, trail.at, trail.steps, traceparent, io.newId))
      try {
        env.ANALYTICS?.writeDataPoint(dataPointOf(line))
      } catch {
        lost('data point')
      }
    },
    ...{ audit, io, trouble, openData, baseUrl, after, waitUntil, log },
  }
  return {
    ...{ parts, d1, db, data, openData, sealing, access, signIn, adminToken, allowInsecure },
    ...{ baseUrl, checkKeyUrl, stored, connections, apps, hashes, audit, jobs, sending, metrics },
    ...{ exporter, lost, scim },
  }
}
