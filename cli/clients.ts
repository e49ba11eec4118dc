/** `postern clients`: OAuth clients of a connection. */
import * as z from 'zod'
import { GATEWAY_FLAGS, GATEWAY_HELP, openConnection, parseWords } from './arguments.ts'
import type { Command } from './command.ts'
import { readObject } from './input-file.ts'
import { listLines } from './reconcile/table.ts'
import { runVerb } from './verbs.ts'
import { voiceOf } from './voice.ts'

const HELP = `npx postern clients list <connection> [options]
npx postern clients new <connection> [--label TEXT] [--scope SCOPE] [--expires TIME] [options]
npx postern clients trust <connection> <file> [options]
npx postern clients show <connection> <client> [options]
npx postern clients secret <connection> <client> [--expires TIME] [options]
npx postern clients drop-secret <connection> <client> <secret> [options]
npx postern clients remove <connection> <client> [options]

new makes a client with a secret, for OAuth 2.0 client credentials: in Entra enter its token endpoint,
client id and client secret. A secret is shown once. A client may have ten of them: add the new one,
enter it, drop the old one.
trust makes a client that has no secret: its own identity provider signs for it. The file says whom to
believe (docs/security.md); - is standard input.
remove ends a client, its secrets, and all tokens that it was given.

  --label TEXT      what it is for
  --scope SCOPE     scim (default), or scim:read
  --expires TIME    end of the secret, ISO 8601 (default: never)
${GATEWAY_HELP}

  npx postern clients new acme --label Entra --expires 2028-11-24T00:00:00Z
  echo '{ "kind": "token", "trust": { "tenantId": "<tenant id>" } }' | npx postern clients trust acme -`

const clientSchema = z.looseObject({
  clientId: z.string(),
  kind: z.string(),
  label: z.string().nullable(),
  scope: z.string(),
  lastUsed: z.string().nullable(),
  tokenUrl: z.string().optional(),
  clientSecret: z.string().optional(),
})
const listSchema = z.object({ items: z.array(clientSchema) })
const secretSchema = z.looseObject({ id: z.string(), clientSecret: z.string() })

const LABELS = {
  label: { type: 'string' },
  scope: { type: 'string' },
  expires: { type: 'string' },
} as const

async function list(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('clients list', args, ['connection'], GATEWAY_FLAGS)
  const [connection = ''] = words
  const call = await openConnection(connection, flags)
  const { items } = listSchema.parse(await call('GET', '/clients', 'list clients'))
  const { say, paint } = voiceOf(flags)
  if (flags.json) console.log(JSON.stringify({ connection, items }))
  else {
    const rows = items.map(({ clientId, kind, label, scope, lastUsed }) => [
      clientId,
      kind,
      label ?? '',
      scope,
      lastUsed === null ? 'never used' : `used ${lastUsed.slice(0, 16).replace('T', ' ')}`,
    ])
    say(listLines(`clients of ${connection} (${rows.length})`, rows, rows.length, paint).join('\n'))
  }
  return 0
}

async function make(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('clients new', args, ['connection'], {
    ...GATEWAY_FLAGS,
    ...LABELS,
  })
  const { label, scope, expires: expiresAt } = flags
  return add(words[0] ?? '', { kind: 'secret', label, scope, expiresAt }, flags)
}

async function trust(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('clients trust', args, ['connection', 'file'], GATEWAY_FLAGS)
  const [connection = '', file = ''] = words
  return add(connection, await readObject(file, 'clients'), flags)
}

type Flags = Parameters<typeof openConnection>[1] & { readonly json: boolean }

async function add(connection: string, client: unknown, flags: Flags): Promise<number> {
  const call = await openConnection(connection, flags)
  const made = clientSchema.parse(await call('POST', '/clients', 'make the client', client))
  if (flags.json) console.log(JSON.stringify(made))
  else {
    const { say } = voiceOf(flags)
    if (made.tokenUrl) say(`  token endpoint  ${made.tokenUrl}`)
    say(`  client id       ${made.clientId}`)
    if (made.clientSecret)
      say(`  client secret   ${made.clientSecret}\n\n  The secret is shown once.`)
  }
  return 0
}

async function show(args: readonly string[]): Promise<number> {
  const words = ['connection', 'client']
  const { words: given, flags } = parseWords('clients show', args, words, GATEWAY_FLAGS)
  const [connection = '', client = ''] = given
  const call = await openConnection(connection, flags)
  const shown = await call('GET', `/clients/${encodeURIComponent(client)}`, 'show the client')
  console.log(flags.json ? JSON.stringify(shown) : JSON.stringify(shown, null, 2))
  return 0
}

async function secret(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('clients secret', args, ['connection', 'client'], {
    ...GATEWAY_FLAGS,
    expires: { type: 'string' },
  })
  const [connection = '', client = ''] = words
  const call = await openConnection(connection, flags)
  const route = `/clients/${encodeURIComponent(client)}/secrets`
  const made = secretSchema.parse(
    await call('POST', route, 'make a secret', { expiresAt: flags.expires }),
  )
  if (flags.json) console.log(JSON.stringify(made))
  else {
    const text = `  ${made.clientSecret}\n\n  Shown once. Its id, to drop it: ${made.id}`
    voiceOf(flags).say(text)
  }
  return 0
}

async function dropSecret(args: readonly string[]): Promise<number> {
  const words = ['connection', 'client', 'secret']
  const { words: given, flags } = parseWords('clients drop-secret', args, words, GATEWAY_FLAGS)
  const [connection = '', client = '', id = ''] = given
  const call = await openConnection(connection, flags)
  const route = `/clients/${encodeURIComponent(client)}/secrets/${encodeURIComponent(id)}`
  await call('DELETE', route, 'drop the secret')
  if (flags.json) console.log(JSON.stringify({ dropped: id }))
  else voiceOf(flags).say(`  ${id} is dropped; tokens that it has got live until they expire`)
  return 0
}

async function remove(args: readonly string[]): Promise<number> {
  const words = ['connection', 'client']
  const { words: given, flags } = parseWords('clients remove', args, words, GATEWAY_FLAGS)
  const [connection = '', client = ''] = given
  const call = await openConnection(connection, flags)
  await call('DELETE', `/clients/${encodeURIComponent(client)}`, 'remove the client')
  if (flags.json) console.log(JSON.stringify({ removed: client }))
  else voiceOf(flags).say(`  ${client} is removed, and its tokens with it`)
  return 0
}

export const clients: Command = {
  summary: 'OAuth clients of a connection: secrets, and whose signed tokens are trusted',
  help: HELP,
  run: (args) =>
    runVerb(
      'clients',
      { list, new: make, trust, show, secret, 'drop-secret': dropSecret, remove },
      args,
    ),
}
