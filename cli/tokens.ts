/** `postern tokens`: the bearer tokens of a connection. */
import * as z from 'zod'
import { everyItem, GATEWAY_FLAGS, GATEWAY_HELP, openConnection, parseWords } from './arguments.ts'
import type { Command } from './command.ts'
import { listLines } from './reconcile/table.ts'
import { runVerb } from './verbs.ts'
import { voiceOf } from './voice.ts'

const HELP = `npx postern tokens list <connection> [options]
npx postern tokens new <connection> [--label TEXT] [--expires TIME] [--scope SCOPE] [options]
npx postern tokens revoke <connection> <id> [options]

A client sends a token as its bearer token; in Entra it is the Secret Token. Several may be active: make
the new one, paste it, revoke the old one. A token is shown once. A revoked one writes no more at once,
and reads for five seconds at most.

  --label TEXT      what it is for
  --expires TIME    ISO 8601, such as 2027-11-24T00:00:00Z (default: never)
  --scope SCOPE     scim (default), or scim:read
${GATEWAY_HELP}

  npx postern tokens new acme --label "Entra, November" --expires 2027-11-24T00:00:00Z
  npx postern tokens list acme`

const tokenSchema = z.object({
  id: z.string(),
  label: z.string().nullable(),
  created: z.string(),
  lastUsed: z.string().nullable(),
  expiresAt: z.string().nullable(),
  scope: z.string(),
})
const pageSchema = z.object({ items: z.array(tokenSchema), nextCursor: z.string().optional() })
const newSchema = tokenSchema.extend({ token: z.string() })

const minute = (iso: string): string => iso.slice(0, 16).replace('T', ' ')

async function list(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('tokens list', args, ['connection'], GATEWAY_FLAGS)
  const [connection = ''] = words
  const call = await openConnection(connection, flags)
  const items = await everyItem(call, '/tokens', 'list tokens', (answer) =>
    pageSchema.parse(answer),
  )
  const { say, paint } = voiceOf(flags)
  if (flags.json) console.log(JSON.stringify({ connection, items }))
  else {
    const rows = items.map(({ id, label, scope, lastUsed, expiresAt }) => [
      id,
      label ?? '',
      scope,
      lastUsed === null ? 'never used' : `used ${minute(lastUsed)}`,
      expiresAt === null ? 'no end' : `until ${minute(expiresAt)}`,
    ])
    say(listLines(`tokens of ${connection} (${rows.length})`, rows, rows.length, paint).join('\n'))
  }
  return 0
}

async function make(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('tokens new', args, ['connection'], {
    ...GATEWAY_FLAGS,
    label: { type: 'string' },
    expires: { type: 'string' },
    scope: { type: 'string' },
  })
  const [connection = ''] = words
  const { label, expires: expiresAt, scope } = flags
  const call = await openConnection(connection, flags)
  const body = { label, expiresAt, scope }
  const made = newSchema.parse(await call('POST', '/tokens', 'make a token', body))
  if (flags.json) console.log(JSON.stringify(made))
  else {
    const { say } = voiceOf(flags)
    say(`  ${made.token}\n\n  Shown once. Its id, to revoke it: ${made.id}`)
  }
  return 0
}

async function revoke(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('tokens revoke', args, ['connection', 'id'], GATEWAY_FLAGS)
  const [connection = '', id = ''] = words
  const call = await openConnection(connection, flags)
  await call('DELETE', `/tokens/${encodeURIComponent(id)}`, 'revoke the token')
  if (flags.json) console.log(JSON.stringify({ revoked: id }))
  else voiceOf(flags).say(`  ${id} is revoked`)
  return 0
}

export const tokens: Command = {
  summary: 'bearer tokens of a connection: lists, makes and revokes them',
  help: HELP,
  run: (args) => runVerb('tokens', { list, new: make, revoke }, args),
}
