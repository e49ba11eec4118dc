import type { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import path from 'node:path'
import type { Log, Miniflare } from 'miniflare'
import type { Build } from './build.ts'
import { applyMigrations } from './migrate.ts'
import { StartError } from './start-error.ts'

/** Miniflare starts workerd again by itself, usually within half a second. */
const RESTART_TIMEOUT_MS = 15_000
const HEALTH_TIMEOUT_MS = 15_000
const HEALTH_INTERVAL_MS = 50

export interface GatewayOptions {
  readonly build: Build
  readonly stateFolder: string
  readonly port: number
  /** True: workerd can be looked into. */
  readonly inspected?: boolean
  /** Over the vars of wrangler.toml. */
  readonly bindings: Readonly<Record<string, string>>
  /** What the worker logs, one line at a time. */
  readonly onLog: (line: string) => void
  readonly onSpawn: (pid: number) => void
  readonly onExit: (pid: number, cause: string) => void
  /** workerd has ended and answers again, as another process. */
  readonly onRestart: (pid: number) => void
  /** workerd has ended and does not come back. */
  readonly onLost: () => void
}

export interface Gateway {
  readonly origin: string
  /** Of workerd, the process that serves. */
  readonly pid: () => number
  /** Files applied, by all databases. */
  readonly migrate: () => Promise<string[]>
  /** The database of the first binding, to look into it. */
  readonly database: () => ReturnType<Miniflare['getD1Database']>
  /** Of workerd's inspector, where it is `inspected`. */
  readonly inspector: () => Promise<URL>
  /** Fires the worker's scheduled handler, as production does on a cron trigger. */
  readonly tick: (cron: string) => Promise<void>
  readonly close: () => Promise<void>
}

/** Waits until the gateway says that it can serve requests. */
export async function awaitHealth(origin: string): Promise<void> {
  const deadline = Date.now() + HEALTH_TIMEOUT_MS
  let last = ''
  do {
    try {
      const response = await fetch(`${origin}/healthz`, { signal: AbortSignal.timeout(5_000) })
      if (response.status === 200) return
      last = `${response.status} ${await response.text()}`
    } catch (error) {
      last = (error as Error).message
    }
    await new Promise((resolve) => setTimeout(resolve, HEALTH_INTERVAL_MS))
  } while (Date.now() < deadline)
  throw new StartError(`the gateway does not become healthy: ${last}`, 'see its log above')
}

function isWorkerd(child: ChildProcess): boolean {
  return path.basename(child.spawnfile ?? '').startsWith('workerd')
}

/**
 * Reports each workerd process that Miniflare starts. Miniflare keeps it private; Node announces
 * every child process on this channel, before it is spawned.
 */
function observeWorkerd(onStart: (child: ChildProcess) => void): () => void {
  const listener = (message: unknown) => {
    const { process: child } = message as { process: ChildProcess }
    child.once('spawn', () => {
      if (isWorkerd(child)) onStart(child)
    })
  }
  subscribe('child_process', listener)
  return () => void unsubscribe('child_process', listener)
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Miniflare answers signals with process.exit, before anything else could be ended. They are the
 * supervisor's: what `make` adds is taken away again.
 */
function keepSignals<T>(make: () => T): T {
  const before = SIGNALS.map((signal) => [signal, process.listeners(signal)] as const)
  const made = make()
  for (const [signal, kept] of before) {
    for (const listener of process.listeners(signal)) {
      if (!kept.includes(listener)) process.off(signal, listener)
    }
  }
  return made
}

function startErrorOf(cause: unknown, port: number): unknown {
  switch ((cause as { code?: string }).code) {
    case 'ERR_ADDRESS_IN_USE':
      return new StartError(
        `port ${port} is in use`,
        'take another: PORT=8788 npm start (PORT=0 takes any free one)',
        { cause },
      )
    case 'ERR_RUNTIME_FAILURE':
      return new StartError('the worker does not start', 'see the log of the gateway above', {
        cause,
      })
    default:
      return cause
  }
}

/** Resolves when the worker answers on its port; migrations are still to be applied. */
export async function startGateway(
  options: GatewayOptions,
  onCreated: (close: () => Promise<void>) => void,
): Promise<Gateway> {
  const { Miniflare, convertV4MiniflareOptions, Log, LogLevel } = await import('miniflare')
  const { config, modules } = options.build
  let pid = 0
  let closing = false
  let restartTimer: NodeJS.Timeout | undefined

  const stopObserving = observeWorkerd((child) => {
    const childPid = child.pid ?? 0
    pid = childPid
    options.onSpawn(childPid)
    child.once('exit', (code, signal) => {
      if (!closing) restartTimer = setTimeout(options.onLost, RESTART_TIMEOUT_MS)
      options.onExit(childPid, signal ?? `exit code ${code}`)
    })
  })

  class ErrorLog extends Log {
    protected override log(message: string): void {
      options.onLog(message)
    }
  }
  const log: Log = new ErrorLog(LogLevel.ERROR)

  // A private adapter's Worker is not started here, and workerd refuses to run while one is missing.
  const { serviceBindings, ...workerOptions } = config.workerOptions
  for (const name of Object.keys(serviceBindings ?? {})) {
    options.onLog(`${name} is left out: the Worker behind it is not part of this start`)
  }

  const miniflare: Miniflare = keepSignals(
    () =>
      new Miniflare(
        convertV4MiniflareOptions({
          ...workerOptions,
          name: config.name,
          modules: modules.map((module) => ({ ...module })),
          bindings: {
            ...(workerOptions['bindings'] as Record<string, string>),
            ...options.bindings,
          },
          host: '127.0.0.1',
          port: options.port,
          // `cf: true` would ask the network where this machine stands.
          cf: false,
          log,
          logRequests: false,
          ...(options.inspected && { inspectorPort: 0 }),
          handleStructuredLogs: ({ message }) => options.onLog(message),
          // The layout of `wrangler --persist-to`.
          resourcePersistencePath: path.join(options.stateFolder, 'v3'),
          unsafeHandleRuntimeRestart: () => {
            clearTimeout(restartTimer)
            if (!closing) options.onRestart(pid)
          },
        }),
      ),
  )
  let ready = false
  const close = async () => {
    closing = true
    clearTimeout(restartTimer)
    await miniflare.dispose().catch((error: unknown) => {
      // Of a Miniflare that never became ready, dispose repeats why.
      if (ready) throw error
    })
    stopObserving()
  }
  onCreated(close)

  let url: URL
  try {
    url = await miniflare.ready
    ready = true
  } catch (error) {
    throw startErrorOf(error, options.port)
  }
  return {
    origin: url.origin,
    pid: () => pid,
    async migrate() {
      const applied: string[] = []
      for (const { binding, migrations } of config.databases) {
        applied.push(...(await applyMigrations(await miniflare.getD1Database(binding), migrations)))
      }
      return applied
    },
    database: () => miniflare.getD1Database(config.databases[0]?.binding ?? ''),
    inspector: () => miniflare.getInspectorURL(),
    async tick(cron) {
      const worker = await miniflare.getWorker()
      await worker.scheduled({ cron, scheduledTime: new Date() })
    },
    close,
  }
}
