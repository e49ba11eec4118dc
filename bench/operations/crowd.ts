/** Other connections' people in the same database: rows as the gateway makes them, many times. */
import type { Workerd } from './workerd.ts'

/** Links of one of those connections. */
const OF_A_CONNECTION = 1_000
const AT_ONCE = 20_000

const CONNECTION = `'crowd-' || (n / ${OF_A_CONNECTION})`
const LINK = "'00000000-0000-0000-0000-' || substr('000000000000' || n, -12)"

/** Which row is copied, and what differs in its copies. Ids are as long as those of the gateway. */
const TABLES = [
  {
    name: 'link of a person',
    table: 'link',
    like: "type = 'User' AND state = 'linked' AND shadow <> '{}'",
    changed: { id: LINK, native_id: "'' || n", external_id: LINK },
  },
  {
    name: 'claim',
    table: 'claim',
    like: "type = 'User' AND kind = 'userName'",
    changed: { link: LINK, norm: "'person.' || n || '@fernhollow.example'" },
  },
  {
    name: 'intent that is closed, for a week',
    table: 'intent',
    like: "state = 'done'",
    changed: { id: `${LINK} || 'i'`, link: LINK },
  },
  {
    name: 'audit: a write that was decided',
    table: 'audit',
    like: "kind = 'decided' AND link <> ''",
    changed: { link: LINK, seq: 'NULL', request: LINK },
  },
  {
    name: 'audit: a request that was answered',
    table: 'audit',
    like: "kind = 'answered'",
    changed: { link: LINK, seq: 'NULL', request: LINK },
  },
  {
    name: 'membership',
    table: 'edge',
    like: 'TRUE',
    changed: { member_link: LINK },
  },
  {
    name: 'five minutes of traffic, for a month',
    table: 'traffic',
    like: 'TRUE',
    changed: { at: 'one.at + 300000 * n' },
  },
] as const

/** What one row takes of the database with its indexes. */
export interface Stored {
  readonly name: string
  readonly bytes: number
}

/**
 * Copies what one person has left (a link, a claim, an intent, two rows of the audit, a membership) and a row of
 * sums, until there are so many of each.
 *
 * @param say progress, for who waits
 */
export async function crowd(
  { query, counted }: Pick<Workerd, 'query' | 'counted'>,
  links: number,
  say: (line: string) => void,
): Promise<readonly Stored[]> {
  const bytes = new Map<string, number>()
  for (let from = 0; from < links; from += AT_ONCE) {
    const to = Math.min(from + AT_ONCE, links)
    for (const { name, table, like, changed } of TABLES) {
      const before = (await counted()).bytes
      const info = await query(`SELECT name FROM pragma_table_info('${table}')`)
      const names = info.map((row) => String(row['name']))
      const other: Readonly<Record<string, string>> = { ...changed, connection: CONNECTION }
      const values = names.map((column) => other[column] ?? `one.${column}`)
      await query(`
        WITH RECURSIVE number(n) AS
          (VALUES (${from}) UNION ALL SELECT n + 1 FROM number WHERE n + 1 < ${to})
        INSERT INTO ${table} (${names.join(', ')})
        SELECT ${values.join(', ')} FROM number,
          (SELECT * FROM ${table} WHERE connection NOT LIKE 'crowd-%' AND ${like} LIMIT 1) AS one`)
      bytes.set(name, (bytes.get(name) ?? 0) + (await counted()).bytes - before)
    }
    if (to % (10 * AT_ONCE) === 0 || to === links) say(`${to} links of others`)
  }
  const copied = await query("SELECT count(*) AS n FROM edge WHERE connection LIKE 'crowd-%'")
  if (copied[0]?.['n'] !== links) throw new Error('there was no membership to copy')
  return [...bytes].map(([name, sum]) => ({ name, bytes: sum / links }))
}
