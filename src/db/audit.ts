/**
 * The audit, as it is written: a row for each decided write, in the batch of its commit, and one for
 * each request of a client, with others and after its answer. Added to only, and no values but those
 * that a policy asks for.
 */
import { sql } from 'drizzle-orm'
import { countUp, type Heard } from './counters.ts'
import { type Database, type Write, writeAll } from './database.ts'
import { endAllSending } from './sending.ts'
import { sumTraffic } from './traffic.ts'

/** Who did it. Ids of ours and labels that an administrator gave, never a credential. */
export interface Actor {
  readonly kind: 'token' | 'client' | 'administrator' | 'job'
  readonly id: string
  readonly label?: string
}

/** As `AppCall` of the adapters. */
export interface AuditedCall {
  readonly method: string
  readonly route: string
  readonly status: number | undefined
  readonly failure: string | undefined
  readonly ms: number
}

export type AuditDetail = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>

export interface AuditEntry {
  readonly request: string
  readonly type: string
  readonly link: string
  readonly op: 'create' | 'update' | 'delete' | 'members' | 'decide'
  /** What was decided, for example `created`, `adopted`, `updated`, `deleted`. */
  readonly decision: string
  /** Names, never values: changed attributes, ignored paths, counts. */
  readonly detail?: AuditDetail
}

/** What the rows of one request have in common. */
export interface AuditContext {
  readonly actor: Actor
  /** Until now. */
  readonly calls?: readonly AuditedCall[]
  /** By which of the connection's rules the account was found. */
  readonly rule?: string | undefined
  /** Told of each row that a commit is to write. */
  readonly decided?: (entry: AuditEntry) => void
}

export const OUTCOMES = ['done', 'unchanged', 'answered', 'refused', 'failed'] as const
/** `answered`: a read. `refused`: 4xx, the client's to mend. `failed`: 5xx. */
export type Outcome = (typeof OUTCOMES)[number]

export const REQUEST_OPS = ['create', 'update', 'delete', 'read', 'list', 'bulk', 'other'] as const
export type RequestOp = (typeof REQUEST_OPS)[number]

/** One request of a client, and what became of it. */
export interface Answered {
  readonly connection: string
  readonly request: string
  /** When it came. */
  readonly at: number
  readonly actor: Actor
  readonly method: string
  /** Empty where there is none. */
  readonly type: string
  readonly link: string
  readonly op: RequestOp
  readonly decision: string
  readonly outcome: Outcome
  readonly status: number
  readonly ms: number
  readonly calls: readonly AuditedCall[]
  readonly asked: object
  /** The values of `asked`; undefined: none are kept. */
  readonly given: Readonly<Record<string, unknown>> | undefined
  readonly about: string | undefined
  readonly detail: AuditDetail
}

const NOBODY: AuditContext = { actor: { kind: 'job', id: '' } }

export class Audit {
  readonly #connection: string
  readonly #context: AuditContext

  constructor(connection: string, context: AuditContext = NOBODY) {
    this.#connection = connection
    this.#context = context
  }

  entry(entry: AuditEntry, now: number): Write {
    const { actor, calls = [], rule, decided } = this.#context
    decided?.(entry)
    const detail = { ...entry.detail, ...(rule !== undefined && { rule }) }
    return sql`
      INSERT INTO audit (connection, at, request, type, link, op, decision, detail, actor, calls)
      VALUES (${this.#connection}, ${now}, ${entry.request}, ${entry.type}, ${entry.link},
              ${entry.op}, ${entry.decision}, ${JSON.stringify(detail)}, ${JSON.stringify(actor)},
              ${JSON.stringify(calls)})`
  }

  /** Who has given these links their verdict. */
  decidedBy(links: readonly string[]): Write {
    return sql`
      UPDATE link SET decided_by = ${JSON.stringify(this.#context.actor)}
       WHERE connection = ${this.#connection}
         AND id IN (SELECT value FROM json_each(${JSON.stringify(links)}))`
  }

  /** How this link came to be its client's: in its commit, and once. */
  linked(link: string, now: number): Write {
    const { actor, rule } = this.#context
    return sql`
      UPDATE link SET linked_at = ${now}, linked_rule = ${rule ?? null},
             linked_by = ${JSON.stringify(actor)}
       WHERE connection = ${this.#connection} AND id = ${link} AND linked_at IS NULL`
  }
}

/**
 * What an isolate has collected, in one batch: rows of requests, the sums of all, and the end of what
 * was written down before the app heard of it. Rows by whom nothing is kept are in the sums alone.
 */
export async function writeAnswered(
  db: Database,
  rows: readonly Answered[],
  ended: readonly Pick<Answered, 'connection' | 'request' | 'link'>[],
  heard: readonly Heard[],
): Promise<void> {
  const writes: Write[] = heard.flatMap((one) => [sumTraffic(one), countUp(one)])
  if (rows.length > 0) writes.push(insertAnswered(rows))
  if (ended.length > 0) writes.push(endAllSending(ended))
  await writeAll(db, writes)
}

function insertAnswered(rows: readonly Answered[]): Write {
  const json = (name: string) => sql.raw(`json_extract(value, '$.${name}')`)
  return sql`
    INSERT INTO audit (kind, connection, at, request, type, link, op, decision, detail, actor, method,
                       outcome, status, ms, calls, asked, given, about)
    SELECT 'answered', ${json('connection')}, ${json('at')}, ${json('request')}, ${json('type')},
           ${json('link')}, ${json('op')}, ${json('decision')}, ${json('detail')}, ${json('actor')},
           ${json('method')}, ${json('outcome')}, ${json('status')}, ${json('ms')}, ${json('calls')},
           ${json('asked')}, ${json('given')}, ${json('about')}
      FROM json_each(${JSON.stringify(rows)})`
}
