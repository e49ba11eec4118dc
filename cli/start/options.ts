import path from 'node:path'
import { parseArgs } from 'node:util'
import { StartError } from './start-error.ts'

export interface StartOptions {
  /** Of the gateway; 0 takes a free one. */
  readonly port: number
  /** undefined: an empty folder of its own, removed at the end. */
  readonly stateFolder: string | undefined
  /** undefined: generated and kept in the state folder. */
  readonly adminToken: string | undefined
  /** As the Worker takes POSTERN_SEALING_KEYS_PREVIOUS. */
  readonly formerSealingKeys: string | undefined
  /** Between two runs of the cron. */
  readonly cronSeconds: number
  readonly app: boolean
  readonly once: boolean
  readonly json: boolean
}

export const USAGE = `npm start -- [options]

Starts the example app, the gateway and its database on this machine, with a connection
named demo between the two, and keeps them running until Ctrl-C.

  --fresh    empty state of its own, removed at the end
  --once     when ready, check the gateway over HTTP and end: exit code 0 or 1
  --no-app   without the example app: the connection demo keeps its people in the gateway
  --json     print nothing but the line of JSON that says it is ready
  --help     this text

Environment: PORT (of the gateway, default 8787; 0 takes a free one), POSTERN_STATE (state
folder, default .postern), POSTERN_ADMIN_TOKEN (else generated), POSTERN_SEALING_KEYS_PREVIOUS
(after sealingKey in secrets.json of the state folder was replaced: the former one),
POSTERN_CRON_SECONDS (how often the cron runs, default 60 as in production).
A second start on the same state folder ends the first one and takes over.`

/** Wrong usage: ends with exit code 2. */
export class UsageError extends StartError {}

const FLAGS = {
  fresh: { type: 'boolean', default: false },
  once: { type: 'boolean', default: false },
  'no-app': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS, strict: true }).values
  } catch (error) {
    const [sentence = 'wrong usage'] = String((error as Error).message).split('. ')
    throw new UsageError(sentence, 'npm start -- --help lists the options', { cause: error })
  }
}

function parsePort(text: string | undefined): number {
  const port = Number(text || '8787')
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new UsageError(`PORT=${text} is not a port`, 'PORT is a number from 0 to 65535')
  }
  return port
}

function parseCronSeconds(text: string | undefined): number {
  const seconds = Number(text || '60')
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 3600) {
    const advice = 'POSTERN_CRON_SECONDS is a number from 1 to 3600'
    throw new UsageError(`POSTERN_CRON_SECONDS=${text} is not a number of seconds`, advice)
  }
  return seconds
}

/**
 * Reads the command line and the environment.
 * @throws {UsageError} on anything unknown
 */
export function parseOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  projectFolder: string,
): StartOptions | 'help' {
  const flags = parseFlags(args)
  if (flags.help) return 'help'
  return {
    port: parsePort(env['PORT']),
    stateFolder: flags.fresh
      ? undefined
      : path.resolve(projectFolder, env['POSTERN_STATE'] || '.postern'),
    adminToken: env['POSTERN_ADMIN_TOKEN'] || undefined,
    formerSealingKeys: env['POSTERN_SEALING_KEYS_PREVIOUS'] || undefined,
    cronSeconds: parseCronSeconds(env['POSTERN_CRON_SECONDS']),
    app: !flags['no-app'],
    once: flags.once,
    json: flags.json,
  }
}
