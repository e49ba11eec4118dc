/**
 * `npm start`: example app, gateway and D1 on this machine, with the connection `demo` between
 * them. This process supervises; workerd and the app are its children.
 */
import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { SEED_ACCOUNTS } from '../examples/legacy-app/people.ts'
import { type App, startApp } from './start/app.ts'
import { banner } from './start/banner.ts'
import { build } from './start/build.ts'
import { takeOver } from './start/control.ts'
import { ensureDemo } from './start/demo.ts'
import { awaitHealth, type Gateway, startGateway } from './start/gateway.ts'
import { parseOptions, type StartOptions, USAGE, UsageError } from './start/options.ts'
import { selfCheck } from './start/self-check.ts'
import { StartError } from './start/start-error.ts'
import { openState, type Ready, removeRunning, writeRunning } from './start/state.ts'
import { startWatchdog } from './start/watchdog.ts'

const PROJECT = path.resolve(import.meta.dirname, '..')
const PARENT_POLL_MS = 500

type Close = () => unknown

const closers: Close[] = []
let ending: Promise<never> | undefined

/** Ends what was started, last first, and then this process. The first exit code counts. */
function end(exitCode: number): Promise<never> {
  ending ??= (async () => {
    let code = exitCode
    for (let close = closers.pop(); close; close = closers.pop()) {
      try {
        await close()
      } catch (error) {
        console.error(error)
        code ||= 1
      }
    }
    process.exit(code)
  })()
  return ending
}

function fail(error: unknown): Promise<never> {
  // Errors that come of our own ending are no news.
  if (ending) return ending
  if (error instanceof StartError) {
    console.error(`error: ${error.message}\n  ${error.advice}`)
  } else {
    console.error(error)
  }
  return end(error instanceof UsageError ? 2 : 1)
}

function endOnSignals(say: (line: string) => void): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!ending) say(`${signal}: ending`)
      void end(0)
    })
  }
  // A reader that has seen enough (`npm start | head -1`) is no reason to end.
  process.stdout.on('error', () => undefined)
  process.stderr.on('error', () => undefined)
  // An npm that was killed outright can pass no signal on.
  if (process.env['npm_lifecycle_event'] === 'start') {
    const parent = process.ppid
    setInterval(() => {
      if (process.ppid !== parent) void end(0)
    }, PARENT_POLL_MS).unref()
  }
}

/** Fires the cron triggers that mean every minute; others do not run on this machine. */
function tick(gateway: Gateway, crons: readonly string[], seconds: number, say: Say): void {
  for (const cron of crons) {
    if (cron !== '* * * * *') say(`the cron trigger "${cron}" is not run locally`)
  }
  if (!crons.includes('* * * * *')) return
  const timer = setInterval(() => {
    gateway.tick('* * * * *').catch((error: unknown) => {
      if (!ending) console.error(`the cron trigger failed: ${(error as Error).message}`)
    })
  }, seconds * 1000)
  closers.push(() => clearInterval(timer))
}

type Say = (line: string) => void

async function start(options: StartOptions, say: Say): Promise<void> {
  const state = await openState(options.stateFolder, options.adminToken)
  if (state.temporary) {
    closers.push(() => rm(state.folder, { recursive: true, force: true, maxRetries: 3 }))
  }
  const { secrets, folder } = state
  const claim = await takeOver(
    folder,
    () => {
      say('another `npm start` takes over this state folder: ending')
      void end(0)
    },
    () => say('ending the `npm start` that runs on this state folder'),
  )
  closers.push(claim.release)
  closers.push(() => removeRunning(state))
  const watchdog = startWatchdog()
  closers.push(watchdog.close)

  let running: { ready: Ready; gateway: Gateway; app: App | null } | undefined
  const onRestart = (name: string) => (pid: number) => {
    say(`the ${name} is back, pid ${pid}`)
    if (!running) return
    const { ready, gateway, app } = running
    running.ready = { ...ready, gatewayPid: gateway.pid(), appPid: app?.pid() ?? null }
    writeRunning(state, { ...running.ready, supervisorPid: process.pid }).catch(fail)
  }
  const supervised = (name: string) => ({
    onSpawn: watchdog.watch,
    onExit: (pid: number, cause: string) => {
      watchdog.forget(pid)
      if (!ending) console.error(`the ${name} (pid ${pid}) ended: ${cause}; starting it again`)
    },
    onRestart: onRestart(name),
    onLog: (line: string) => console.error(`${name}: ${line}`),
    onLost: () => void fail(new StartError(`the ${name} does not come back`, 'see its log above')),
  })
  const onCreated = (close: Close) => closers.push(close)

  // Loaded while the worker is built: it takes half a second.
  const miniflare = import('miniflare')
  const [built, app] = await Promise.all([
    build(PROJECT),
    options.app
      ? startApp(
          {
            script: path.join(PROJECT, 'examples/legacy-app/server.ts'),
            key: secrets.appKey,
            stateFile: path.join(folder, 'app.json'),
            ...supervised('app'),
          },
          onCreated,
        )
      : null,
    miniflare,
  ])
  const gateway = await startGateway(
    {
      build: built,
      stateFolder: folder,
      port: options.port,
      bindings: {
        POSTERN_ADMIN_TOKEN: secrets.adminToken,
        POSTERN_SEALING_KEY: secrets.sealingKey,
        ...(options.formerSealingKeys !== undefined && {
          POSTERN_SEALING_KEYS_PREVIOUS: options.formerSealingKeys,
        }),
        POSTERN_DEV: '1',
        // Whatever Host a request claims. A port that is not known yet is taken from the request.
        ...(options.port !== 0 && { BASE_URL: `http://127.0.0.1:${options.port}` }),
      },
      ...supervised('gateway'),
    },
    onCreated,
  )
  if (app) say(`the example app listens at ${app.url}`)
  const applied = await gateway.migrate()
  if (applied.length > 0) say(`migrations applied: ${applied.join(', ')}`)
  await awaitHealth(gateway.origin)
  say(`the gateway listens at ${gateway.origin}`)
  const demo = await ensureDemo({
    origin: gateway.origin,
    adminToken: secrets.adminToken,
    app: app && { url: app.url, key: secrets.appKey },
    label: `npm start ${new Date().toISOString()}`,
  })
  if (app && demo.adapter !== 'example') {
    say(`the connection demo has the adapter ${demo.adapter} and does not lead to the example app`)
  }

  const ready: Ready = {
    ready: true,
    scimBaseUrl: demo.scimBaseUrl,
    token: demo.token,
    consoleUrl: `${gateway.origin}/admin`,
    adminToken: secrets.adminToken,
    appUrl: app?.url ?? null,
    appKey: app ? secrets.appKey : null,
    gatewayPid: gateway.pid(),
    appPid: app?.pid() ?? null,
  }
  running = { ready, gateway, app }
  await writeRunning(state, { ...ready, supervisorPid: process.pid })
  tick(gateway, built.config.crons, options.cronSeconds, say)
  say(
    banner({
      ready,
      knownUserName: demo.adapter === 'example' ? SEED_ACCOUNTS[0]?.login : undefined,
      adapter: demo.adapter,
      stateFolder: state.temporary ? 'its own, removed at the end' : folder,
      millisecondsToReady: performance.now(),
    }),
  )
  console.log(JSON.stringify(ready))
  if (options.once) await runOnce(ready, say)
}

async function runOnce(ready: Ready, say: Say): Promise<never> {
  let failed = 0
  for await (const check of selfCheck(ready.scimBaseUrl, ready.token, randomUUID())) {
    const { title, failure } = check
    if (failure !== undefined) failed += 1
    say(failure === undefined ? `✓ ${title}` : `✗ ${title}: ${failure}`)
  }
  return end(failed === 0 ? 0 : 1)
}

try {
  const options = parseOptions(process.argv.slice(2), process.env, PROJECT)
  if (options === 'help') {
    console.log(USAGE)
  } else {
    const say: Say = options.json ? () => undefined : (line) => console.log(line)
    endOnSignals(say)
    await start(options, say)
  }
} catch (error) {
  await fail(error)
}
