/** Connects an adapter for one request: settings, secrets and the guarded client, put together. */
import type { OnCall } from './app-call.ts'
import type { Adapter, AnyPort, Kept } from './contract.ts'
import { AdapterFailure } from './failure.ts'
import { createHttpClient, type HttpClient } from './http.ts'
import type { OpenDirectory } from './ldap/client.ts'
import { type Pace, paced } from './pace.ts'
import { createDatabase } from './sql/database.ts'
import type { Dial } from './sql/session.ts'
import { timedDatabase, timedDirectory } from './timed.ts'
import { withholding } from './withhold.ts'

/** Largest answer of an app that is read; an isolate has 128 MB for all its requests. */
const MAX_ANSWER_BYTES = 8 * 1_048_576

/** What a connection holds of its app. */
export interface AppAccess {
  /** As the administrator gave them. */
  readonly settings: unknown
  /** In the clear, by the names that the adapter declares. */
  readonly secrets: Readonly<Record<string, string>>
  /** What a call of the app that begins now may take, in milliseconds; 0: none is begun. */
  readonly leftMs: () => number
  readonly kept?: Kept
}

export interface Outside {
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>
  /** `createDial` of `sql/dial.ts`. Without it no database can be reached. */
  readonly dial?: Dial
  /** `directoriesBy` of `ldap/directories.ts`. Without it no directory can be reached. */
  readonly openDirectory?: OpenDirectory
  /** Connection strings of Hyperdrive by the names of their bindings. */
  readonly hyperdrives?: ReadonlyMap<string, string>
  /** `fetch` with a client certificate, by name of its binding. */
  readonly certificates?: ReadonlyMap<string, Outside['fetch']>
  /** Of this connection. Without it, calls are made at once. */
  readonly pace?: Pace
  /** Told of each call, for the audit. */
  readonly onCall?: OnCall | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** True only in development: http and loopback hosts are allowed. */
  readonly allowInsecure: boolean
}

/**
 * The ports by resource type.
 *
 * @throws where the settings no longer fit the adapter, or lead to a URL that is refused
 */
export function openPorts(
  adapter: Adapter,
  { settings: given, secrets, leftMs, kept }: AppAccess,
  outside: Outside,
): Readonly<Record<string, AnyPort>> {
  const settings = adapter.settings.parse(given)
  const secret = (name: string): string => {
    const value = secrets[name]
    // A newer version of its manifest may ask for one more.
    if (value === undefined) {
      const message = `the connection lacks the secret "${name}"`
      throw new AdapterFailure('auth', message, { effect: 'none' })
    }
    return value
  }
  const baseUrl = adapter.baseUrl(settings)
  const { dial, openDirectory, hyperdrives = new Map(), pace, allowInsecure } = outside
  let http: HttpClient | undefined
  const ports = adapter.connect({
    settings,
    secret,
    ...(kept && { kept }),
    // Made where an adapter takes it: the address of a database is none for HTTP.
    get http() {
      http ??= createHttpClient({
        ...outside,
        fetch: fetchFor(adapter.certificate?.(settings), outside),
        baseUrl,
        leftMs,
        maxBytes: MAX_ANSWER_BYTES,
        headers: () => adapter.headers?.({ settings, secret }) ?? {},
        otherUrls: adapter.otherUrls?.(settings) ?? [],
        limits: adapter.limits,
      })
      return http
    },
    database(login) {
      if (!dial) throw new Error('there is nothing to reach a database by')
      const reach = { url: baseUrl, dial, hyperdrives, allowInsecure, leftMs }
      const made = createDatabase({ ...reach, ...(login && { login }) })
      const { dialect, ...database } = timedDatabase(made, outside)
      return {
        dialect,
        read: (work) => paced(pace, leftMs(), () => database.read(work)),
        write: (work) => paced(pace, leftMs(), () => database.write(work)),
      }
    },
    ldap(bind) {
      if (!openDirectory) throw new Error('there is nothing to reach a directory by')
      const bounds = { leftMs, maxBytes: MAX_ANSWER_BYTES }
      const made = openDirectory({ ...bounds, url: baseUrl, bind, allowInsecure })
      const directory = timedDirectory(made, outside)
      return { use: (work) => paced(pace, leftMs(), () => directory.use(work)) }
    },
  })
  return withholding(ports, Object.values(secrets))
}

/** Without its certificate the app is never called: it would take us for somebody else. */
function fetchFor(name: string | undefined, { fetch, certificates }: Outside): Outside['fetch'] {
  if (name === undefined) return fetch
  const shown = certificates?.get(name)
  if (shown) return shown
  return async () => {
    throw new AdapterFailure('auth', 'this Worker has no binding of the certificate', {
      effect: 'none',
    })
  }
}
