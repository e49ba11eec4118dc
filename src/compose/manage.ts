/** For administrators: the admin API with the routes of every part, the console over it, and `/metrics`. */
import { Hono } from 'hono'
import { checkDatabaseUrl, isDatabaseUrl } from '../adapter/sql/address.ts'
import { checkBaseUrl } from '../adapter/url.ts'
import { accessRoutes } from '../admin/access.ts'
import { adapterRoutes } from '../admin/adapters.ts'
import { administratorRoutes } from '../admin/administrators.ts'
import { alertChannelRoutes } from '../admin/alert-channels.ts'
import { alertRoutes } from '../admin/alerts.ts'
import { type AdminDeps, adminApi } from '../admin/api.ts'
import { auditRoutes } from '../admin/audit.ts'
import { clientRoutes } from '../admin/clients.ts'
import { conditionRoutes } from '../admin/conditions.ts'
import { connectionAdapterRoutes } from '../admin/connection-adapter.ts'
import { databaseRoutes } from '../admin/databases.ts'
import type { Setup } from '../admin/doctor/gateway.ts'
import { doctorRoutes } from '../admin/doctor.ts'
import { findingRoutes } from '../admin/findings.ts'
import { groupRoutes } from '../admin/groups.ts'
import { guardRoutes } from '../admin/guard.ts'
import { healthRoutes } from '../admin/health.ts'
import { leaverRoutes } from '../admin/leavers.ts'
import { manifestRoutes } from '../admin/manifests.ts'
import { mappingRoutes } from '../admin/mapping.ts'
import { mappingHistoryRoutes } from '../admin/mapping-history.ts'
import { answerScrape, metricsRoutes } from '../admin/metrics.ts'
import { movingRoutes } from '../admin/moving.ts'
import { overviewRoutes } from '../admin/overview.ts'
import { peopleRoutes } from '../admin/people.ts'
import { reconcileRoutes } from '../admin/reconcile.ts'
import { sealingRoutes } from '../admin/sealing.ts'
import { tryManifestRoutes } from '../admin/try-manifest.ts'
import { failed, notFound } from '../app.ts'
import { consolePages } from '../console/console.tsx'
import type { TrialDeps } from '../jobs/try-app.ts'
import { errorName } from '../log/error-name.ts'
import { knownAdapters } from './adapters.ts'
import type { Core } from './core.ts'

export function openManage(core: Core): Hono {
  const { parts, metrics, signIn } = core
  const { io, after, log } = parts
  const manage = new Hono()
  manage.onError(failed(log))
  manage.notFound(notFound)
  // Where those who scrape look; behind the door of the admin API for all but one token.
  manage.get('/metrics', async (c) => {
    const url = new URL('/admin/api/metrics', c.req.url)
    return (await answerScrape(metrics, c.req.raw)) ?? manage.fetch(new Request(url, c.req.raw))
  })
  manage.route('/admin/api', openAdminApi(core))
  // The console asks the admin API, as a client would: one door, one table of permissions.
  const ask = async (request: Request) => manage.fetch(request)
  manage.route('/admin', consolePages({ ask, signIn, now: io.now, after }))
  return manage
}

function openAdminApi(core: Core): Hono {
  const { parts, d1, db, data, openData, sealing, access, signIn, adminToken } = core
  const { allowInsecure, baseUrl, checkKeyUrl, hashes, audit, jobs, sending, metrics } = core
  const { env, io, after, log, hyperdrives, certificates } = parts
  const { now, newId } = io
  const { describe, list: listAdapters, isBuiltIn } = knownAdapters(core)
  const bindings = [...hyperdrives.keys()]
  const check = {
    describeAdapter: describe,
    checkAppUrl: (url: string) =>
      isDatabaseUrl(url)
        ? checkDatabaseUrl(url, { allowInsecure, bindings })
        : checkBaseUrl(url, { allowInsecure }),
    hasCertificate: (binding: string) => certificates?.has(binding) ?? false,
  }
  const placement = { data, newConnectionsDatabase: env.NEW_CONNECTIONS_DB }
  const deps: AdminDeps = {
    ...{ ...check, ...placement, db: d1, sealing, now, after, baseUrl, signIn, newId, log },
    report: (error, request) => {
      const what = errorName(error)
      log({ event: 'admin.failed', request, error: what })
    },
  }
  const setup: Setup = {
    configuredUrl: env.BASE_URL,
    adminToken,
    isDevelopment: allowInsecure,
    hasPacer: parts.pacerOf !== undefined,
  }
  const flush = () => audit.flush()
  const review = { access, openData, hashes, audit, now }
  const trials: TrialDeps = {
    ...{ io, openData },
    openTrial: (trial, deadline, onCall) =>
      core.apps.open(trial.connection, deadline, 'job', onCall, trial),
  }
  const manifests = { ...check, db: d1, now, openData, isBuiltIn }
  const routes = [
    administratorRoutes({ db: d1, now }),
    reconcileRoutes(jobs),
    findingRoutes(jobs),
    leaverRoutes(jobs),
    mappingRoutes(jobs, describe),
    mappingHistoryRoutes(d1),
    sealingRoutes({ db, sealing }),
    auditRoutes(review),
    accessRoutes(review),
    movingRoutes(jobs, review),
    guardRoutes(review),
    groupRoutes(review),
    peopleRoutes({ ...review, db: env.DB, data, baseUrl }),
    alertRoutes({ access, control: sending.control, openData }),
    alertChannelRoutes({ ...sending, access, newId }),
    healthRoutes(review),
    metricsRoutes(metrics),
    doctorRoutes({ db, data, sealing, now, setup, jobs, baseUrl, flush }),
    overviewRoutes({ db: d1, control: db, data, now, baseUrl, flush }),
    conditionRoutes({ db: d1, control: db, data, sealing, now, flush }),
    adapterRoutes({ ...check, trials, access, listAdapters, now }, baseUrl),
    databaseRoutes(placement),
    connectionAdapterRoutes({ ...check, db: d1, sealing, now, trials, access }),
    clientRoutes({ db: d1, access, now, baseUrl, checkUrl: checkKeyUrl }),
    manifestRoutes(manifests),
    tryManifestRoutes({ ...manifests, trials, sealing }),
  ]
  return adminApi(deps, (api) => {
    for (const add of routes) add(api)
  })
}
