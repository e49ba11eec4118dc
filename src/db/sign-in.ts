/** The look-up that authenticates a client. */
import { and, eq, getTableColumns, type SQL, sql } from 'drizzle-orm'
import { QueryBuilder } from 'drizzle-orm/sqlite-core'
import { type ConnectionRow, columns, isActive } from './connections.ts'
import { connection, token } from './control-tables.ts'
import { FIRST } from './data-databases.ts'
import { type Database, prepared, writeAllReturning } from './database.ts'
import { type Beside, beginFor, LINK_BESIDE, type LinkAhead, toAhead } from './link-ahead.ts'
import type { Scope } from './tokens.ts'

export interface TokenUse {
  readonly id: string
  readonly expiresAt: number | null
  readonly lastUsedAt: number | null
  readonly scope: Scope
  readonly label: string | null
  /** Of an access token: whose it is. */
  readonly clientId: string | null
}

/** As `TokenUse`, in one value: a batch tells columns by their names alone. */
const tokenUse = sql`json_object('id', ${token.id}, 'expiresAt', ${token.expiresAt},
  'lastUsedAt', ${token.lastUsedAt}, 'scope', ${token.scope}, 'label', ${token.label},
  'clientId', ${token.clientId})`.as('token')

/** Of a row by the names of its columns. */
function rowOf(row: Readonly<Record<string, unknown>>): ConnectionRow {
  const own = Object.entries(getTableColumns(connection)).map(([key, column]) => {
    const value = row[column.name]
    return [key, value === null ? null : column.mapFromDriverValue(value)]
  })
  return { ...Object.fromEntries(own), secrets: JSON.parse(row['secrets'] as string) }
}

const text = (link: SQL<string | null>) =>
  new QueryBuilder()
    .select({ ...columns, token: tokenUse, link: link.as('link') })
    .from(token)
    .innerJoin(connection, eq(connection.id, token.connectionId))
    .where(
      and(
        eq(token.hash, sql.placeholder('hash')),
        eq(connection.name, sql.placeholder('name')),
        isActive,
      ),
    )
const SIGN_IN = prepared<'name' | 'hash'>(() => text(sql`NULL`))
const SIGN_IN_BESIDE = prepared<'name' | 'hash' | 'link'>(() => text(LINK_BESIDE))

/**
 * One trip, which finds nothing unless the token belongs to the connection of this name.
 *
 * @param now milliseconds
 */
export async function signIn(
  control: Database,
  name: string,
  hash: string,
  beside?: Beside,
  now = 0,
): Promise<
  { connection: ConnectionRow; token: TokenUse; ahead: LinkAhead | undefined } | undefined
> {
  const { link, begins: request } = beside ?? {}
  const asked = link === undefined ? SIGN_IN({ name, hash }) : SIGN_IN_BESIDE({ name, hash, link })
  const writes = request === undefined ? [] : [beginFor({ name, hash, link, request, now })]
  const [[row] = [], begun = []] = (await writeAllReturning(control, [
    asked,
    ...writes,
  ])) as readonly (readonly Readonly<Record<string, unknown>>[])[]
  if (!row) return undefined
  const found = rowOf(row)
  return {
    connection: found,
    token: JSON.parse(row['token'] as string) as TokenUse,
    // Elsewhere it is in another database, of which this trip knows nothing.
    ahead:
      found.dataDb === FIRST
        ? toAhead(beside, row['link'] as string | null, begun.length > 0)
        : undefined,
  }
}
