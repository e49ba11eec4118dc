/** What is wrong with some connections: reads the facts of all of them together, and derives. */
import type { Connection } from '../access/connection.ts'
import { SealError, type Sealing } from '../access/seal.ts'
import { endingBetween, sealedWithOthers } from '../db/credential-ends.ts'
import type { DataDatabases } from '../db/data-databases.ts'
import type { Database } from '../db/database.ts'
import { openFindingsOf, orphansSince, parkedOf } from '../db/finding-facts.ts'
import { refusalsSince, unknownAttributesSince } from '../db/refusals.ts'
import { lastHeardOf, SPAN_MS, spansOfAll } from '../db/traffic.ts'
import { type Condition, FINDINGS_THAT_COUNT } from '../govern/condition.ts'
import { conditionsOf, ENDED_MS, ENDING_MS, ORPHANS_MS, REFUSED_MS } from '../govern/conditions.ts'
import { quarantineOf, windowOf } from '../govern/health.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export interface ConditionDeps {
  /** Holds the control tables. */
  readonly control: Database
  readonly data: DataDatabases
  readonly sealing: Sealing
  /** Milliseconds. */
  readonly now: number
}

/** What is known of a connection without opening it. */
export type Looked = Pick<Connection, 'id' | 'policy' | 'dataDatabase'>

/** By id of the connection, the worst first. A dozen queries a database, however many connections there are. */
export async function conditionsFor(
  { control, data, sealing, now }: ConditionDeps,
  connections: readonly Looked[],
): Promise<ReadonlyMap<string, readonly Condition[]>> {
  const ids = connections.map(({ id }) => id)
  if (ids.length === 0) return new Map()
  const silent = new Set<string>()
  const known = async <T>(read: Parameters<typeof data.gather<T>>[1]) => {
    const gathered = await data.gather(connections, read)
    for (const binding of gathered.silent) silent.add(binding)
    return gathered.found
  }
  const [spans, heard, findings, parked, orphans, refusals, unknown, endings, lost] =
    await Promise.all([
      known((db, own) => spansOfAll(db, own, now - DAY_MS - SPAN_MS)),
      known(lastHeardOf),
      known((db, own) => openFindingsOf(db, own, FINDINGS_THAT_COUNT)),
      known(parkedOf),
      known((db, own) => orphansSince(db, own, now - ORPHANS_MS)),
      known((db, own) => refusalsSince(db, own, now - REFUSED_MS)),
      known((db, own) => unknownAttributesSince(db, own, now - REFUSED_MS)),
      endingBetween(control, ids, now - ENDED_MS, now + ENDING_MS),
      lostSecretsOf(control, sealing, ids),
    ])
  return new Map(
    connections.map(({ id, policy, dataDatabase }) => {
      // As the health of the connection has it.
      const since = (ms: number) =>
        (spans.get(id) ?? []).filter(({ at }) => at + SPAN_MS > now - ms)
      const hour = windowOf(since(HOUR_MS))
      const { requests, denied, misdirected } = hour
      const { calls, p95Ms: callP95Ms } = hour.app
      const facts = {
        now,
        quarantine: quarantineOf(windowOf(since(DAY_MS)), hour),
        hour: { requests, denied, misdirected, calls, callP95Ms },
        heardAt: heard.get(id),
        silentAfterMs: policy.alerts.silentHours * HOUR_MS,
        findings: findings.get(id) ?? [],
        parked: parked.get(id),
        orphans: orphans.get(id) ?? { recent: 0, older: 0, wereKnown: false },
        refusals: refusals.get(id) ?? [],
        unknownAttributes: unknown.get(id),
        endings: endings.get(id) ?? [],
        lostSecrets: lost.get(id) ?? 0,
        isUnbound: !data.isBound(dataDatabase),
        isSilent: silent.has(dataDatabase),
      }
      return [id, conditionsOf(facts)]
    }),
  )
}

async function lostSecretsOf(
  control: Database,
  sealing: Sealing,
  ids: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  try {
    const { current, previous } = await sealing.keyIds()
    const all = current === undefined ? previous : [current, ...previous]
    return await sealedWithOthers(control, ids, all)
  } catch (error) {
    if (!(error instanceof SealError)) throw error
    // A store that does not answer now has lost nothing.
    return error.passes ? new Map() : sealedWithOthers(control, ids, [])
  }
}
