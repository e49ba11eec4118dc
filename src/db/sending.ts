/** Updates that the app may have heard of and that are not committed: the audit's own intents. */
import { sql } from 'drizzle-orm'
import type { Write } from './database.ts'

export interface Sending {
  readonly request: string
  readonly link: string
  readonly type: string
}

/** With the read that the update begins with, so that it costs no trip of its own. */
export function beginSending(
  connection: string,
  { request, link, type }: Sending,
  actor: unknown,
  now: number,
): Write {
  return sql`
    INSERT INTO sending (connection, link, request, type, actor, at)
    VALUES (${connection}, ${link}, ${request}, ${type}, ${JSON.stringify(actor)}, ${now})
        ON CONFLICT DO NOTHING`
}

/** With the commit: from now on the audit has it. */
export function endSending(
  connection: string,
  { request, link }: Pick<Sending, 'request' | 'link'>,
): Write {
  return sql`
    DELETE FROM sending
     WHERE connection = ${connection} AND link = ${link} AND request = ${request}`
}

/** Those of requests whose answer the audit holds as well. */
export function endAllSending(
  all: readonly (Pick<Sending, 'request' | 'link'> & { readonly connection: string })[],
): Write {
  return sql`
    DELETE FROM sending WHERE (connection, link, request) IN (
      SELECT json_extract(value, '$.connection'), json_extract(value, '$.link'),
             json_extract(value, '$.request') FROM json_each(${JSON.stringify(all)}))`
}
