/** What a decision about a finding writes. Each method is scoped by its connection. */
import { sql } from 'drizzle-orm'
import { CHANGED_ONE, type Database, type Write, writeGuarded } from './database.ts'
import type { Finding } from './findings.ts'
import type { Link, Verdict } from './link.ts'
import { buryLink } from './link-writes.ts'

export class Decided {
  readonly #db: Database
  readonly #connection: string
  /** Id of the administrator who decides. */
  readonly by: string

  constructor(db: Database, connection: string, by: string) {
    this.#db = db
    this.#connection = connection
    this.by = by
  }

  verdict(links: readonly string[], verdict: Verdict | undefined): Write {
    return sql`
      UPDATE link SET verdict = ${verdict ?? null}
       WHERE connection = ${this.#connection}
         AND id IN (SELECT value FROM json_each(${JSON.stringify(links)}))`
  }

  /** Scans that have ended, or are under way, take these accounts for nobody any more. */
  excludeKeys(type: string, nativeIds: readonly string[]): Write {
    return sql`
      UPDATE scan_key SET excluded = 1
       WHERE scan IN (SELECT id FROM scan WHERE connection = ${this.#connection} AND type = ${type})
         AND native_id IN (SELECT value FROM json_each(${JSON.stringify(nativeIds)}))`
  }

  /** The account that is under the native id now is the person's. */
  takeFingerprint(link: Link, fingerprint: string | undefined, now: number): Write[] {
    return [
      ...this.#hold(link, now),
      sql`
        UPDATE link SET fingerprint = ${fingerprint ?? null}
         WHERE connection = ${this.#connection} AND id = ${link.id}`,
    ]
  }

  /** The link ends, its claims are free. `survives`: reads hide the account that stays in the app. */
  end(link: Link, survives: boolean, now: number): Write[] {
    return [...this.#hold(link, now), ...buryLink(this.#connection, link.id, survives, now)]
  }

  /**
   * @param state undefined: the finding stays as it is, and says what was decided
   * @param facts take the place of those of the same name
   */
  finding(
    { id }: Finding,
    state: 'closed' | undefined,
    facts: Readonly<Record<string, unknown>> & { readonly decided: object },
    now: number,
  ): Write[] {
    const all = { ...facts, decided: { ...facts.decided, by: this.by } }
    return [
      sql`
        UPDATE finding SET state = coalesce(${state ?? null}, state), decided_at = ${now},
               detail = json_patch(detail, ${JSON.stringify(all)})
         WHERE id = ${id} AND connection = ${this.#connection} AND state <> 'closed'`,
      CHANGED_ONE,
    ]
  }

  /** False: somebody else changed a link, or decided, meanwhile; nothing is written. */
  write(writes: readonly Write[]): Promise<boolean> {
    return writeGuarded(this.#db, writes)
  }

  #hold({ id, version }: Link, now: number): Write[] {
    return [
      sql`
        UPDATE link SET version = version + 1, modified_at = ${now}
         WHERE connection = ${this.#connection} AND id = ${id} AND version = ${version}
           AND state NOT IN ('retiring', 'tombstone')`,
      CHANGED_ONE,
    ]
  }
}
