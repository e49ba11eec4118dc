/** What the gateway's own tables say when everything is done. */
import type { SoakGateway } from './gateway.ts'

type Database = Awaited<ReturnType<SoakGateway['database']>>

/** Each counts rows that must not be there. */
const NONE: Readonly<Record<string, string>> = {
  'open intents': `SELECT COUNT(*) AS n FROM intent
    WHERE state IN ('ready', 'sending', 'unknown', 'waiting')`,
  'changes of members that are not settled': `SELECT COUNT(*) AS n FROM edge
    WHERE next_at IS NOT NULL OR holder IS NOT NULL OR state <> 'have' OR wanted = 0`,
  'roles that the app was not told of': 'SELECT COUNT(*) AS n FROM role_intent',
  'accounts with two living links': `SELECT COUNT(*) AS n FROM (
    SELECT 1 FROM link WHERE state <> 'tombstone' AND native_id IS NOT NULL
     GROUP BY connection, type, native_id HAVING COUNT(*) > 1)`,
  'links that are neither linked nor ended': `SELECT COUNT(*) AS n FROM link
    WHERE state NOT IN ('linked', 'tombstone')`,
  'claims of the dead': `SELECT COUNT(*) AS n FROM claim JOIN link
      ON link.connection = claim.connection AND link.id = claim.link
    WHERE link.state = 'tombstone'`,
  'memberships of the dead': `SELECT COUNT(*) AS n FROM edge JOIN link
      ON link.connection = edge.connection AND link.id IN (edge.group_link, edge.member_link)
    WHERE link.state = 'tombstone'`,
  'tombstones with what a client sent': `SELECT COUNT(*) AS n FROM link
    WHERE state = 'tombstone' AND shadow <> '{}'`,
}

export async function verifyStored(db: Database, living: number): Promise<string[]> {
  const faults: string[] = []
  for (const [what, query] of Object.entries(NONE)) {
    const rows = await db.prepare(query).first<{ n: number }>()
    if (rows?.n !== 0) faults.push(`${rows?.n} ${what}`)
  }
  const links = await db
    .prepare(`SELECT COUNT(*) AS n FROM link WHERE state = 'linked'`)
    .first<{ n: number }>()
  if (links?.n !== living) faults.push(`${links?.n} living links, not ${living}`)
  const { results } = await db
    .prepare(`SELECT kind, COUNT(*) AS n FROM finding WHERE state = 'open' GROUP BY kind`)
    .all<{ kind: string; n: number }>()
  for (const { kind, n } of results) faults.push(`${n} open findings ${kind}`)
  return faults
}

const WAITING = {
  intent: `state IN ('ready', 'sending', 'unknown', 'waiting')`,
  edge: 'next_at IS NOT NULL',
  role_intent: 'next_at IS NOT NULL',
} as const

const FAILING = `state = 'open' AND kind = 'app-failing'`

/** Rows that the cron has still to deal with. */
export async function waiting(db: Database): Promise<number> {
  let sum = 0
  for (const [table, condition] of Object.entries(WAITING)) {
    const row = await db
      .prepare(`SELECT COUNT(*) AS n FROM ${table} WHERE ${condition}`)
      .first<{ n: number }>()
    sum += row?.n ?? 0
  }
  const row = await db
    .prepare(`SELECT COUNT(*) AS n FROM finding WHERE ${FAILING}`)
    .first<{ n: number }>()
  return sum + (row?.n ?? 0)
}

/** What is to be tried again in ten minutes is due now: nobody waits for it here. */
export async function hurry(db: Database, now: number): Promise<void> {
  for (const [table, condition] of Object.entries(WAITING)) {
    await db.prepare(`UPDATE ${table} SET next_at = ? WHERE ${condition}`).bind(now).run()
  }
  // A create that was cut off, and that nobody asks for any more, is given up after a day.
  await db
    .prepare(
      `UPDATE intent SET created_at = created_at - 86400000 WHERE op = 'create' AND ${WAITING.intent}`,
    )
    .run()
  // Those who failed in the last minute are not looked at by the cron.
  await db.prepare(`UPDATE finding SET last_seen = 0 WHERE ${FAILING}`).run()
}
