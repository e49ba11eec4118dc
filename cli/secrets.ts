/** `postern secrets`: which key seals the secrets of a gateway. */
import * as z from 'zod'
import { GATEWAY_FLAGS, GATEWAY_HELP, openGateway } from './arguments.ts'
import { type Command, parseFlags } from './command.ts'
import { listLines } from './reconcile/table.ts'
import { runVerb } from './verbs.ts'
import { voiceOf } from './voice.ts'

const HELP = `npx postern secrets status [options]

How many secrets each sealing key has sealed, and where those are that none of the gateway's keys opens.
After POSTERN_SEALING_KEY was replaced, the former key stays in POSTERN_SEALING_KEYS_PREVIOUS until it
seals nothing any more: the cron seals anew, some 200 secrets a minute. Exit code 1 where a key is lost.

${GATEWAY_HELP}

  npx postern secrets status
  npx postern secrets status --url https://scim.example.com --json`

const statusSchema = z.object({
  keys: z.array(
    z.object({
      keyId: z.string(),
      use: z.enum(['current', 'previous', 'lost']),
      secrets: z.number(),
    }),
  ),
  mayDrop: z.array(z.string()),
  lost: z.array(z.object({ connection: z.string(), secret: z.string(), keyId: z.string() })),
})

async function status(args: readonly string[]): Promise<number> {
  const flags = parseFlags('secrets status', args, GATEWAY_FLAGS)
  const call = await openGateway(flags)
  const answer = await call('GET', '/sealing', 'ask which keys seal its secrets')
  const { keys, mayDrop, lost } = statusSchema.parse(answer)
  const lostCount = keys.reduce((sum, { use, secrets }) => sum + (use === 'lost' ? secrets : 0), 0)
  if (flags.json) console.log(JSON.stringify({ keys, mayDrop, lost }))
  else {
    const { say, paint } = voiceOf(flags)
    const rows = keys.map(({ keyId, use, secrets }) => [
      keyId,
      use,
      `${secrets} secrets`,
      mayDrop.includes(keyId) ? 'may be dropped' : '',
    ])
    if (rows.length === 0) say('  No sealing key is set, and nothing is sealed.')
    else say(listLines('sealing keys', rows, rows.length, paint).join('\n'))
    if (lostCount > 0) {
      const places = lost.map(({ connection, secret, keyId }) => [connection, secret, keyId])
      say(
        listLines(`sealed with a lost key (${lostCount})`, places, places.length, paint).join('\n'),
      )
      say(
        '\n  Put the key back into POSTERN_SEALING_KEYS_PREVIOUS, or enter these secrets again. "*" is',
      )
      say(
        '  what the app handed out itself: enter any secret of that connection, and it is had anew.',
      )
    }
  }
  return lostCount > 0 ? 1 : 0
}

export const secrets: Command = {
  summary: 'which key seals the secrets of a gateway, and whether a former one may be dropped',
  help: HELP,
  run: (args) => runVerb('secrets', { status }, args),
}
