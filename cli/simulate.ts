/** `postern simulate`: plays Microsoft Entra against a connection. */
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, parseFlags, UsageError } from './command.ts'
import { type AppView, readAppView } from './simulate/app-view.ts'
import { ScimClient } from './simulate/client.ts'
import { DIALECT, DIALECTS, type DialectName } from './simulate/dialect.ts'
import { createDirectory } from './simulate/directory.ts'
import { runLifecycle } from './simulate/lifecycle.ts'
import { Stopped } from './simulate/phase.ts'
import { runCycle } from './simulate/phases.ts'
import { duration } from './simulate/progress.ts'
import { type Outcome, toJson, toTable } from './simulate/report.ts'
import { runRunaway } from './simulate/runaway.ts'
import { Tally } from './simulate/tally.ts'
import { findTarget, type Target } from './simulate/target.ts'
import { type Voice, voiceOf } from './voice.ts'

const PROJECT = path.resolve(import.meta.dirname, '..')
const MAX_USERS = 100_000
/** What a shell says of a process that Ctrl-C has ended. */
const INTERRUPTED = 130
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

const HELP = `npm run simulate -- [options]        (or: npx postern simulate [options])

Plays Microsoft Entra against a connection: a test of the connection, match, create and update,
managers, groups, and one incremental cycle; then says what happened beside what the app says.
Its directory holds the 40 people who have an account in the example app, and invented ones. A
second run finds nothing to do.

  --users N         people in the directory (default 60)
  --dialect NAME    default, or aadOptscim062020 as with that flag in the Tenant URL
  --lifecycle       also disables, restores and deletes people made for this run alone
  --runaway         instead: everybody who is found is disabled, as when a scoping filter goes
                    wrong; the connection's guard should stop it, and says whom to ask
  --connection NAME the connection to play against (default demo)
  --url URL         a gateway elsewhere (default: the running npm start)
  --admin-token T   of that gateway, to mint a token for this run that is revoked at its end;
                    better kept in POSTERN_ADMIN_TOKEN
  --json            no progress; the last line is one object: created, matched, updated,
                    unchanged, disabled, deleted, failed, appWrites (null: unknown), and more
  --help            this text

Of the numbers, created + matched are the people of the directory, and updated + unchanged those
matched. appWrites are the calls other than GET that the example app has received.
Environment: POSTERN_STATE (state folder of npm start, default .postern), POSTERN_ADMIN_TOKEN,
NO_COLOR. Exit code: 0 done, 1 something failed, 2 wrong usage.

  npm run simulate
  npm run simulate -- --users 500 --dialect aadOptscim062020
  npm run simulate -- --lifecycle --json | tail -1
  POSTERN_ADMIN_TOKEN=... npx postern simulate --url https://scim.example.com --connection acme`

interface Options {
  readonly users: number
  readonly dialect: DialectName
  readonly lifecycle: boolean
  readonly runaway: boolean
  readonly json: boolean
  readonly url: string | undefined
  readonly adminToken: string | undefined
  readonly connection: string | undefined
  readonly stateFolder: string
}

function parseOptions(args: readonly string[]): Options {
  const flags = parseFlags('simulate', args, {
    users: { type: 'string', default: '60' },
    dialect: { type: 'string', default: 'default' },
    lifecycle: { type: 'boolean', default: false },
    runaway: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    url: { type: 'string' },
    'admin-token': { type: 'string' },
    connection: { type: 'string' },
  })
  const users = Number(flags.users)
  if (!/^[1-9]\d*$/.test(flags.users) || users > MAX_USERS) {
    throw new UsageError(
      `--users ${flags.users} is not a number of people`,
      `give a whole number from 1 to ${MAX_USERS}`,
    )
  }
  if (flags.lifecycle && flags.runaway) {
    throw new UsageError('--lifecycle and --runaway are two runs', 'give one of them')
  }
  const dialect = DIALECTS.find((name) => name === flags.dialect)
  if (!dialect) {
    throw new UsageError(
      `there is no dialect ${flags.dialect}`,
      `choose one of ${DIALECTS.join(', ')}`,
    )
  }
  const { env } = process
  return {
    users,
    dialect,
    lifecycle: flags.lifecycle,
    runaway: flags.runaway,
    json: flags.json,
    url: flags.url,
    adminToken: flags['admin-token'] || env['POSTERN_ADMIN_TOKEN'] || undefined,
    connection: flags.connection,
    stateFolder: path.resolve(PROJECT, env['POSTERN_STATE'] || '.postern'),
  }
}

async function run(args: readonly string[]): Promise<number> {
  const options = parseOptions(args)
  const voice = voiceOf(options)
  const interrupt = new AbortController()
  const onSignal = () => interrupt.abort()
  // Not once: npm passes on a Ctrl-C that has reached this process already.
  for (const signal of SIGNALS) process.on(signal, onSignal)
  // A reader that has seen enough (`| head`) is no reason to leave a token behind.
  process.stdout.on('error', () => undefined)
  const target = await findTarget(options)
  try {
    const outcome = await play(options, target, voice, interrupt.signal)
    if (options.json) console.log(JSON.stringify(toJson(outcome)))
    else voice.say(toTable(outcome, voice.paint))
    if (interrupt.signal.aborted) return INTERRUPTED
    return outcome.tally.failures.length > 0 || outcome.stopped !== undefined ? 1 : 0
  } finally {
    await target.close()
    for (const signal of SIGNALS) process.off(signal, onSignal)
  }
}

async function play(
  options: Options,
  target: Target,
  { say, paint, progress }: Voice,
  signal: AbortSignal,
): Promise<Outcome> {
  const { appUrl, connection, adapter, scimBaseUrl, token, hasGroups } = target
  const whole = createDirectory(options.users)
  const directory = hasGroups ? whole : { ...whole, groups: [] }
  const { people, groups } = directory
  say(`${paint('bold', `Playing Microsoft Entra against ${connection}`)} (adapter ${adapter})`)
  say(paint('dim', `  ${scimBaseUrl}`))
  say(
    paint(
      'dim',
      `  ${people.length} people and ${hasGroups ? groups.length : 'no'} groups, dialect ${options.dialect}\n`,
    ),
  )
  const before = appUrl === undefined ? undefined : await readAppView(appUrl)
  const tally = new Tally()
  const client = new ScimClient({
    scimBaseUrl,
    token,
    signal,
    wait: (milliseconds, aborted) => sleep(milliseconds, undefined, { signal: aborted }),
    onWait: (milliseconds, why) => progress.waiting(`again in ${duration(milliseconds)}: ${why}`),
  })
  const cycle = { directory, client, dialect: DIALECT[options.dialect], tally, progress }
  const startedAt = performance.now()
  let stopped: string | undefined
  try {
    if (options.runaway) await runRunaway(cycle)
    else await runCycle(cycle)
    if (options.lifecycle) await runLifecycle(cycle, randomBytes(5).toString('hex'))
  } catch (error) {
    if (signal.aborted) stopped = 'interrupted'
    else if (error instanceof Stopped) stopped = error.message
    else throw error
  } finally {
    progress.close()
  }
  const tookMs = performance.now() - startedAt
  const after: AppView | undefined = before && appUrl ? await readAppView(appUrl) : undefined
  return {
    tally,
    requests: client.requests,
    retries: client.retries,
    app: before && after ? { before, after } : undefined,
    tookMs,
    stopped,
  }
}

export const simulate: Command = {
  summary: 'plays Microsoft Entra against a connection, and says what came of it',
  help: HELP,
  run,
}
