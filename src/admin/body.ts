/** The JSON body of an admin request, bounded before anything looks at it. */
import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { Json } from '../scim/schema.ts'
import { Problem } from './problem.ts'

/** A connection with its extensions is some KB; a large manifest some tens. */
const MAX_BODY_BYTES = 1_000_000
/** Schemas nest seven levels deep; what recurses over JSON must not exhaust the stack. */
const MAX_DEPTH = 64

export const limitBody = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: () => {
    throw new Problem(413, `The request body must not exceed ${MAX_BODY_BYTES} bytes`)
  },
})

/** @throws {Problem} 415 or 400; an empty body is `whenEmpty` where one is given, else 400 */
export async function readJson(c: Context, whenEmpty?: Json): Promise<Json> {
  const bytes = await c.req.arrayBuffer()
  if (bytes.byteLength === 0 && whenEmpty !== undefined) return whenEmpty
  const mediaType = c.req.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  // RFC 7396 §4 names application/merge-patch+json; RFC 6839 §3.1 makes every +json JSON.
  if (!/^application\/(?:[\w.!#$&^+-]+\+)?json$/.test(mediaType)) {
    throw new Problem(415, 'The request body must be JSON, with Content-Type: application/json')
  }
  const value = parse(bytes)
  if (isDeeper(value, MAX_DEPTH)) {
    throw new Problem(400, `The request body must not nest more than ${MAX_DEPTH} levels deep`)
  }
  return value
}

function parse(bytes: ArrayBuffer): Json {
  try {
    // RFC 8259 §8.1: JSON is UTF-8.
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    // The parser's message quotes the body, which may hold secrets.
    throw new Problem(400, 'The request body is not well-formed JSON')
  }
}

function isDeeper(value: Json, levels: number): boolean {
  let level: Json[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > levels) return true
    level = level.flatMap((v) => (typeof v === 'object' && v !== null ? Object.values(v) : []))
  }
  return false
}
