/** What can be wrong with one connection: its mode, its client, its app, what waits for somebody. */
import type { Connection } from '../../access/connection.ts'
import { modeOf } from '../../access/mode.ts'
import type { AdapterFailure } from '../../adapter/failure.ts'
import { type Credential, credentialsOf, lastHeard, openFindings } from '../../db/check-ups.ts'
import { type ConditionKind, FINDINGS_THAT_COUNT } from '../../govern/condition.ts'
import { type AppAnswer, checkApp } from '../../jobs/check-app.ts'
import type { ConditionDeps } from '../../jobs/conditions.ts'
import type { Jobs } from '../../jobs/jobs.ts'
import { type ConditionView, viewConditions } from '../conditions.ts'
import { type Check, fail, ok, warn } from './check.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** An administrator of the identity provider needs some notice. */
const EXPIRES_SOON_MS = 30 * DAY_MS
/** Entra's cycle is 40 minutes long; in quarantine it tries once a day or less. */
const QUIET_MS = 3 * 40 * MINUTE_MS
/** A client's request makes several calls, and Entra waits for a time that nobody knows. */
const SLOW_MS = 3_000

/** Looked at here in advance, and in other words. */
const OWN: ReadonlySet<ConditionKind> = new Set([
  'token-expiring',
  'client-secret-expiring',
  'client-silent',
  'mode-ended',
])

/** Its data cannot be read. */
const AWAY: ReadonlySet<ConditionKind> = new Set(['database-unbound', 'database-silent'])

export async function checkConnectionHealth(
  jobs: Pick<Jobs, 'io' | 'openApp' | 'data'>,
  { control, sealing }: Pick<ConditionDeps, 'control' | 'sealing'>,
  connection: Connection,
): Promise<readonly Check[]> {
  const now = jobs.io.now()
  const { data } = jobs
  const credentials = await credentialsOf(control, connection.id)
  const live = [
    checkMode(connection, now),
    checkCredentials(connection.name, credentials, now),
    checkHeard(await lastHeard(control, connection.id), now),
    judgeApp(await checkApp(jobs, connection), connection.name),
  ]
  // Last: what the question to the app has found out is among them.
  const conditions = await viewConditions({ control, data, sealing, now }, [connection])
  const isAway = conditions.some(({ kind }) => AWAY.has(kind))
  return [
    ...live,
    ...conditions.filter(({ kind }) => !OWN.has(kind)).map(checkOf),
    ...(isAway
      ? []
      : [checkFindings(connection.name, await openFindings(data.of(connection), connection.id))]),
  ]
}

/** As the console's first page has it. */
function checkOf({
  kind,
  subject,
  severity,
  title,
  happened,
  todo,
  since,
  hits,
  command,
}: ConditionView): Check {
  const whom = whomOf(hits)
  const says = [
    `${title}: ${happened}`,
    ...(whom === '' ? [] : [`Whom: ${whom}.`]),
    ...(since === null ? [] : [`Since ${since.slice(0, 16).replace('T', ' ')} UTC.`]),
  ].join(' ')
  const check = kind === 'refused' ? `refused-${subject}` : kind
  return (severity === 'critical' ? fail : warn)(check, says, `${todo} (${command})`)
}

function checkMode(connection: Connection, now: number): Check {
  const { name, modeUntil } = connection
  const setLive = `postern connections ${name} --mode live`
  const mode = modeOf(connection, now)
  switch (mode) {
    case 'live':
      return ok('mode', 'live')
    case 'paused':
      return modeUntil === undefined
        ? warn('mode', 'paused: the client is told 503', `when it is to go on: ${setLive}`)
        : fail(
            'mode',
            'paused, because the mode before it has ended: the client is told 503',
            setLive,
          )
    case 'observe':
    case 'gate':
      return warn(
        'mode',
        `${mode}: every write is refused (400), and a client that goes on may go into quarantine`,
        `when you have seen what you wanted: ${setLive}`,
      )
  }
}

function checkCredentials(name: string, all: readonly Credential[], now: number): Check {
  const check = 'credentials'
  const renew = `postern tokens new ${name} (or postern clients), and enter it in the client`
  if (all.length === 0) return fail(check, 'no client can sign in: there is no token', renew)
  const living = all.filter(({ expiresAt }) => expiresAt === null || expiresAt > now)
  if (living.length === 0) return fail(check, 'every token and client secret has expired', renew)
  const [used] = all
    .filter(({ lastUsedAt }) => lastUsedAt !== null)
    .sort((a, b) => (b.lastUsedAt ?? 0) - (a.lastUsedAt ?? 0))
  if (used && !living.includes(used)) {
    return fail(check, `the ${nameOf(used)} that the client used last has expired`, renew)
  }
  const [first] = (used ? [used] : living)
    .filter(({ expiresAt }) => expiresAt !== null && expiresAt - now < EXPIRES_SOON_MS)
    .sort((a, b) => (a.expiresAt ?? 0) - (b.expiresAt ?? 0))
  if (first) {
    const days = Math.floor(((first.expiresAt ?? 0) - now) / DAY_MS)
    return warn(
      check,
      `the ${nameOf(first)} expires in ${days} days: then the client sees 401`,
      renew,
    )
  }
  return ok(check, `${living.length} in force, none of those in use ends within 30 days`)
}

const nameOf = ({ kind, id, label }: Credential): string =>
  kind === 'trust' ? `client ${id}` : `${kind} ${label ?? id}`

function checkHeard(at: number | undefined, now: number): Check {
  const check = 'last-heard'
  const advice =
    'in Entra: Provisioning, Test connection; then see that the job is started and not in quarantine'
  if (at === undefined) return warn(check, 'nobody has signed in by what is there now', advice)
  const minutes = Math.floor((now - at) / MINUTE_MS)
  return now - at > QUIET_MS
    ? warn(check, `no client for ${minutes} minutes; Entra comes every 40`, advice)
    : ok(check, `a client signed in ${minutes} minutes ago`)
}

function judgeApp(answer: AppAnswer, name: string): Check {
  switch (answer.kind) {
    case 'answered': {
      const says = `it answers a ${answer.asked} within ${answer.ms} ms`
      return answer.ms < SLOW_MS
        ? ok('app', says)
        : warn(
            'app',
            says,
            'every request of the client waits for the app: find out why it is slow',
          )
    }
    case 'finds-anybody':
      return fail(
        'app',
        `a search for a name that nobody has found ${answer.hits} accounts: the app ignores the search`,
        'nothing would be created, or the wrong account matched: correct the look-up of the adapter or ' +
          'manifest (docs/adapters.md)',
      )
    case 'nothing-to-ask':
      return fail(
        'app',
        'the adapter knows none of the resource types of the connection',
        'choose another adapter, or declare resource types that it has',
      )
    case 'failed':
      return fail('app', answer.failure.message, adviceOn(answer.failure, name))
  }
}

function adviceOn({ code, retryAfterSeconds }: AdapterFailure, name: string): string {
  switch (code) {
    case 'auth':
      return `the app refuses the credentials: PATCH the connection ${name} with new secrets`
    case 'forbidden':
      return 'give the account that Postern uses in the app the rights that the adapter’s README names'
    case 'rate':
    case 'unavailable':
    case 'timeout':
      return retryAfterSeconds === undefined
        ? 'the client is told to come again; see whether the app is up and reachable from Cloudflare'
        : `the client is told to come again; the app, or what paces it, says: in ${retryAfterSeconds} seconds`
    case 'protocol':
      return 'see that the url setting leads to the API of the app, and not to a page or a firewall'
    case 'invalid':
    case 'conflict':
    case 'limit':
    case 'blocked':
      return 'the app refuses a plain search: check the settings of the connection against the adapter’s README'
  }
}

function whomOf({ count, some }: ConditionView['hits']): string {
  const further = count - some.length
  if (some.length === 0) {
    return further <= 0
      ? ''
      : `${further} ${further === 1 ? 'person' : 'people'} not known here yet`
  }
  const names = some.map(({ name }) => name).join(', ')
  return further > 0 ? `${names} and ${further} more` : names
}

function checkFindings(
  name: string,
  found: readonly { readonly kind: string; readonly open: number }[],
): Check {
  const others = found.filter(
    ({ kind }) => !(FINDINGS_THAT_COUNT as readonly string[]).includes(kind),
  )
  if (others.length === 0) return ok('findings', 'none waits for a decision')
  const says = `open: ${others.map(({ kind, open }) => `${open} ${kind}`).join(', ')}`
  return warn('findings', says, `postern findings ${name}`)
}
