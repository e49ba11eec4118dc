/** What the kit is given to test: an adapter, and connections to an app in which it may make people. */
import * as z from 'zod'
import type { Adapter, AnyPort, Value } from '../contract.ts'

export type Fetch = (input: string, init: RequestInit) => Promise<Response>
export type Ports = Readonly<Record<string, AnyPort>>

/** How a connection differs from a sound one. */
export interface Change {
  /** Stands between the adapter and the app: sees each call, and may answer it itself. */
  readonly wrap?: (fetch: Fetch) => Fetch
  /** In place of the connection's own, by name. */
  readonly secrets?: Readonly<Record<string, string>>
}

/** What somebody does who is no part of the API; absent where nobody can. */
export interface Hands {
  /** The invited person accepts. */
  readonly accept?: (ticket: string) => Promise<void>
  /** The invitation's time is over. */
  readonly expire?: (ticket: string) => Promise<void>
}

/** What the author of an adapter tells the kit: `kit.json` beside the adapter. */
export const notesSchema = z.strictObject({
  $schema: z.string().optional(),
  samples: z
    .record(z.string(), z.record(z.string(), z.array(z.json()).min(1)))
    .default({})
    .meta({
      description:
        'By resource type and attribute: two values or more that the app takes; one is enough with {name}, a name that nobody has',
    }),
  skip: z
    .record(z.string(), z.string().min(10))
    .default({})
    .meta({ description: 'By check id: the public reason why the app cannot pass it' }),
})
export interface Notes {
  readonly samples: Readonly<Record<string, Readonly<Record<string, readonly Value[]>>>>
  readonly skip: Readonly<Record<string, string>>
}
export const NO_NOTES: Notes = { samples: {}, skip: {} }

export interface ScimReply {
  readonly status: number
  /** Parsed JSON. */
  readonly body: unknown
}

/** A gateway of the kit's own in front of the same app, and nobody else behind it. */
export interface Gateway {
  /** A request below the connection's SCIM base URL. */
  readonly scim: (method: string, path: string, body?: unknown) => Promise<ScimReply>
  /** Calls so far that were to change something in the app; absent where they cannot be counted. */
  readonly writes?: () => number
}

export interface Subject {
  readonly adapter: Adapter
  /** A connection to the app; undefined where there is none: static checks alone are run. */
  readonly open?: (change?: Change) => Ports
  /** Of the connection: what is below it is the app's. */
  readonly baseUrl?: string
  readonly gateway?: Gateway
  /** Told before each check, so that exchanges are kept apart. */
  readonly begin?: (tape: string) => void
  /** Told after each check; what makes it worthless, if anything. */
  readonly end?: () => string | undefined
  /** Resource types to check; all of the adapter's where it is absent. */
  readonly types?: readonly string[]
  /** True: checks that make, change or remove objects are skipped. */
  readonly readOnly: boolean
  readonly notes: Notes
  readonly hands: Hands
  /** Letters and digits that no earlier run has had: all names that are made hold it. */
  readonly seed: string
  readonly io: {
    readonly sleep: (ms: number) => Promise<void>
    /** Milliseconds since the epoch. */
    readonly now: () => number
  }
}
