/** `postern alerts`: what is open, and where notices of it go. */
import * as z from 'zod'
import {
  GATEWAY_FLAGS,
  GATEWAY_HELP,
  openConnection,
  openGateway,
  parseWords,
} from './arguments.ts'
import { type Command, parseFlags, UsageError } from './command.ts'
import { listLines } from './reconcile/table.ts'
import { runVerb } from './verbs.ts'
import { voiceOf } from './voice.ts'

const HELP = `npx postern alerts list <connection> [options]
npx postern alerts channels [--connection NAME] [options]
npx postern alerts put <channel> [--connection NAME] --webhook URL | --slack URL | --teams URL | --email FROM,TO
                       [--critical] [--off] [options]
npx postern alerts test <channel> [--connection NAME] [options]
npx postern alerts secret <channel> [--connection NAME] [options]
npx postern alerts remove <channel> [--connection NAME] [options]

list shows what is open. A channel is where notices of alerts go (docs/alerts.md): of one connection, or of
the gateway, and then it hears of all connections. put makes or replaces one; the secret that signs a new
webhook is shown once. secret adds one, to exchange it. test sends a notice now; exit code 1 where it is not
taken.

  --connection NAME the connection's own channels (default: those of the gateway)
  --webhook URL     signed after the Standard Webhooks specification
  --slack URL       an incoming webhook of Slack
  --teams URL       a workflow of Microsoft Teams
  --email FROM,TO   by the gateway's binding ALERT_EMAIL
  --critical        it hears of nothing that is less severe
  --off             it is kept, and hears of nothing
${GATEWAY_HELP}

  npx postern alerts put ops --connection acme --webhook https://alerts.example.com/postern
  npx postern alerts test ops --connection acme`

const FLAGS = { ...GATEWAY_FLAGS, connection: { type: 'string' } } as const

const channelSchema = z.looseObject({
  name: z.string(),
  kind: z.string(),
  enabled: z.boolean(),
  severity: z.string(),
  host: z.string().optional(),
  to: z.string().optional(),
  secret: z.string().optional(),
})
const channelsSchema = z.object({ items: z.array(channelSchema) })
const alertsSchema = z.object({
  items: z.array(
    z.looseObject({
      kind: z.string(),
      severity: z.string(),
      count: z.number(),
      since: z.string(),
      subject: z.string(),
    }),
  ),
})
const sentSchema = z.object({ delivered: z.boolean(), reason: z.string().optional() })
const secretSchema = z.object({ id: z.string(), secret: z.string() })

type Scoped = Parameters<typeof openGateway>[0] & { readonly connection?: string | undefined }

const open = (flags: Scoped) =>
  flags.connection === undefined ? openGateway(flags) : openConnection(flags.connection, flags)

const at = (channel: string, rest = '') => `/alerts/channels/${encodeURIComponent(channel)}${rest}`

async function list(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('alerts list', args, ['connection'], GATEWAY_FLAGS)
  const [connection = ''] = words
  const call = await openConnection(connection, flags)
  const { items } = alertsSchema.parse(await call('GET', '/alerts', 'list alerts'))
  const { say, paint } = voiceOf(flags)
  if (flags.json) console.log(JSON.stringify({ connection, items }))
  else if (items.length === 0) say('  No alert is open.')
  else {
    const rows = items.map(({ kind, severity, count, since, subject }) => [
      kind,
      severity,
      String(count),
      `since ${since.slice(0, 16).replace('T', ' ')}`,
      subject,
    ])
    say(listLines(`alerts of ${connection} (${rows.length})`, rows, rows.length, paint).join('\n'))
  }
  return 0
}

async function channels(args: readonly string[]): Promise<number> {
  const flags = parseFlags('alerts channels', args, FLAGS)
  const call = await open(flags)
  const { items } = channelsSchema.parse(await call('GET', '/alerts/channels', 'list channels'))
  const { say, paint } = voiceOf(flags)
  if (flags.json) console.log(JSON.stringify({ items }))
  else if (items.length === 0) say('  There is no channel: nobody is told.')
  else {
    const rows = items.map(({ name, kind, host, to, severity, enabled }) => [
      name,
      kind,
      host ?? to ?? '',
      severity === 'critical' ? 'critical only' : 'all',
      enabled ? '' : 'off',
    ])
    say(listLines(`channels (${rows.length})`, rows, rows.length, paint).join('\n'))
  }
  return 0
}

async function put(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('alerts put', args, ['channel'], {
    ...FLAGS,
    webhook: { type: 'string' },
    slack: { type: 'string' },
    teams: { type: 'string' },
    email: { type: 'string' },
    critical: { type: 'boolean', default: false },
    off: { type: 'boolean', default: false },
  })
  const [channel = ''] = words
  const { webhook, slack, teams, email } = flags
  const wheres = Object.entries({ webhook, slack, teams, email }).filter(([, to]) => to)
  const [where] = wheres
  if (!where || wheres.length > 1) {
    const advice = 'give one of --webhook, --slack, --teams and --email'
    throw new UsageError('it is not clear where the channel leads to', advice)
  }
  const [kind, to = ''] = where
  const [from, recipient] = to.split(',').map((part) => part.trim())
  const body = {
    kind,
    ...(kind === 'email' ? { from, to: recipient } : { url: to }),
    enabled: !flags.off,
    severity: flags.critical ? 'critical' : 'warning',
  }
  const call = await open(flags)
  const made = channelSchema.parse(await call('PUT', at(channel), 'put the channel', body))
  if (flags.json) console.log(JSON.stringify(made))
  else if (made.secret) voiceOf(flags).say(`  ${made.secret}\n\n  It signs, and is shown once.`)
  else voiceOf(flags).say(`  ${channel} is there`)
  return 0
}

async function test(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('alerts test', args, ['channel'], FLAGS)
  const [channel = ''] = words
  const call = await open(flags)
  const sent = sentSchema.parse(await call('POST', at(channel, '/test'), 'test the channel'))
  if (flags.json) console.log(JSON.stringify(sent))
  else voiceOf(flags).say(sent.delivered ? '  It was taken.' : `  It was not taken: ${sent.reason}`)
  return sent.delivered ? 0 : 1
}

async function secret(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('alerts secret', args, ['channel'], FLAGS)
  const [channel = ''] = words
  const call = await open(flags)
  const made = secretSchema.parse(await call('POST', at(channel, '/secrets'), 'make a secret'))
  if (flags.json) console.log(JSON.stringify(made))
  else voiceOf(flags).say(`  ${made.secret}\n\n  Shown once. Its id, to drop it: ${made.id}`)
  return 0
}

async function remove(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('alerts remove', args, ['channel'], FLAGS)
  const [channel = ''] = words
  await (await open(flags))('DELETE', at(channel), 'remove the channel')
  if (flags.json) console.log(JSON.stringify({ removed: channel }))
  else voiceOf(flags).say(`  ${channel} is removed`)
  return 0
}

export const alerts: Command = {
  summary: 'what must not wait: open alerts, and the channels that hear of them',
  help: HELP,
  run: (args) => runVerb('alerts', { list, channels, put, test, secret, remove }, args),
}
