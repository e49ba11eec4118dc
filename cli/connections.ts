/** `postern connections`: their modes, and one as a document, from staging to production. */
import * as z from 'zod'
import {
  GATEWAY_FLAGS,
  GATEWAY_HELP,
  openConnection,
  openGateway,
  parseWords,
} from './arguments.ts'
import { type Command, UsageError } from './command.ts'
import { runList, runOne } from './connections/show.ts'
import { readObject } from './input-file.ts'
import { runVerb } from './verbs.ts'
import { voiceOf } from './voice.ts'

const HELP = `npx postern connections [<connection>] [options]
npx postern connections export <connection> [options]
npx postern connections import <file> [options]

Without a verb: lists the connections, or shows one, or sets its mode.

  --mode MODE       observe (reads only), gate (writes answer what would have happened), live, paused
  --until WHEN      when observe or gate ends: 30m, 2h, 3d, or a time such as 2026-11-24T18:00Z; at
                    most 7 days, 24 hours unless said. The connection is paused after it, never live

export: adapter, settings, mapping, policy, extensions and resource types as one JSON document, on
standard output. It holds no secrets, only their names, and no tokens and no links.

import: makes a connection of such a document, and prints its token, once. An export from staging
names staging's app: --set puts production's in its place.

  --name NAME       of the new connection (default: the one in the file)
  --set KEY=VALUE   a setting in place of the file's; VALUE is JSON, else text; may be repeated
  --secrets FILE    JSON object of the secrets; - is standard input. Not an option of its own: other
                    users of the machine see what a command line says
  --mode MODE       observe, gate, live or paused, in place of the file's
  --database NAME   binding of the database that is to hold its data, for example DB_2
${GATEWAY_HELP}

  npx postern connections acme --mode gate --until 2h
  npx postern connections export acme --url https://staging.example.com > acme.json
  npx postern connections import acme.json --set url=https://desk.example.com --secrets - --mode observe`

const jsonObject = z.record(z.string(), z.unknown())
const createdSchema = z.looseObject({
  name: z.string(),
  scimBaseUrl: z.string(),
  token: z.string(),
})

async function runExport(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('connections export', args, ['connection'], GATEWAY_FLAGS)
  const [connection = ''] = words
  const call = await openConnection(connection, flags)
  const document = await call('GET', '/export', 'export the connection')
  // One line where a program listens, as everywhere.
  console.log(JSON.stringify(document, null, flags.json ? 0 : 2))
  return 0
}

async function runImport(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('connections import', args, ['file'], {
    ...GATEWAY_FLAGS,
    name: { type: 'string' },
    set: { type: 'string', multiple: true, default: [] as string[] },
    secrets: { type: 'string' },
    mode: { type: 'string' },
    database: { type: 'string' },
  })
  const [file = ''] = words
  const document = await readObject(file, 'connections')
  const { policy, settings } = document
  const body = {
    ...document,
    settings: { ...jsonObject.parse(settings ?? {}), ...settingsOf(flags.set) },
    ...(flags.name !== undefined && { name: flags.name }),
    ...(flags.secrets !== undefined && { secrets: await readObject(flags.secrets, 'connections') }),
    ...(flags.mode !== undefined && { mode: flags.mode, policy: withoutMode(policy) }),
    ...(flags.database !== undefined && { database: flags.database }),
  }
  const call = await openGateway(flags)
  const created = createdSchema.parse(
    await call('POST', '/connections', 'make the connection', body),
  )
  if (flags.json) console.log(JSON.stringify(created))
  else {
    const { say, paint } = voiceOf(flags)
    say(`  ${paint('bold', created.name)} is there. For the identity provider:`)
    say(`    Tenant URL    ${created.scimBaseUrl}`)
    say(`    Secret token  ${created.token}   ${paint('dim', '(shown this once)')}`)
  }
  return 0
}

function withoutMode(policy: unknown): Record<string, unknown> {
  const { mode: _, ...rest } = jsonObject.parse(policy ?? {})
  return rest
}

function settingsOf(pairs: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1)
        throw new UsageError(`--set ${pair} is not KEY=VALUE`, 'for example --set seats=50')
      const text = pair.slice(at + 1)
      try {
        return [pair.slice(0, at), JSON.parse(text)]
      } catch {
        return [pair.slice(0, at), text]
      }
    }),
  )
}

const VERBS = { export: runExport, import: runImport }

/** Options may stand before the name. */
function runOrList(args: readonly string[]): Promise<number> {
  const isOne = args.some((arg) => /^--(?:mode|until)\b/.test(arg))
  return isOne ? runOne(args) : runList(args)
}

export const connections: Command = {
  summary: 'lists connections, sets their mode, exports one and makes one of it elsewhere',
  help: HELP,
  run: async (args) => {
    const [first] = args
    if (first === undefined || first.startsWith('-')) return runOrList(args)
    return Object.hasOwn(VERBS, first) ? runVerb('connections', VERBS, args) : runOne(args)
  },
}
