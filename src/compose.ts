/** Puts the parts together: bindings, adapters and the outside world in, app and jobs out. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { Access } from './access/authenticate.ts'
import { baseUrlOf } from './access/base-url.ts'
import { accessTrust } from './access/cloudflare-access.ts'
import type { Connection } from './access/connection.ts'
import { Door } from './access/door.ts'
import { KeySets } from './access/key-sets.ts'
import type { After } from './access/read-at-most.ts'
import { RequestRates } from './access/request-rates.ts'
import { Sealing } from './access/seal.ts'
import { SignIn } from './access/sign-in.ts'
import { steadyClock } from './access/steady-clock.ts'
import { readsOnce } from './access/worker-secret.ts'
import type { OnCall } from './adapter/app-call.ts'
import { checkSettings } from './adapter/check-settings.ts'
import type { Adapter, Limits } from './adapter/contract.ts'
import { identityOf } from './adapter/identity.ts'
import { directoriesBy } from './adapter/ldap/client.ts'
import type { OpenSocket } from './adapter/open-socket.ts'
import { RemoteAdapter } from './adapter/remote/connect.ts'
import type { AdapterBinding } from './adapter/remote/wire.ts'
import { checkDatabaseUrl, isDatabaseUrl } from './adapter/sql/address.ts'
import { createDial } from './adapter/sql/dial.ts'
import { checkAppUrl, checkBaseUrl } from './adapter/url.ts'
import { accessRoutes } from './admin/access.ts'
import { type AdapterListing, adapterRoutes } from './admin/adapters.ts'
import { administratorRoutes } from './admin/administrators.ts'
import { alertRoutes } from './admin/alerts.ts'
import { auditRoutes } from './admin/audit.ts'
import { clientRoutes } from './admin/clients.ts'
import { conditionRoutes } from './admin/conditions.ts'
import { connectionAdapterRoutes } from './admin/connection-adapter.ts'
import {
  type AdapterDescription,
  describeAdapter,
  describePrivate,
  schemaOf,
} from './admin/describe-adapter.ts'
import type { Setup } from './admin/doctor/gateway.ts'
import { doctorRoutes } from './admin/doctor.ts'
import { findingRoutes } from './admin/findings.ts'
import { groupRoutes } from './admin/groups.ts'
import { guardRoutes } from './admin/guard.ts'
import { healthRoutes } from './admin/health.ts'
import { leaverRoutes } from './admin/leavers.ts'
import { manifestRoutes } from './admin/manifests.ts'
import { mappingRoutes } from './admin/mapping.ts'
import { mappingHistoryRoutes } from './admin/mapping-history.ts'
import { answerScrape, metricsRoutes, samplesFor } from './admin/metrics.ts'
import { movingRoutes } from './admin/moving.ts'
import { overviewRoutes } from './admin/overview.ts'
import { peopleRoutes } from './admin/people.ts'
import { reconcileRoutes } from './admin/reconcile.ts'
import { sealingRoutes } from './admin/sealing.ts'
import { tryManifestRoutes } from './admin/try-manifest.ts'
import { createApp } from './app.ts'
import type { AppCalls } from './calls/app-calls.ts'
import { AppHealth, AppHealths } from './calls/app-health.ts'
import type { Deadline } from './calls/deadline.ts'
import { Connections } from './db/connections.ts'
import { CronTurn } from './db/cron-turn.ts'
import { DataDatabases, FIRST, type Placed } from './db/data-databases.ts'
import { openDatabase } from './db/database.ts'
import { Documents } from './db/documents.ts'
import { healthOf } from './db/health.ts'
import { watched } from './db/watched.ts'
import type { Env } from './env.ts'
import { AuditBatch } from './govern/audit-batch.ts'
import type { Trail } from './govern/trail.ts'
import { ValueHashes } from './govern/value-hashes.ts'
import { raiseAlerts } from './jobs/alerts.ts'
import { deliverAlerts } from './jobs/deliver-alerts.ts'
import { erase } from './jobs/erase.ts'
import { type DataJobs, jobsIn } from './jobs/jobs.ts'
import { closeCutOff, forgetTraffic, keepAudit } from './jobs/keep-audit.ts'
import { startDueScans } from './jobs/nightly.ts'
import { closePassed, endModes } from './jobs/passing.ts'
import { poll } from './jobs/poll.ts'
import { resealing } from './jobs/reseal.ts'
import { continueScans } from './jobs/scan.ts'
import type { Mail } from './jobs/send-notice.ts'
import { signConnections } from './jobs/sign-connections.ts'
import { sweep } from './jobs/sweep.ts'
import { sweepMembers } from './jobs/sweep-members.ts'
import { sweepRoles } from './jobs/sweep-roles.ts'
import { tick } from './jobs/tick.ts'
import type { Trial } from './jobs/try-app.ts'
import type { Log, NotDone } from './log/events.ts'
import { AppTrouble } from './operations/app-trouble.ts'
import type { Io, OpenApp } from './operations/endpoint.ts'
import { holdIdentity } from './operations/hold-identity.ts'
import { keptFor } from './operations/kept.ts'
import { NativeIds } from './operations/native-ids.ts'
import {
  openAdapter,
  openPrivate,
  openSandbox,
  type Sandbox,
  withRecorded,
} from './operations/open-app.ts'
import { StoredAdapters } from './operations/stored-adapters.ts'
import type { Kind, Lessor } from './pacing/lessor.ts'
import { Paces } from './pacing/paces.ts'
import { termsOf } from './pacing/terms.ts'
import { type Answered, dataPointOf } from './telemetry/data-point.ts'
import { Exporter } from './telemetry/exporter.ts'
import { spansOf } from './telemetry/spans.ts'

export interface Parts {
  readonly env: Env
  /** Beside `DB`, by the names of their bindings. */
  readonly databases?: ReadonlyMap<string, D1Database>
  readonly adapters: ReadonlyMap<string, Adapter>
  /** Adapters in Workers of their own, by name; one of them goes before a built-in one. */
  readonly privateAdapters: ReadonlyMap<string, AdapterBinding>
  readonly sandbox: Sandbox
  readonly io: Io
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>
  /** `connect` of `cloudflare:sockets`. */
  readonly openSocket: OpenSocket
  /** Connection strings of Hyperdrive by the names of their bindings. */
  readonly hyperdrives: ReadonlyMap<string, string>
  /** `fetch` with a client certificate, by name of its binding. */
  readonly certificates?: ReadonlyMap<string, Parts['fetch']>
  /** Leases permits to all isolates, by connection id; absent: this isolate paces alone. */
  readonly pacerOf?: ((connection: string) => Lessor) | undefined
  readonly after: After
  readonly waitUntil: (work: Promise<unknown>) => void
  /** One event, in fields that hold no personal data. */
  readonly log: Log
}

export interface Composed {
  readonly fetch: (request: Request) => Response | Promise<Response>
  readonly scheduled: () => Promise<void>
  /** The part of it that a message of the queue wakes up: alerts and their notices. */
  readonly alerts: () => Promise<void>
}

/** For one isolate. It remembers nothing of a request but Access's bounded caches. */
export function compose(parts: Parts): Composed {
  const { env, adapters, privateAdapters, sandbox, io, fetch, after, waitUntil, log } = parts
  const { openSocket, hyperdrives } = parts
  const { certificates = new Map<string, Parts['fetch']>() } = parts
  const underWay = new AsyncLocalStorage<Trail>()
  const watch = (one: D1Database) =>
    watched(one, io.now, (trip) =>
      underWay.getStore()?.waitedFor({ of: 'd1', name: 'D1', endedAt: io.now(), ...trip }),
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
  )
  const sealingKey = readsOnce('POSTERN_SEALING_KEY', env.POSTERN_SEALING_KEY)
  const sealing = new Sealing({
    current: sealingKey,
    previous: readsOnce('POSTERN_SEALING_KEYS_PREVIOUS', env.POSTERN_SEALING_KEYS_PREVIOUS),
  })
  const allowInsecure = env.POSTERN_DEV === '1'
  const { now } = io
  const outside = {
    ...{ fetch, certificates, hyperdrives, now, allowInsecure },
    dial: createDial(openSocket),
    openDirectory: directoriesBy(openSocket),
  }
  const paces = new Paces({ ...io, pacerOf: parts.pacerOf, waitUntil, log })
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
  const openData = (connection: Pick<Placed, 'dataDatabase'>) => data.of(connection)

  const bindings = [...hyperdrives.keys()]
  const checkUrl = (url: string) =>
    isDatabaseUrl(url)
      ? checkDatabaseUrl(url, { allowInsecure, bindings })
      : checkBaseUrl(url, { allowInsecure })
  const hasCertificate = (binding: string) => certificates.has(binding)
  const stored = new StoredAdapters(d1, now)
  const remotes = new Map(
    [...privateAdapters].map(([name, binding]) => [
      name,
      new RemoteAdapter(binding, { name, allowInsecure }),
    ]),
  )

  async function describe(name: string): Promise<AdapterDescription | undefined> {
    if (name === sandbox.name) {
      return {
        checkSettings: async (given) => checkSettings(sandbox, given),
        settingsSchema: schemaOf(sandbox.settings),
        secrets: sandbox.secrets,
        resourceAttributes: () => 'any',
        declaresTypes: true,
      }
    }
    const remote = remotes.get(name)
    if (remote) return describePrivate(remote)
    const adapter = adapters.get(name) ?? (await stored.latest(name))
    return adapter && describeAdapter(adapter)
  }

  const listAdapters = async (): Promise<AdapterListing[]> => {
    const own = new Map<string, AdapterListing['origin']>([
      [sandbox.name, 'sandbox'],
      ...(await stored.names()).map((name) => [name, 'manifest'] as const),
      ...[...adapters.keys()].map((name) => [name, 'built-in'] as const),
      ...[...remotes.keys()].map((name) => [name, 'private'] as const),
    ])
    return [...own]
      .map(([name, origin]) => ({ name, origin }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async function openApp(
    connection: Connection,
    deadline: Deadline,
    kind: Kind,
    onCall: OnCall,
    trial?: Trial,
  ): Promise<OpenApp> {
    if (connection.adapter === sandbox.name) {
      const documents = new Documents(openData(connection), connection.id, now)
      return openSandbox(sandbox, connection, documents)
    }
    const app = await openOutside(connection, deadline, kind, onCall, trial)
    if (connection.policy.groups.mode === 'native') return app
    // Groups that the app knows nothing of are kept here, where the sandbox keeps its own.
    const documents = new Documents(openData(connection), connection.id, now)
    return withRecorded(app, 'Group', openSandbox(sandbox, connection, documents))
  }

  const healths = new AppHealths(log)
  const callIo = { ...io, now: steadyClock(now) }
  const callsOf = (connection: Connection, deadline: Deadline, isTrial: boolean): AppCalls => {
    const { requestTimeoutMs: timeoutMs } = connection.policy.limits
    // What comes of a trial must neither pause the connection at work nor let it go on.
    const health = isTrial ? new AppHealth(connection.name, log) : healths.of(connection)
    return { health, deadline, io: callIo, timeoutMs }
  }

  const connections = new Connections(d1)
  const hold = (connection: Connection, identity: string) =>
    holdIdentity(connection, identity, connections, openData(connection))

  const paceOf = (connection: Connection, declared: Limits | undefined, kind: Kind) =>
    paces.of(connection, termsOf(connection.policy.limits, declared), kind)

  async function openOutside(
    connection: Connection,
    deadline: Deadline,
    kind: Kind,
    onCall: OnCall,
    trial?: Trial,
  ): Promise<OpenApp> {
    const name = connection.adapter
    const remote = remotes.get(name)
    if (remote) {
      const described = await remote.describe()
      if (!trial) await hold(connection, identityOf(described))
      const calls = callsOf(connection, deadline, trial !== undefined)
      const pace = paceOf(connection, described.limits, kind)
      return openPrivate(remote, described, connection, calls, pace, { onCall, now })
    }
    const adapter = trial?.adapter ?? adapters.get(name) ?? (await stored.named(name))
    if (!adapter) throw new Error(`no adapter or manifest "${name}"`)
    if (!trial) await hold(connection, identityOf(adapter))
    const pace = paceOf(connection, adapter.limits, kind)
    const kept = keptFor(connection.id, connections, sealing, trial?.isStored === false)
    const calls = callsOf(connection, deadline, trial !== undefined)
    return openAdapter(adapter, connection, { ...outside, onCall, pace }, calls, kept)
  }

  const trouble = new AppTrouble()
  const reseal = resealing({ db, sealing, now, log })
  const openForJob = (connection: Connection, deadline: Deadline, onCall: OnCall) =>
    openApp(connection, deadline, 'job', onCall)
  const openTrial = (trial: Trial, deadline: Deadline, onCall: OnCall) =>
    openApp(trial.connection, deadline, 'job', onCall, trial)
  const hashes = new ValueHashes(sealing)
  const audit = new AuditBatch({
    ...{ hashes, openData, now, after, waitUntil, log },
    known: async (names) => (await connections.known({ names })).map(({ name }) => name),
    named: (name) => access.named(name),
  })
  const jobs = {
    ...{ access, connections, io, openApp: openForJob, data, openData, hashes, trouble, log },
  }
  const rates = new RequestRates()
  const setup: Setup = {
    configuredUrl: env.BASE_URL,
    adminToken,
    isDevelopment: allowInsecure,
    hasPacer: parts.pacerOf !== undefined,
  }
  const mail = env.ALERT_EMAIL
  const sending = {
    ...{ sealing, fetch, after, now, allowInsecure, control: db },
    sendMail: mail && ((message: Mail) => mail.send(message)),
  }
  const wakeUp = async (delaySeconds: number) => {
    // What cannot be woken up is found by the cron.
    await env.ALERT_QUEUE?.send({}, { delaySeconds }).catch(() => lost('wake-up'))
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
  const stepping =
    (onCall: OnCall): OnCall =>
    (call) => {
      onCall(call)
      const { method, route, status, failure, ms } = call
      const isFailed = failure !== undefined || (status ?? 0) >= 500
      const name = `${method} ${route}`
      underWay.getStore()?.waitedFor({ of: 'app', name, endedAt: now(), ms, isFailed, status })
    }
  const measure = (line: Answered, trail: Trail, traceparent: string | null) => {
    exporter?.add(spansOf(line, trail.at, trail.steps, traceparent, io.newId))
    try {
      env.ANALYTICS?.writeDataPoint(dataPointOf(line))
    } catch {
      lost('data point')
    }
  }
  const app = createApp({
    door: new Door({ access, rates, now }),
    audit,
    oauth: { db: d1, keySets, rates, now },
    io,
    trouble,
    nativeIds: new NativeIds(),
    openApp: (connection, deadline, onCall) =>
      openApp(connection, deadline, 'request', stepping(onCall)),
    measure,
    openData,
    baseUrl,
    after,
    waitUntil,
    log,
    adminRoutes: (api) => {
      administratorRoutes({ db: d1, now })(api)
      reconcileRoutes(jobs)(api)
      findingRoutes(jobs)(api)
      leaverRoutes(jobs)(api)
      mappingRoutes(jobs, describe)(api)
      mappingHistoryRoutes(d1)(api)
      sealingRoutes({ db, sealing })(api)
      const review = { access, openData, hashes, audit, now }
      auditRoutes(review)(api)
      accessRoutes(review)(api)
      movingRoutes(jobs, review)(api)
      guardRoutes(review)(api)
      groupRoutes(review)(api)
      peopleRoutes({ ...review, db: env.DB, baseUrl })(api)
      alertRoutes({ ...sending, access, openData, newId: io.newId })(api)
      healthRoutes(review)(api)
      metricsRoutes(metrics)(api)
      const flush = () => audit.flush()
      doctorRoutes({ db, data, sealing, now, setup, jobs, baseUrl, flush })(api)
      overviewRoutes({ db: d1, control: db, data, now, baseUrl, flush })(api)
      conditionRoutes({ db: d1, control: db, data, sealing, now, flush })(api)
      const check = { describeAdapter: describe, checkAppUrl: checkUrl, hasCertificate }
      const trials = { io, openData, openTrial }
      adapterRoutes({ ...check, trials, access, listAdapters, now }, baseUrl)(api)
      connectionAdapterRoutes({ ...check, db: d1, sealing, now, trials, access })(api)
      clientRoutes({ db: d1, access, now, baseUrl, checkUrl: checkKeyUrl })(api)
      const manifests = {
        ...check,
        db: d1,
        now,
        openData,
        isBuiltIn: (name: string) =>
          name === sandbox.name || remotes.has(name) || adapters.has(name),
      }
      manifestRoutes(manifests)(api)
      tryManifestRoutes({ ...manifests, trials, sealing })(api)
    },
    isHealthy: healthOf(db, steadyClock(now)),
    scrape: (request) => answerScrape(metrics, request),
    inTrail: (trail, work) => underWay.run(trail, work),
    admin: {
      db: d1,
      data,
      newConnectionsDatabase: env.NEW_CONNECTIONS_DB,
      sealing,
      now,
      after,
      baseUrl,
      signIn,
      newId: io.newId,
      log,
      describeAdapter: describe,
      checkAppUrl: checkUrl,
      hasCertificate,
      report: (error, request) => {
        const what = error instanceof Error ? error.name : typeof error
        log({ event: 'admin.failed', request, error: what })
      },
    },
  })

  return {
    fetch: (request) => app.fetch(request),
    alerts: () => tick(jobs, alerts),
    scheduled: () =>
      tick(
        jobs,
        {
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
          signConnections: () =>
            signConnections({ connections, sandbox: sandbox.name, describe, log }),
        },
        { turn: new CronTurn(db), after },
      ),
  }
}
