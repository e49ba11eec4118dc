/** `postern connections` and `postern connections <connection>`: what is there, and in which mode. */
import * as z from 'zod'
import { everyItem, GATEWAY_FLAGS, openConnection, openGateway, parseWords } from '../arguments.ts'
import { parseFlags } from '../command.ts'
import { listLines } from '../reconcile/table.ts'
import { voiceOf } from '../voice.ts'
import { untilOf } from './until.ts'

const connectionSchema = z.looseObject({
  name: z.string(),
  adapter: z.string(),
  scimBaseUrl: z.string(),
  mode: z.string(),
  modeUntil: z.string().nullable(),
})
type Connection = z.infer<typeof connectionSchema>
const pageSchema = z.object({
  items: z.array(connectionSchema),
  nextCursor: z.string().optional(),
})

export async function runList(args: readonly string[]): Promise<number> {
  const flags = parseFlags('connections', args, GATEWAY_FLAGS)
  const items = await everyItem(
    await openGateway(flags),
    '/connections',
    'list connections',
    (answer) => pageSchema.parse(answer),
  )
  if (flags.json) console.log(JSON.stringify({ items }))
  else {
    const { say, paint } = voiceOf(flags)
    const rows = items.map((item) => [item.name, item.adapter, modeText(item)])
    say(listLines(`connections (${items.length})`, rows, items.length, paint).join('\n'))
  }
  return 0
}

export async function runOne(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('connections', args, ['connection'], {
    ...GATEWAY_FLAGS,
    mode: { type: 'string' },
    until: { type: 'string' },
  })
  const [name = ''] = words
  const { mode, until } = flags
  const modeUntil = until === undefined ? undefined : untilOf(until, Date.now())
  const call = await openConnection(name, flags)
  const isRead = mode === undefined && modeUntil === undefined
  const answer = isRead
    ? await call('GET', '', 'read the connection')
    : await call('PATCH', '', 'set the mode', {
        ...(mode !== undefined && { mode }),
        ...(modeUntil !== undefined && { modeUntil }),
      })
  const connection = connectionSchema.parse(answer)
  if (flags.json) console.log(JSON.stringify(connection))
  else {
    const { say, paint } = voiceOf(flags)
    say(`  ${paint('bold', connection.name)}  ${connection.adapter}`)
    say(`    mode        ${modeText(connection)}`)
    say(`    Tenant URL  ${connection.scimBaseUrl}`)
  }
  return 0
}

/** The mode, and what its end means for it. */
function modeText({ mode, modeUntil }: Connection): string {
  if (modeUntil === null) return mode
  const at = modeUntil.slice(0, 16).replace('T', ' ')
  return mode === 'paused' ? `paused: a mode ended ${at} UTC` : `${mode} until ${at} UTC`
}
