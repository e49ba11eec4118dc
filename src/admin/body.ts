/** The JSON body of an admin request, bounded before anything looks at it. */
import type { Context, MiddlewareHandler } from 'hono'
import { BODY_TIMEOUT_MS, MAX_ADMIN_PAYLOAD } from '../access/limits.ts'
import { type After, readAtMost } from '../access/read-at-most.ts'
import { refuseEncoding } from '../access/request-head.ts'
import { ScimError } from '../scim/error.ts'
import { parseJson } from '../scim/json.ts'
import type { Json } from '../scim/schema.ts'
import { Problem } from './problem.ts'

/** The body is read here, within its bounds, and whoever asks for it later has it at once. */
export function limitBody(after: After): MiddlewareHandler {
  return async (c, next) => {
    const { raw } = c.req
    if (raw.body) {
      const encoding = refuseEncoding(raw)
      if (encoding) throw new Problem(encoding.status, encoding.detail)
      const bounds = { maxBytes: MAX_ADMIN_PAYLOAD, timeoutMs: BODY_TIMEOUT_MS, after }
      const read = await readAtMost(raw, bounds)
      if (read.kind === 'too long') {
        throw new Problem(413, `The request body must not exceed ${MAX_ADMIN_PAYLOAD} bytes`)
      }
      if (read.kind === 'too slow') {
        throw new Problem(408, `The request body did not come within ${BODY_TIMEOUT_MS / 1000} s`)
      }
      c.req.raw = new Request(raw, { body: read.bytes })
    }
    await next()
  }
}

/** @throws {Problem} 415, 413 or 400; an empty body is `whenEmpty` where one is given, else 400 */
export async function readJson(c: Context, whenEmpty?: Json): Promise<Json> {
  const bytes = await c.req.arrayBuffer()
  if (bytes.byteLength === 0 && whenEmpty !== undefined) return whenEmpty
  const mediaType = c.req.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  // RFC 7396 §4 names application/merge-patch+json; RFC 6839 §3.1 makes every +json JSON.
  if (!/^application\/(?:[\w.!#$&^+-]+\+)?json$/.test(mediaType)) {
    throw new Problem(415, 'The request body must be JSON, with Content-Type: application/json')
  }
  try {
    // RFC 8259 §8.1: JSON is UTF-8.
    return parseJson(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch (error) {
    const isTooMuch = error instanceof ScimError && error.status === 413
    // A decoder's or parser's own message quotes the body, which may hold secrets.
    const detail = error instanceof ScimError ? error.message : 'The request body is not UTF-8'
    throw new Problem(isTooMuch ? 413 : 400, detail)
  }
}
