/** The administrator of a request, as the audit knows them. */
import type { Context } from 'hono'
import type { Actor } from '../db/audit.ts'
import { administratorOf } from './door.ts'

export function actorOf(c: Context): Actor {
  const { id, name } = administratorOf(c)
  return { kind: 'administrator', id, label: name }
}
