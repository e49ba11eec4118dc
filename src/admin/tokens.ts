/** The tokens of a connection, as an administrator sees them. */
import * as z from 'zod'
import { MOST_TOKENS } from '../access/limits.ts'
import { SCOPES, type Scope } from '../access/scope.ts'
import { mintToken } from '../access/tokens.ts'
import { Connections } from '../db/connections.ts'
import { type TokenRow, Tokens } from '../db/tokens.ts'
import type { Json } from '../scim/schema.ts'
import { noConnection } from './connections.ts'
import { PAGE_SIZE, timeAfter, toPage } from './cursor.ts'
import { invalidInput, invalidMembers, Problem } from './problem.ts'

export interface TokenDeps {
  readonly db: D1Database
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Times are ISO 8601; null: never. */
export interface TokenView {
  readonly id: string
  readonly label: string | null
  readonly created: string
  readonly lastUsed: string | null
  readonly expiresAt: string | null
  readonly scope: Scope
}

const newToken = z.strictObject({
  label: z.string().min(1).max(200).nullish(),
  expiresAt: z.iso.datetime({ offset: true }).nullish(),
  scope: z.enum(SCOPES).default('scim'),
})

/** @throws {Problem} 404 for an unknown connection, 422 for invalid input, 409 for one too many */
export async function createToken(
  name: string,
  body: Json,
  deps: TokenDeps,
): Promise<TokenView & { token: string }> {
  const parsed = newToken.safeParse(body)
  if (!parsed.success) throw invalidInput(invalidMembers(parsed.error, []))
  const createdAt = deps.now()
  const expiresAt = parsed.data.expiresAt ? Date.parse(parsed.data.expiresAt) : null
  if (expiresAt !== null && expiresAt <= createdAt) {
    throw invalidInput([{ path: 'expiresAt', message: 'must be in the future' }])
  }
  const id = crypto.randomUUID()
  const { token, hash } = await mintToken()
  const { label, scope } = parsed.data
  const row = { id, label: label ?? null, createdAt, expiresAt, scope }
  const tokens = await tokensOf(name, deps)
  if (!(await tokens.add({ ...row, hash }, MOST_TOKENS))) {
    await tokensOf(name, deps)
    throw new Problem(409, `A connection has ${MOST_TOKENS} tokens at most: revoke one first`)
  }
  return { ...toView({ ...row, lastUsedAt: null }), token }
}

/** Newest first. @throws {Problem} 404, or 400 for a foreign cursor */
export async function listTokens(
  name: string,
  cursor: string | undefined,
  deps: TokenDeps,
): Promise<{ items: TokenView[]; nextCursor?: string }> {
  const tokens = await tokensOf(name, deps)
  const from = timeAfter(cursor)
  const after = from && { createdAt: from.at, id: from.id }
  const rows = await tokens.list({ after, limit: PAGE_SIZE + 1 })
  return toPage(rows, toView, (row) => [row.createdAt, row.id])
}

/** The token is refused at once; within five seconds for reads. @throws {Problem} 404 */
export async function removeToken(name: string, id: string, deps: TokenDeps): Promise<void> {
  const tokens = await tokensOf(name, deps)
  if (!(await tokens.remove(id))) {
    throw new Problem(404, 'The connection has no token of this id')
  }
}

async function tokensOf(name: string, deps: TokenDeps): Promise<Tokens> {
  const row = await new Connections(deps.db).named(name)
  if (!row) throw noConnection()
  return new Tokens(deps.db, row.id)
}

function toView(row: TokenRow): TokenView {
  return {
    id: row.id,
    label: row.label,
    created: new Date(row.createdAt).toISOString(),
    lastUsed: row.lastUsedAt === null ? null : new Date(row.lastUsedAt).toISOString(),
    expiresAt: row.expiresAt === null ? null : new Date(row.expiresAt).toISOString(),
    scope: row.scope,
  }
}
