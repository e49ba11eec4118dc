/** `postern administrators`: who may use the admin API, and how far. */
import * as z from 'zod'
import { type Call, GATEWAY_FLAGS, GATEWAY_HELP, openGateway, parseWords } from './arguments.ts'
import { type Command, UsageError } from './command.ts'
import { listLines } from './reconcile/table.ts'
import { runVerb } from './verbs.ts'
import { voiceOf } from './voice.ts'

const HELP = `npx postern administrators list [options]
npx postern administrators new <name> --role ROLE [--connection NAME]... [--expires TIME] [options]
npx postern administrators show <id> [options]
npx postern administrators change <id> [--role ROLE] [--connection NAME]... [--all-connections] [options]
npx postern administrators token <id> [--label TEXT] [--expires TIME] [options]
npx postern administrators revoke <id> <token> [options]
npx postern administrators remove <id> [options]
npx postern administrators me [options]

An auditor looks; an operator runs connections; an owner also off-boards them, and administers
administrators. With --connection somebody is limited to the connections named, and sees no other.

new makes an administrator with a token, which is shown once. Who signs in by Cloudflare Access needs
none (--no-token): the name is the e-mail address, or the name of the service token, that Access has.
token adds another one, to exchange the old one for. revoke ends one token, and remove the
administrator with all tokens, at once. me says who you are.

  --role ROLE        auditor, operator or owner
  --connection NAME  may be repeated
  --all-connections  lifts the limit
  --label TEXT       what the token is for
  --expires TIME     end of the token, ISO 8601 (default: never)
  --no-token         of new: no token
${GATEWAY_HELP}

  npx postern administrators new ann@example.com --role owner
  npx postern administrators new it@customer.example --role operator --connection customer
  npx postern administrators list`

const administratorSchema = z.looseObject({
  id: z.string(),
  name: z.string(),
  role: z.string(),
  connections: z.array(z.string()).nullable(),
})
const storedSchema = administratorSchema.extend({ lastUsed: z.string().nullable() })
const listSchema = z.object({ items: z.array(storedSchema) })
const tokenSchema = z.looseObject({
  id: z.string(),
  label: z.string().nullable(),
  expiresAt: z.string().nullable(),
  lastUsed: z.string().nullable(),
})
const shownSchema = storedSchema.extend({ tokens: z.array(tokenSchema) })
const newTokenSchema = tokenSchema.extend({ token: z.string() })

const TOKEN_FLAGS = { label: { type: 'string' }, expires: { type: 'string' } } as const
const GRANT_FLAGS = {
  role: { type: 'string' },
  connection: { type: 'string', multiple: true },
} as const

const minute = (iso: string): string => iso.slice(0, 16).replace('T', ' ')
const used = (iso: string | null): string => (iso === null ? 'never used' : `used ${minute(iso)}`)
const reach = (connections: readonly string[] | null): string =>
  connections === null ? 'all connections' : connections.join(', ') || 'no connection'
const route = (...parts: readonly string[]): string =>
  ['/administrators', ...parts.map(encodeURIComponent)].join('/')

async function list(args: readonly string[]): Promise<number> {
  const { flags } = parseWords('administrators list', args, [], GATEWAY_FLAGS)
  const call = await openGateway(flags)
  const { items } = listSchema.parse(await call('GET', route(), 'list administrators'))
  const { say, paint } = voiceOf(flags)
  if (flags.json) console.log(JSON.stringify({ items }))
  else {
    const rows = items.map(({ id, name, role, connections, lastUsed }) => [
      ...[id, name, role, reach(connections), used(lastUsed)],
    ])
    say(listLines(`administrators (${rows.length})`, rows, rows.length, paint).join('\n'))
  }
  return 0
}

async function make(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('administrators new', args, ['name'], {
    ...GATEWAY_FLAGS,
    ...TOKEN_FLAGS,
    ...GRANT_FLAGS,
    'no-token': { type: 'boolean', default: false },
  })
  const [name = ''] = words
  const { role, connection } = flags
  if (role === undefined) {
    throw new UsageError('no --role given', 'one of auditor, operator, owner; --help says more')
  }
  const call = await openGateway(flags)
  const body = { name, role, connections: connection ?? null }
  const made = storedSchema.parse(await call('POST', route(), 'make an administrator', body))
  const token = flags['no-token'] ? undefined : await mint(call, made.id, flags)
  if (flags.json) {
    console.log(
      JSON.stringify({ ...made, ...(token && { token: token.token, tokenId: token.id }) }),
    )
    return 0
  }
  const { say } = voiceOf(flags)
  say(`  ${made.name}, ${made.role} of ${reach(made.connections)}: ${made.id}`)
  if (token) say(`\n  ${token.token}\n\n  Shown once. Its id, to revoke it: ${token.id}`)
  return 0
}

async function show(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('administrators show', args, ['id'], GATEWAY_FLAGS)
  const [id = ''] = words
  const call = await openGateway(flags)
  const one = shownSchema.parse(await call('GET', route(id), 'show the administrator'))
  const { say, paint } = voiceOf(flags)
  if (flags.json) console.log(JSON.stringify(one))
  else {
    say(`  ${one.name}, ${one.role} of ${reach(one.connections)}`)
    const rows = one.tokens.map(({ id, label, lastUsed, expiresAt }) => [
      ...[id, label ?? '', used(lastUsed)],
      expiresAt === null ? 'no end' : `until ${minute(expiresAt)}`,
    ])
    say(listLines(`tokens (${rows.length})`, rows, rows.length, paint).join('\n'))
  }
  return 0
}

async function change(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('administrators change', args, ['id'], {
    ...GATEWAY_FLAGS,
    ...GRANT_FLAGS,
    'all-connections': { type: 'boolean', default: false },
  })
  const [id = ''] = words
  const { role, connection } = flags
  const all = flags['all-connections']
  if (all && connection) {
    throw new UsageError('--all-connections and --connection', 'give one of the two')
  }
  const connections = all ? null : connection
  if (role === undefined && connections === undefined) {
    throw new UsageError('nothing to change', 'give --role, --connection or --all-connections')
  }
  const call = await openGateway(flags)
  const body = { role, connections }
  const one = storedSchema.parse(await call('PATCH', route(id), 'change the administrator', body))
  if (flags.json) console.log(JSON.stringify(one))
  else voiceOf(flags).say(`  ${one.name} is ${one.role} of ${reach(one.connections)}`)
  return 0
}

async function token(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('administrators token', args, ['id'], {
    ...GATEWAY_FLAGS,
    ...TOKEN_FLAGS,
  })
  const [id = ''] = words
  const made = await mint(await openGateway(flags), id, flags)
  if (flags.json) console.log(JSON.stringify(made))
  else {
    voiceOf(flags).say(`  ${made.token}\n\n  Shown once. Its id, to revoke it: ${made.id}`)
  }
  return 0
}

async function mint(
  call: Call,
  id: string,
  { label, expires }: { label?: string | undefined; expires?: string | undefined },
) {
  const body = { label, expiresAt: expires }
  return newTokenSchema.parse(await call('POST', route(id, 'tokens'), 'make a token', body))
}

async function revoke(args: readonly string[]): Promise<number> {
  const names = ['id', 'token']
  const { words, flags } = parseWords('administrators revoke', args, names, GATEWAY_FLAGS)
  const [id = '', revoked = ''] = words
  const call = await openGateway(flags)
  await call('DELETE', route(id, 'tokens', revoked), 'revoke the token')
  if (flags.json) console.log(JSON.stringify({ revoked }))
  else voiceOf(flags).say(`  ${revoked} is revoked`)
  return 0
}

async function remove(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('administrators remove', args, ['id'], GATEWAY_FLAGS)
  const [removed = ''] = words
  const call = await openGateway(flags)
  await call('DELETE', route(removed), 'remove the administrator')
  if (flags.json) console.log(JSON.stringify({ removed }))
  else voiceOf(flags).say(`  ${removed} is no administrator any more`)
  return 0
}

async function me(args: readonly string[]): Promise<number> {
  const { flags } = parseWords('administrators me', args, [], GATEWAY_FLAGS)
  const call = await openGateway(flags)
  const one = administratorSchema.parse(await call('GET', '/me', 'say who you are'))
  if (flags.json) console.log(JSON.stringify(one))
  else voiceOf(flags).say(`  ${one.name}, ${one.role} of ${reach(one.connections)}`)
  return 0
}

export const administrators: Command = {
  summary: 'who may use the admin API: roles, limits, tokens',
  help: HELP,
  run: (args) =>
    runVerb('administrators', { list, new: make, show, change, token, revoke, remove, me }, args),
}
