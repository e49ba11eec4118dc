/** `postern people erase <connection> <id>`. */
import { GATEWAY_FLAGS, GATEWAY_HELP, openConnection, parseWords } from './arguments.ts'
import type { Command } from './command.ts'
import { runVerb } from './verbs.ts'
import { voiceOf } from './voice.ts'

const HELP = `npx postern people erase <connection> <id> [options]

Erases what Postern keeps of one person, by SCIM id: link, keys, memberships, findings, what scans
and pre-flights have met. The bare id stays, so that it is never given out again; so does the audit,
which names ids and attributes and holds no values. The app is not touched: have the person removed
there first, by the identity provider or by hand.

  --force           although the account is still in the app, where it stays: the next read gives it
                    another id. With the adapter "sandbox" this erases the account itself
${GATEWAY_HELP}

  npx postern people erase acme 2819c223-7f76-453a-919d-413861904646`

async function erase(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('people erase', args, ['connection', 'id'], {
    ...GATEWAY_FLAGS,
    force: { type: 'boolean', default: false },
  })
  const [connection = '', id = ''] = words
  const call = await openConnection(connection, flags)
  const route = `/people/${encodeURIComponent(id)}${flags.force ? '?force=true' : ''}`
  await call('DELETE', route, `erase ${id}`)
  if (flags.json) console.log(JSON.stringify({ erased: id }))
  else voiceOf(flags).say(`  ${id} is erased from ${connection}`)
  return 0
}

export const people: Command = {
  summary: 'erases what is kept of one person',
  help: HELP,
  run: (args) => runVerb('people', { erase }, args),
}
