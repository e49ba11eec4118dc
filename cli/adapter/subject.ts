/** A real app as the kit wants it: connections to it, and a seed of its own. */
import type { Adapter } from '../../src/adapter/contract.ts'
import {
  type Fetch,
  type Gateway,
  type Hands,
  NO_NOTES,
  type Notes,
  type Subject,
} from '../../src/adapter/kit/subject.ts'
import { directoriesBy } from '../../src/adapter/ldap/directories.ts'
import { openPorts } from '../../src/adapter/open.ts'
import { createDial } from '../../src/adapter/sql/dial.ts'
import { CALL_TIMEOUT_MS, type Live, patient } from './live.ts'
import { openSocket } from './node-socket.ts'

/** Five letters or digits. */
const SEEDS = 36 ** 5

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export function newSeed(): string {
  return Math.floor(Math.random() * SEEDS)
    .toString(36)
    .padStart(5, '0')
}

export interface LiveOptions {
  /** Makes the adapter anew, without anything that it has in memory. */
  readonly load: () => Adapter
  readonly live: Live
  readonly notes?: Notes
  readonly hands?: Hands
  readonly gateway?: Gateway
  readonly readOnly?: boolean
  readonly seed?: string
  /** Below everything that goes wrong on purpose: what it sees has happened. */
  readonly record?: (fetch: Fetch) => Fetch
  readonly begin?: (tape: string) => void
}

export function liveSubject(options: LiveOptions): Subject {
  const { load, live, record = (fetch: Fetch) => fetch } = options
  const adapter = load()
  const called = record(patient((input, init) => fetch(input, init), sleep))
  return {
    adapter,
    notes: options.notes ?? NO_NOTES,
    hands: options.hands ?? {},
    readOnly: options.readOnly ?? false,
    seed: options.seed ?? newSeed(),
    io: { sleep, now: Date.now },
    baseUrl: adapter.baseUrl(adapter.settings.parse(live.settings)),
    ...(options.gateway && { gateway: options.gateway }),
    ...(options.begin && { begin: options.begin }),
    open: ({ wrap = (one: Fetch) => one, secrets = {} } = {}) =>
      openPorts(
        load(),
        { ...live, secrets: { ...live.secrets, ...secrets }, leftMs: () => CALL_TIMEOUT_MS },
        {
          fetch: wrap(called),
          dial: createDial(openSocket),
          openDirectory: directoriesBy(openSocket),
          now: Date.now,
          allowInsecure: true,
        },
      ),
  }
}
