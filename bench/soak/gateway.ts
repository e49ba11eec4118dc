/** The built gateway as `npm start` runs it, with connections whose apps fail. */
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { build } from '../../cli/start/build.ts'
import { awaitHealth, type Gateway, startGateway } from '../../cli/start/gateway.ts'
import { type Heap, openHeap } from '../inspector.ts'

const PROJECT = path.resolve(import.meta.dirname, '../..')
const ADMIN_TOKEN = 'soak-admin-token'

export interface SoakGateway extends Gateway {
  readonly admin: (method: string, route: string, body: unknown) => Promise<Record<string, string>>
  /** How often each event was logged; lines that are none stand for themselves. */
  readonly logged: ReadonlyMap<string, number>
  /** Of the Worker's isolate. */
  readonly heap: Heap
  readonly stop: () => Promise<void>
}

export async function openGateway(onLost: (what: string) => void): Promise<SoakGateway> {
  const stateFolder = await mkdtemp(path.join(os.tmpdir(), 'postern-soak-'))
  const logged = new Map<string, number>()
  let stopping = false
  const note = (line: string) => logged.set(line, (logged.get(line) ?? 0) + 1)
  const built = await build(PROJECT)
  const gateway = await startGateway(
    {
      build: built,
      inspected: true,
      stateFolder,
      port: 0,
      bindings: {
        POSTERN_ADMIN_TOKEN: ADMIN_TOKEN,
        POSTERN_SEALING_KEY: 'c29hay1zZWFsaW5nLWtleS10aGF0LWlzLTMyLWJ5dGU=',
        POSTERN_DEV: '1',
      },
      onLog: (line) => note(eventIn(line)),
      onSpawn: () => {},
      onExit: (_, cause) => {
        if (!stopping) onLost(`the gateway ended: ${cause}`)
      },
      onRestart: () => onLost('the gateway was started again'),
      onLost: () => onLost('the gateway does not come back'),
    },
    () => {},
  )
  await gateway.migrate()
  await awaitHealth(gateway.origin)
  const { host } = await gateway.inspector()
  const heap = await openHeap(host, `core:user:${built.config.name}`)
  return {
    ...gateway,
    logged,
    heap,
    async admin(method, route, body) {
      const response = await fetch(`${gateway.origin}/admin/api${route}`, {
        method,
        headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      const text = await response.text()
      if (!response.ok) throw new Error(`${method} ${route}: ${response.status} ${text}`)
      return JSON.parse(text)
    },
    async stop() {
      stopping = true
      heap.close()
      await gateway.close()
      await rm(stateFolder, { recursive: true, force: true })
    },
  }
}

function eventIn(line: string): string {
  try {
    const { event, status = '', error = '', at = '' } = JSON.parse(line)
    // Requests are counted by who sends them.
    return event === 'scim.request' ? event : `${event} ${status}${error} ${at}`.trim()
  } catch {
    return line
  }
}
