/** The body of a form, read within bounds and only when it is known whose it is. */
import type { Context } from 'hono'
import { BODY_TIMEOUT_MS } from '../access/limits.ts'
import { type After, readAtMost } from '../access/read-at-most.ts'
import { PageRefused } from './ask.ts'

/** Whoever asks for it later has it at once. @throws {PageRefused} 413, 408 */
export async function readBody(c: Context, maxBytes: number, after: After): Promise<void> {
  const { raw } = c.req
  if (!raw.body) return
  const bounds = { maxBytes, timeoutMs: BODY_TIMEOUT_MS, after }
  const read = await readAtMost(raw, bounds)
  if (read.kind === 'too long') {
    const detail = `This form may have ${maxBytes} bytes at most.`
    throw new PageRefused({ status: 413, title: 'Too large', detail, errors: [] })
  }
  if (read.kind === 'too slow') {
    const detail = `This form did not come within ${BODY_TIMEOUT_MS / 1000} s. Send it again.`
    throw new PageRefused({ status: 408, title: 'Too slow', detail, errors: [] })
  }
  c.req.raw = new Request(raw, { body: read.bytes })
}
