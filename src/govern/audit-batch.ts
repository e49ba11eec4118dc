/**
 * Rows of the audit that no answer waits for: collected in the isolate and written together, by number
 * and by age. Best effort: what cannot be written is counted, by connection, and told. What dies with the
 * isolate is not; of writes the rows of their commits are there all the same.
 */
import { BoundedMap } from '../access/bounded-map.ts'
import { CONNECTION_NAME, type Connection } from '../access/connection.ts'
import { steadyClock } from '../access/steady-clock.ts'
import { writeAnswered } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import type { Log } from '../log/events.ts'
import type { ResourceDefinition } from '../scim/schema.ts'
import { type HeardAnswer, type HeardRequest, type Row, rowOf } from './hear.ts'
import {
  answeredOf,
  type Ended,
  emptySpan,
  endedFor,
  endedIn,
  isStored,
  type Kept,
  spansOf,
} from './kept-requests.ts'
import { definitionNamed, saidIn } from './said-values.ts'
import { Trail } from './trail.ts'
import type { ValueHashes } from './value-hashes.ts'

/** Rows that are written together: below the 2 MB that D1 takes as one value. */
const ROWS = 100
const AGE_MS = 2_000
/** A timer that has not ended by then was cut off with its request. */
const TIMER_LOST_MS = 10_000
/** Rows that one isolate holds while they cannot be written. */
const MOST_ROWS = 2_000
/**
 * Names at whose doors somebody was turned away, between two writes, of which nobody knows yet whether they
 * are a connection's: anybody may make them up. So many of each kind, lest one hides the other.
 */
const MOST_STRANGE = 250
const NO_STRANGERS = { denied: 0, misdirected: 0, ended: 0 }
/** Names that are a connection's for sure. */
const KNOWN_NAMES = 1_000
/** Updates of one connection whose end could not be written down. */
const MOST_ENDED = 1_000
const TOO_MANY = 429
/** Rows of such requests of one connection, between two writes. */
const MOST_TOO_MANY = 5

export interface AuditBatchDeps {
  readonly hashes: ValueHashes
  readonly openData: (connection: Pick<Connection, 'dataDatabase'>) => Database
  /** Those that are names of connections, in one trip. */
  readonly known: (names: readonly string[]) => Promise<readonly string[]>
  /** By name; undefined: there is none. */
  readonly named: (name: string) => Promise<Connection | undefined>
  readonly now: () => number
  /** Calls back when so many milliseconds are over; what it returns calls it off. */
  readonly after: (ms: number, then: () => void) => () => void
  readonly waitUntil: (work: Promise<unknown>) => void
  readonly log: Log
}

export interface Heard {
  readonly connection: Connection
  readonly trail: Trail
  readonly definition: ResourceDefinition | undefined
  /** Undefined where it could not be read. */
  readonly request: HeardRequest | undefined
  readonly method: string
  readonly answer: HeardAnswer
}

/** Rows of one connection that could not be written. */
interface Lost {
  readonly connection: Connection
  readonly rows: number
  readonly ended: readonly Ended[]
}

interface TurnedAway {
  readonly denied: number
  readonly misdirected: number
  readonly ended: readonly Ended[]
}

/** One for each isolate. */
export class AuditBatch {
  readonly #deps: AuditBatchDeps
  #kept: Kept[] = []
  /** By id of the connection. */
  #lost = new Map<string, Lost>()
  /** By name of a connection, as the URL has it: requests that got no further than its door. */
  #turned = new Map<string, TurnedAway>()
  #strange = NO_STRANGERS
  readonly #known = new BoundedMap<true>(KNOWN_NAMES)
  /** Requests of a connection that were too many, between two writes. */
  readonly #tooMany = new Map<string, number>()
  readonly #steady: () => number
  /** By the steady clock. */
  #timerSince: number | undefined

  constructor(deps: AuditBatchDeps) {
    this.#deps = deps
    this.#steady = steadyClock(deps.now)
  }

  /** @returns what the row says of it */
  keep({ connection, trail, definition, request, method, answer }: Heard): Row {
    const row = rowOf(trail, definition, request, method, answer)
    this.#known.set(connection.name, true)
    // The body is read now, and not held until it is written.
    const said = request && definition && saidIn(connection, definition, request)
    this.#kept.push({
      connection,
      row,
      said,
      trail,
      as: this.#isFlood(row, connection) ? 'sum' : 'both',
    })
    this.#keepParts(connection, trail)
    while (this.#kept.length > MOST_ROWS) this.#lose(this.#kept.splice(0, ROWS))
    this.#schedule(this.#kept.length >= ROWS ? 0 : AGE_MS)
    return row
  }

  /** A client that asks too often does so hundreds of times: a few rows say it. */
  #isFlood({ status }: Row, { id }: Connection): boolean {
    if (status !== TOO_MANY) return false
    const before = this.#tooMany.get(id) ?? 0
    this.#tooMany.set(id, before + 1)
    return before >= MOST_TOO_MANY
  }

  #keepParts(connection: Connection, { refusedParts, request, actor, at }: Trail): void {
    for (const [part, { request: asked, error }] of refusedParts.entries()) {
      const trail = new Trail(request, actor, at)
      const definition = definitionNamed(connection, asked.segments[0] ?? '')
      const answer = { status: error.status, error, ms: 0 }
      const row = rowOf(trail, definition, asked, asked.method, answer)
      const said = definition && saidIn(connection, definition, asked)
      const told = { ...row, detail: { ...row.detail, part } }
      this.#kept.push({ connection, row: told, said, trail, as: 'row' })
    }
  }

  /** `denied`: without a token that is good; `misdirected`: not below the base URL. */
  turnedAway(name: string, why: 'denied' | 'misdirected'): void {
    const before = this.#turned.get(name)
    if (!before && !this.#letsIn(name, why)) return
    const counts = before ?? NOBODY_TURNED_AWAY
    this.#turned.set(name, { ...counts, [why]: counts[why] + 1 })
    this.#schedule(AGE_MS)
  }

  /**
   * An update that got no further than the door, whose beginning D1 may have taken all the same (its answer
   * was lost): nothing was sent.
   */
  neverBegan(name: string, update: Ended): void {
    this.#keepEnded(name, [update])
    this.#schedule(AGE_MS)
  }

  /** Strangers make up names without end, and as long as a URL may be. */
  #letsIn(name: string, why: keyof typeof NO_STRANGERS): boolean {
    if (this.knows(name)) return true
    if (!CONNECTION_NAME.test(name) || this.#strange[why] >= MOST_STRANGE) return false
    this.#strange = { ...this.#strange, [why]: this.#strange[why] + 1 }
    return true
  }

  /** True for the name of a connection that this isolate has met. */
  knows(name: string): boolean {
    return this.#known.get(name) !== undefined
  }

  /**
   * Writes what has been collected, and fails nobody. It does not wait for what another request is
   * writing: that one may be ended by the platform, and would be waited for for ever.
   */
  async flush(): Promise<void> {
    this.#timerSince = undefined
    const turned = this.#turned
    this.#turned = new Map()
    this.#strange = NO_STRANGERS
    this.#tooMany.clear()
    if (turned.size > 0) await this.#writeAllTurned(turned)
    while (this.#kept.length > 0 || this.#lost.size > 0) {
      const kept = this.#kept.splice(0, ROWS)
      const lost = [...this.#lost.values()]
      this.#lost = new Map()
      if (!(await this.#write(kept, lost))) return
    }
  }

  #schedule(ms: number): void {
    const { after, waitUntil } = this.#deps
    const since = this.#timerSince
    const at = this.#steady()
    if (ms > 0 && since !== undefined && at - since < TIMER_LOST_MS) return
    this.#timerSince = at
    const due = ms === 0 ? Promise.resolve() : new Promise<void>((then) => void after(ms, then))
    waitUntil(due.then(() => this.flush()))
  }

  /** What could not be written is counted as lost. False: nothing could be. */
  async #write(kept: readonly Kept[], lost: readonly Lost[]): Promise<boolean> {
    const { hashes, now, openData, log } = this.#deps
    const byData = Map.groupBy([...kept, ...lost], ({ connection }) => connection.dataDatabase)
    let isWritten = false
    for (const [dataDatabase, all] of byData) {
      const rows = all.filter((one): one is Kept => 'row' in one)
      const before = all.filter((one): one is Lost => 'rows' in one)
      const spans = [
        ...spansOf(rows),
        ...before.map(({ connection, rows: count }) => ({
          ...emptySpan(connection.id, now()),
          lost: count,
        })),
      ]
      const ended = [
        ...endedIn(rows),
        ...before.flatMap(({ connection: { id }, ended: those }) => endedFor(id, those)),
      ]
      try {
        const stored = rows.filter(isStored)
        const answered = await Promise.all(stored.map((one) => answeredOf(hashes, one)))
        await writeAnswered(openData({ dataDatabase }), answered, ended, spans)
        isWritten = true
      } catch {
        // Messages of failed statements hold values.
        this.#lose(rows)
        for (const one of before) this.#count(one)
        log({ event: 'audit.lost', rows: rows.length })
      }
    }
    return isWritten
  }

  async #writeAllTurned(turned: ReadonlyMap<string, TurnedAway>): Promise<void> {
    const { known, log } = this.#deps
    try {
      const names = await known([...turned.keys()])
      for (const name of names) {
        const counts = turned.get(name)
        this.#known.set(name, true)
        if (counts) await this.#writeTurned(name, counts)
      }
    } catch {
      for (const [name, { ended }] of turned) this.#keepEnded(name, ended)
      log({ event: 'lost', what: 'count of denied' })
    }
  }

  async #writeTurned(name: string, { ended, ...counts }: TurnedAway): Promise<void> {
    const { named, now, openData, log } = this.#deps
    try {
      const connection = await named(name)
      if (!connection) return
      const span = { ...emptySpan(connection.id, now()), ...counts }
      await writeAnswered(openData(connection), [], endedFor(connection.id, ended), [span])
    } catch {
      this.#keepEnded(name, ended)
      log({ event: 'lost', what: 'count of denied' })
    }
  }

  /** For the next time; counts that are lost are only told of. */
  #keepEnded(name: string, ended: readonly Ended[]): void {
    if (ended.length === 0) return
    const met = this.#turned.get(name)
    if (!met && !this.#letsIn(name, 'ended')) return
    const before = met ?? NOBODY_TURNED_AWAY
    const all = [...before.ended, ...ended].slice(0, MOST_ENDED)
    this.#turned.set(name, { ...before, ended: all })
  }

  #lose(rows: readonly Kept[]): void {
    for (const { connection, trail } of rows) {
      const ended = [...trail.begun].map((link) => ({ request: trail.request, link }))
      this.#count({ connection, rows: 1, ended })
    }
  }

  #count({ connection, rows, ended }: Lost): void {
    const before = this.#lost.get(connection.id) ?? { rows: 0, ended: [] }
    const all = [...before.ended, ...ended].slice(0, MOST_ENDED)
    this.#lost.set(connection.id, { connection, rows: before.rows + rows, ended: all })
  }
}

const NOBODY_TURNED_AWAY: TurnedAway = { denied: 0, misdirected: 0, ended: [] }
