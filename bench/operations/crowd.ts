/** Other connections' people in the same database: rows as the gateway makes them, many times. */
import type { Workerd } from './workerd.ts'

/** Links of one of those connections. */
const OF_A_CONNECTION = 1_000
const AT_ONCE = 20_000

const CONNECTION = `'crowd-' || (n / ${OF_A_CONNECTION})`
const LINK = "'crowd-' || n"

/** Which row is copied, and what differs in its copies. */
const TABLES = [
  {
    table: 'link',
    like: "type = 'User' AND state = 'linked'",
    changed: { id: LINK, native_id: "'' || n", external_id: LINK },
  },
  {
    table: 'claim',
    like: "type = 'User' AND kind = 'userName'",
    changed: { link: LINK, norm: "'person.' || n" },
  },
  { table: 'audit', like: "link <> ''", changed: { link: LINK, seq: 'NULL', request: LINK } },
] as const

/**
 * Copies a link that a client has made, one of its claims and a row of the audit, until there are so many.
 *
 * @param say progress, for who waits
 */
export async function crowd(
  { query }: Pick<Workerd, 'query'>,
  links: number,
  say: (line: string) => void,
): Promise<void> {
  for (let from = 0; from < links; from += AT_ONCE) {
    const to = Math.min(from + AT_ONCE, links)
    for (const { table, like, changed } of TABLES) {
      const info = await query(`SELECT name FROM pragma_table_info('${table}')`)
      const names = info.map(({ name }) => String(name))
      const other: Readonly<Record<string, string>> = { ...changed, connection: CONNECTION }
      const values = names.map((name) => other[name] ?? `one.${name}`)
      await query(`
        WITH RECURSIVE number(n) AS
          (VALUES (${from}) UNION ALL SELECT n + 1 FROM number WHERE n + 1 < ${to})
        INSERT INTO ${table} (${names.join(', ')})
        SELECT ${values.join(', ')} FROM number,
          (SELECT * FROM ${table} WHERE connection NOT LIKE 'crowd-%' AND ${like} LIMIT 1) AS one`)
    }
    if (to % (10 * AT_ONCE) === 0 || to === links) say(`${to} links of others`)
  }
}
