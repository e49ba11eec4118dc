/** What an isolate is made of, and what it then does. */
import type { After } from '../access/read-at-most.ts'
import type { Adapter } from '../adapter/contract.ts'
import type { OpenSocket } from '../adapter/open-socket.ts'
import type { AdapterBinding } from '../adapter/remote/wire.ts'
import type { Env } from '../env.ts'
import type { Log } from '../log/events.ts'
import type { Io } from '../operations/endpoint.ts'
import type { Sandbox } from '../operations/open-app.ts'
import type { Lessor } from '../pacing/lessor.ts'

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
