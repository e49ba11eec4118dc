/** The JSON body of an admin request, bounded before anything looks at it. */
import type { Context, MiddlewareHandler } from 'hono'
import { MAX_ADMIN_PAYLOAD } from '../access/limits.ts'
import type { After } from '../access/read-at-most.ts'
import { readBody } from '../access/read-body.ts'
import { ScimError } from '../scim/error.ts'
import { parseJson } from '../scim/json.ts'
import type { Json } from '../scim/schema.ts'
import { Problem } from './problem.ts'

export function limitBody(after: After): MiddlewareHandler {
  return async (c, next) => {
    await holdBody(c, MAX_ADMIN_PAYLOAD, after, (status, detail) => new Problem(status, detail))
    await next()
  }
}

/** The body is read here, within its bounds, and whoever asks for it later has it at once. @throws as `readBody` */
export async function holdBody(
  c: Context,
  maxBytes: number,
  after: After,
  refuse: Parameters<typeof readBody>[3],
): Promise<void> {
  const { raw } = c.req
  if (!raw.body) return
  c.req.raw = new Request(raw, { body: await readBody(raw, maxBytes, after, refuse) })
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
