/** Entry point: the only reader of env and of the adapter registry. */
import { connect } from 'cloudflare:sockets'
import { waitUntil } from 'cloudflare:workers'
import { adapters } from '../adapters/index.ts'
import * as sandbox from '../adapters/sandbox/index.ts'
import { hyperdrivesIn } from './adapter/sql/hyperdrives.ts'
import { compose } from './compose/compose.ts'
import type { Composed } from './compose/parts.ts'
import { certificatesIn, databasesIn, parseEnv, privateAdapters } from './env.ts'
import { writeLine } from './log/write-line.ts'
import { pacersIn } from './pacing/binding.ts'

// The runtime looks for the class among the exports of the entry point.
// biome-ignore lint/performance/noBarrelFile: of one class, by demand of the platform
export { Pacer } from './pacing/pacer.ts'

let composed: Composed | undefined

/** Once for each isolate: bindings never change within one. */
function open(bindings: unknown): Composed {
  composed ??= compose({
    env: parseEnv(bindings),
    databases: databasesIn(bindings),
    adapters,
    privateAdapters: privateAdapters(bindings),
    sandbox,
    fetch,
    openSocket: connect,
    hyperdrives: hyperdrivesIn(bindings),
    certificates: certificatesIn(bindings),
    pacerOf: pacersIn(bindings),
    // Not the context of one request: what is composed outlives it.
    waitUntil: (work) => waitUntil(work),
    after: (ms, then) => {
      const timer = setTimeout(then, ms)
      return () => clearTimeout(timer)
    },
    log: (line) => console.log(writeLine(line)),
    io: {
      now: () => Date.now(),
      newId: () => crypto.randomUUID(),
      wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      random: () => Math.random(),
    },
  })
  return composed
}

export default {
  fetch: (request, bindings) => open(bindings).fetch(request),
  scheduled: (_, bindings) => open(bindings).scheduled(),
  // Messages are wake-ups, D1 is the truth: what a message says does not matter.
  queue: (_, bindings) => open(bindings).alerts(),
} satisfies ExportedHandler
