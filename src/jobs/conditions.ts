/** What is wrong with some connections: reads the facts of all of them together, and derives. */
import type { Connection } from '../access/connection.ts'
import { SealError, type Sealing } from '../access/seal.ts'
import { endingBetween, sealedWithOthers } from '../db/credential-ends.ts'
import type { DataDatabases } from '../db/data-databases.ts'
import type { Database } from '../db/database.ts'
import { openFindingsOf, orphansSince, parkedOf } from '../db/finding-facts.ts'
import { refusalsSince, unknownAttributesSince } from '../db/refusals.ts'
import { lastHeardOf, SPAN_MS, type Span, spansOfAll } from '../db/traffic.ts'
import { type Condition, FINDINGS_THAT_COUNT } from '../govern/condition.ts'
import {
  conditionsOf,
  ENDED_MS,
  ENDING_MS,
  type Facts,
  ORPHANS_MS,
  REFUSED_MS,
} from '../govern/conditions.ts'
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
  const [{ found, silent }, endings, lost] = await Promise.all([
    data.gather(connections, (db, own) => tracesOf(db, own, now)),
    endingBetween(control, ids, now - ENDED_MS, now + ENDING_MS),
    lostSecretsOf(control, sealing, ids),
  ])
  return new Map(
    connections.map(({ id, policy, dataDatabase }) => {
      const { spans, ...traces } = found.get(id) ?? NO_TRACES
      // As the health of the connection has it.
      const since = (ms: number) => spans.filter(({ at }) => at + SPAN_MS > now - ms)
      const hour = windowOf(since(HOUR_MS))
      const { requests, denied, misdirected } = hour
      const { calls, p95Ms: callP95Ms } = hour.app
      const facts = {
        ...traces,
        now,
        quarantine: quarantineOf(windowOf(since(DAY_MS)), hour),
        hour: { requests, denied, misdirected, calls, callP95Ms },
        silentAfterMs: policy.alerts.silentHours * HOUR_MS,
        endings: endings.get(id) ?? [],
        lostSecrets: lost.get(id) ?? 0,
        isUnbound: !data.isBound(dataDatabase),
        isSilent: silent.has(dataDatabase),
      }
      return [id, conditionsOf(facts)]
    }),
  )
}

/** What requests and jobs have left behind of one connection. */
interface Traces
  extends Pick<
    Facts,
    'heardAt' | 'findings' | 'parked' | 'orphans' | 'refusals' | 'unknownAttributes'
  > {
  readonly spans: readonly Span[]
}

const NO_TRACES: Traces = {
  spans: [],
  heardAt: undefined,
  findings: [],
  parked: undefined,
  orphans: { recent: 0, older: 0, wereKnown: false },
  refusals: [],
  unknownAttributes: undefined,
}

async function tracesOf(
  db: Database,
  ids: readonly string[],
  now: number,
): Promise<ReadonlyMap<string, Traces>> {
  const [spans, heard, findings, parked, orphans, refusals, unknown] = await Promise.all([
    spansOfAll(db, ids, now - DAY_MS - SPAN_MS),
    lastHeardOf(db, ids),
    openFindingsOf(db, ids, FINDINGS_THAT_COUNT),
    parkedOf(db, ids),
    orphansSince(db, ids, now - ORPHANS_MS),
    refusalsSince(db, ids, now - REFUSED_MS),
    unknownAttributesSince(db, ids, now - REFUSED_MS),
  ])
  return new Map(
    ids.map((id) => [
      id,
      {
        spans: spans.get(id) ?? NO_TRACES.spans,
        heardAt: heard.get(id),
        findings: findings.get(id) ?? NO_TRACES.findings,
        parked: parked.get(id),
        orphans: orphans.get(id) ?? NO_TRACES.orphans,
        refusals: refusals.get(id) ?? NO_TRACES.refusals,
        unknownAttributes: unknown.get(id),
      },
    ]),
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
