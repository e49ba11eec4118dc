/**
 * The link that a request's path names, read in the trip that lets its client in; and an update's own note
 * for the audit, written in it. A trip to D1 is what a request waits for longest, beside the app. Only where
 * the data is in the database of the control tables: else link and note are a trip of their own.
 */
import { sql } from 'drizzle-orm'
import { FIRST } from './data-databases.ts'
import { prepared } from './database.ts'
import { AS_VALUE, type LinkRow, rowOfValue } from './link.ts'

/** What is asked for beside the token. */
export interface Beside {
  /** SCIM id, as the path has it. */
  readonly link: string
  /** Of an update: its request, so that it is known of when it is cut off. */
  readonly begins: string | undefined
}

/** Characters of a shadow that comes along: within one value it is longer, and D1 takes 2 MB of one. */
const LONGEST_SHADOW = 400_000
const TOO_LONG = ''

/** Within a query of `connection`, of the id that `link` stands for. NULL: there is no such link. */
export const LINK_BESIDE = sql<string | null>`(
  SELECT CASE WHEN length(l.shadow) > ${LONGEST_SHADOW} THEN ${TOO_LONG} ELSE ${AS_VALUE} END
    FROM link l
   WHERE l.connection = connection.id AND connection.data_db = ${FIRST}
     AND l.id = ${sql.placeholder('link')})`

/**
 * As `beginSending`, for whom the token lets write: what is not let in leaves nothing. The actor is as
 * `Access` has it. Returns a row where it has begun. `now` in milliseconds.
 */
export const beginFor = prepared<'name' | 'hash' | 'link' | 'request' | 'now'>(() => {
  const at = (name: string) => sql.placeholder(name)
  return sql`
    INSERT INTO sending (connection, link, request, type, actor, at)
    SELECT c.id, l.id, ${at('request')}, l.type,
           CASE WHEN t.client_id IS NULL
                THEN json_patch(json_object('kind', 'token', 'id', t.id), json_object('label', t.label))
                ELSE json_object('kind', 'client', 'id', t.client_id) END, ${at('now')}
      FROM token t
      JOIN connection c ON c.id = t.connection_id
      JOIN link l ON l.connection = c.id AND l.id = ${at('link')}
     WHERE t.hash = ${at('hash')} AND t.scope = 'scim'
       AND (t.expires_at IS NULL OR t.expires_at > ${at('now')})
       AND c.name = ${at('name')} AND c.state = 'active' AND c.mode = 'live'
       AND c.data_db = ${FIRST}
       AND l.state NOT IN ('retiring', 'tombstone')
        ON CONFLICT DO NOTHING RETURNING 1 AS begun`
})

/** Undefined: it is to be asked for by itself. */
export function toAhead(
  beside: Beside | undefined,
  value: string | null,
  hasBegun: boolean,
): LinkAhead | undefined {
  if (!beside || value === TOO_LONG) return undefined
  return new LinkAhead(beside.link, value, hasBegun)
}

/** For one request: who takes it has it as of now, and who asks again reads again. */
export class LinkAhead {
  readonly #id: string
  readonly #row: LinkRow | undefined
  readonly hasBegun: boolean
  #isTaken = false

  constructor(id: string, value: string | null, hasBegun: boolean) {
    this.#id = id
    this.#row = value === null ? undefined : rowOfValue(value)
    this.hasBegun = hasBegun
  }

  /** `row` undefined: there is no link of this id. Undefined: it is not this one, or was taken. */
  take(id: string): { readonly row: LinkRow | undefined } | undefined {
    if (this.#isTaken || id !== this.#id) return undefined
    this.#isTaken = true
    return { row: this.#row }
  }
}
