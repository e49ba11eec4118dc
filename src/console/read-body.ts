/** The body of a form, read within bounds and only when it is known whose it is. */
import type { Context } from 'hono'
import type { After } from '../access/read-at-most.ts'
import { holdBody } from '../admin/body.ts'
import { PageRefused } from './ask.ts'

const TITLES = { 408: 'Too slow', 413: 'Too large', 415: 'Encoded' } as const

/** Whoever asks for it later has it at once. @throws {PageRefused} 408, 413, 415 */
export function readBody(c: Context, maxBytes: number, after: After): Promise<void> {
  return holdBody(
    c,
    maxBytes,
    after,
    (status, detail) => new PageRefused({ status, title: TITLES[status], detail, errors: [] }),
  )
}
