/** `postern people`: who has been off for long, their removal, and erasing one person. */
import * as z from 'zod'
import { everyItem, GATEWAY_FLAGS, GATEWAY_HELP, openConnection, parseWords } from './arguments.ts'
import type { Command } from './command.ts'
import { runVerb } from './verbs.ts'
import { voiceOf } from './voice.ts'

const HELP = `npx postern people leavers <connection> [--days N] [options]
npx postern people remove <connection> <id> [options]
npx postern people erase <connection> <id> [options]

leavers lists whom a client has disabled N days ago or longer (default: the policy's
deprovision.leaverAfterDays) and never deleted: Entra sends no DELETE for who is unassigned.
remove does for one of them what the client's DELETE would do, by the connection's policy.

erase ends what Postern keeps of one person, by SCIM id: link, keys, memberships, findings, what scans
and pre-flights have met. The bare id stays, so that it is never given out again; so does the audit,
which names ids and attributes and holds no values. The app is not touched: have the person removed
there first, by the identity provider or by hand.

  --days N          of leavers: off for so long (default: the policy's deprovision.leaverAfterDays)
  --force           although the account is still in the app, where it stays: the next read gives it
                    another id. With the adapter "sandbox" this erases the account itself
${GATEWAY_HELP}

  npx postern people leavers acme --days 90 --json | tail -1
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

const pageSchema = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      type: z.string(),
      nativeId: z.string(),
      display: z.string().nullable(),
      inactiveSince: z.string(),
      days: z.int(),
    }),
  ),
  nextCursor: z.string().optional(),
})

async function leavers(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('people leavers', args, ['connection'], {
    ...GATEWAY_FLAGS,
    days: { type: 'string' },
  })
  const [connection = ''] = words
  const call = await openConnection(connection, flags)
  const query = flags.days === undefined ? '' : `?${new URLSearchParams({ days: flags.days })}`
  const items = await everyItem(call, `/leavers${query}`, 'list leavers', (answer) =>
    pageSchema.parse(answer),
  )
  const { say } = voiceOf(flags)
  if (flags.json) console.log(JSON.stringify({ connection, items }))
  else if (items.length === 0) say(`  nobody of ${connection} has been off for so long.`)
  else {
    for (const { id, display, days } of items) say(`  ${id}  ${days} days  ${display ?? ''}`)
    say(`\n  ${items.length} to look at; remove one by: postern people remove ${connection} <id>`)
  }
  return 0
}

const removedSchema = z.object({
  items: z.array(z.object({ id: z.string(), removed: z.boolean(), detail: z.string().optional() })),
})

async function remove(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('people remove', args, ['connection', 'id'], GATEWAY_FLAGS)
  const [connection = '', id = ''] = words
  const call = await openConnection(connection, flags)
  const answer = await call('POST', '/leavers/remove', `remove ${id}`, { ids: [id] })
  const [outcome] = removedSchema.parse(answer).items
  if (flags.json) console.log(JSON.stringify(outcome))
  else if (outcome?.removed) voiceOf(flags).say(`  ${id} is removed`)
  else console.error(`  ${id} is not removed: ${outcome?.detail ?? 'no answer'}`)
  return outcome?.removed ? 0 : 1
}

export const people: Command = {
  summary: 'who has been off for long; removes or erases one person',
  help: HELP,
  run: (args) => runVerb('people', { leavers, remove, erase }, args),
}
