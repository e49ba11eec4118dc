/** What the commands that speak to a connection through the admin API have in common. */
import path from 'node:path'
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { parseFlags, UsageError } from './command.ts'
import { adminApi, findGateway } from './simulate/target.ts'

const PROJECT = path.resolve(import.meta.dirname, '..')

/** Of every command that asks a gateway. */
export const GATEWAY_FLAGS = {
  url: { type: 'string' },
  'admin-token': { type: 'string' },
  json: { type: 'boolean', default: false },
} as const satisfies ParseArgsOptionsConfig

export const GATEWAY_HELP = `  --url URL         a gateway elsewhere (default: the running npm start)
  --admin-token T   of that gateway; better kept in POSTERN_ADMIN_TOKEN
  --json            no progress; the last line printed is one object
  --help            this text

Environment: POSTERN_STATE (state folder of npm start, default .postern), POSTERN_ADMIN_TOKEN,
NO_COLOR. Exit code: 0 done, 1 failed, 2 wrong usage.`

/**
 * Splits the words of a command from its options.
 *
 * @param words what the words stand for, in order; one with a `?` at its end may be left out
 * @throws {UsageError}
 */
export function parseWords<const T extends ParseArgsOptionsConfig>(
  command: string,
  args: readonly string[],
  words: readonly string[],
  options: T,
) {
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const positions = tokens.flatMap((token) => (token.kind === 'positional' ? [token.index] : []))
  const given = positions.flatMap((index) => args[index] ?? [])
  const flags = parseFlags(
    command,
    args.filter((_, index) => !positions.includes(index)),
    options,
  )
  const needed = words.filter((word) => !word.endsWith('?')).length
  if (given.length < needed || given.length > words.length) {
    const usage = words
      .map((word) => (word.endsWith('?') ? `[${word.slice(0, -1)}]` : `<${word}>`))
      .join(' ')
    const missing = words[given.length]
    throw new UsageError(
      missing === undefined ? `${given[words.length]} is one word too many` : `no ${missing} given`,
      `usage: postern ${command} ${usage} [options]; --help says more`,
    )
  }
  return { words: given, flags }
}

export type Call = ReturnType<typeof adminApi>

export interface GatewayFlags {
  readonly url?: string | undefined
  readonly 'admin-token'?: string | undefined
}

/** The admin API of the running gateway, or of the one that the flags name. */
export async function openGateway(flags: GatewayFlags, connection?: string): Promise<Call> {
  const { origin, adminToken } = await gatewayAt(flags, connection)
  return adminApi(origin, adminToken)
}

/** Where that is. */
export async function gatewayAt(flags: GatewayFlags, connection?: string) {
  const { env } = process
  return findGateway({
    url: flags.url,
    adminToken: flags['admin-token'] || env['POSTERN_ADMIN_TOKEN'] || undefined,
    connection,
    stateFolder: path.resolve(PROJECT, env['POSTERN_STATE'] || '.postern'),
  })
}

/** The same below `/connections/{name}`. */
export async function openConnection(connection: string, flags: GatewayFlags): Promise<Call> {
  const call = await openGateway(flags, connection)
  const base = `/connections/${encodeURIComponent(connection)}`
  return (method, route, what, body) => call(method, `${base}${route}`, what, body)
}

interface PageOf<T> {
  readonly items: readonly T[]
  readonly nextCursor?: string | undefined
}

/**
 * A list of the admin API, page after page.
 *
 * @param route may hold a query already
 * @param pick the page in an answer
 */
export async function* pagesOf<T>(
  call: Call,
  route: string,
  what: string,
  pick: (answer: unknown) => PageOf<T>,
): AsyncGenerator<readonly T[]> {
  const separator = route.includes('?') ? '&' : '?'
  let after = ''
  for (;;) {
    const { items, nextCursor } = pick(await call('GET', route + after, what))
    yield items
    if (nextCursor === undefined) return
    after = `${separator}cursor=${encodeURIComponent(nextCursor)}`
  }
}

/** All that a list of the admin API holds. */
export async function everyItem<T>(...list: Parameters<typeof pagesOf<T>>): Promise<T[]> {
  const all: T[] = []
  for await (const items of pagesOf(...list)) all.push(...items)
  return all
}
