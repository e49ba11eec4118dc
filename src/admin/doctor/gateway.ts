/** What can be wrong with the gateway itself, as it sees itself. */
import { SealError, type Sealing } from '../../access/seal.ts'
import { type ReadSecret, SecretUnavailable } from '../../access/worker-secret.ts'
import { waitingForCron } from '../../db/check-ups.ts'
import type { DataDatabases } from '../../db/data-databases.ts'
import type { Database } from '../../db/database.ts'
import { secretsByKey } from '../../db/sealed-secrets.ts'
import { type Check, fail, ok, warn } from './check.ts'
import { checkDatabases } from './databases.ts'

/** How the Worker was set up. */
export interface Setup {
  /** `BASE_URL`; '' where the gateway goes by the address it is asked at. */
  readonly configuredUrl: string
  readonly adminToken: ReadSecret
  /** `POSTERN_DEV`. */
  readonly isDevelopment: boolean
  /** True: calls of an app are paced over all isolates. */
  readonly hasPacer: boolean
}

export interface GatewayDeps {
  readonly db: Database
  readonly sealing: Sealing
  readonly now: () => number
  readonly setup: Setup
  readonly data: DataDatabases
}

/** The cron runs every minute, and takes a few connections at a time. */
const CRON_LATE_MS = 30 * 60_000
/** 32 random characters are out of reach; so few different ones are not random. */
const SHORTEST_TOKEN = 32
const FEWEST_CHARACTERS = 10

export async function checkGateway(deps: GatewayDeps): Promise<readonly Check[]> {
  const { setup } = deps
  return [
    checkAddress(setup),
    await checkAdminToken(setup.adminToken),
    await checkSealing(deps),
    setup.hasPacer
      ? ok('pacer', 'calls of apps are paced over all isolates')
      : warn(
          'pacer',
          'PACER is not bound: each isolate paces the calls of an app alone',
          'bind the Durable Object class Pacer as PACER in wrangler.toml, and deploy',
        ),
    await checkCron(deps),
    ...(await checkDatabases(deps)),
  ]
}

function checkAddress({ configuredUrl, isDevelopment }: Setup): Check {
  if (isDevelopment) {
    // With it a deployed gateway would call hosts of its own network, over http.
    const isLocal =
      configuredUrl === '' || /^http:\/\/(?:127\.0\.0\.1|localhost)(?::|$)/.test(configuredUrl)
    return isLocal
      ? ok('base-url', 'development: the gateway goes by the address it is asked at')
      : fail(
          'base-url',
          'POSTERN_DEV is set for a public address: http and internal hosts are allowed as apps',
          'remove POSTERN_DEV from the Worker and deploy',
        )
  }
  if (configuredUrl === '') {
    return ok('base-url', 'BASE_URL is empty: the *.workers.dev name alone is served')
  }
  if (!configuredUrl.startsWith('https://')) {
    return fail(
      'base-url',
      'BASE_URL is http: tokens and names of people would travel in the clear',
      'set BASE_URL to the https origin in wrangler.toml, and deploy',
    )
  }
  return ok('base-url', `BASE_URL is ${configuredUrl}`)
}

async function checkAdminToken(read: ReadSecret): Promise<Check> {
  const advice = 'openssl rand -base64 32 | npx wrangler secret put POSTERN_ADMIN_TOKEN'
  let token: string
  try {
    token = await read()
  } catch (error) {
    if (!(error instanceof SecretUnavailable)) throw error
    return fail('admin-token', error.message, 'mend the binding in wrangler.toml, and deploy')
  }
  if (token === '') return ok('admin-token', 'there is none: stored administrators alone get in')
  if (token.length < SHORTEST_TOKEN) {
    return fail('admin-token', `it has fewer than ${SHORTEST_TOKEN} characters`, advice)
  }
  if (new Set(token).size < FEWEST_CHARACTERS) {
    return fail('admin-token', 'it is made of very few different characters', advice)
  }
  return ok('admin-token', `it has ${SHORTEST_TOKEN} characters or more`)
}

async function checkSealing({ db, sealing }: GatewayDeps): Promise<Check> {
  const check = 'sealing-key'
  try {
    const { current, previous } = await sealing.keyIds()
    const counts = await secretsByKey(db)
    const known = new Set([...(current === undefined ? [] : [current]), ...previous])
    const lost = [...counts].filter(([keyId]) => !known.has(keyId))
    if (lost.length > 0) {
      const secrets = lost.reduce((sum, [, count]) => sum + count, 0)
      return fail(
        check,
        `${secrets} secrets of connections were sealed under a key that is not here: they do not open`,
        'add the former key to POSTERN_SEALING_KEYS_PREVIOUS, or enter these secrets again: ' +
          'postern secrets status names them',
      )
    }
    if (current === undefined) {
      return warn(
        check,
        'there is no POSTERN_SEALING_KEY: no connection can keep a secret',
        'openssl rand -base64 32 | npx wrangler secret put POSTERN_SEALING_KEY',
      )
    }
    const done = previous.filter((keyId) => !counts.has(keyId))
    if (done.length > 0) {
      return warn(
        check,
        `${done.length} former sealing keys have sealed nothing that is still there`,
        'take them out of POSTERN_SEALING_KEYS_PREVIOUS: postern secrets status names them',
      )
    }
    return ok(check, 'every stored secret was sealed under a key that is here')
  } catch (error) {
    if (!(error instanceof SealError || error instanceof SecretUnavailable)) throw error
    return fail(check, error.message, 'set the key right; every app with a secret waits for it')
  }
}

async function checkCron({ db, now }: GatewayDeps): Promise<Check> {
  const since = await waitingForCron(db)
  if (since === undefined || now() - since < CRON_LATE_MS) return ok('cron', 'nothing waits for it')
  const minutes = Math.floor((now() - since) / 60_000)
  return fail(
    'cron',
    `a connection has waited for the cron for ${minutes} minutes: what was cut off is not finished`,
    'see that wrangler.toml has [triggers] crons, that the last deployment took it over, and what ' +
      'the log says of job.failed and job.late',
  )
}
