/**
 * If-Match and If-None-Match (RFC 9110 §13.1): whoever has read an older state does not write over a newer
 * one. Without them the last write counts, as before.
 */
import type { Context } from 'hono'
import { matchesIfMatch, matchesIfNoneMatch } from '../scim/etag.ts'
import { Problem } from './problem.ts'

/** @param version of what there is now, as in its ETag; undefined: there is nothing yet */
export type Precondition = (version: string | undefined) => void

/** Of a request that writes. @throws {Problem} 412, when it is called */
export function preconditionOf(c: Context): Precondition {
  const ifMatch = c.req.header('if-match')
  const ifNoneMatch = c.req.header('if-none-match')
  return (version) => {
    const isGone = ifMatch !== undefined && version === undefined
    if (isGone || (version !== undefined && !matchesIfMatch(ifMatch, version))) {
      throw new Problem(412, 'Somebody else has changed this since you read it: read it again')
    }
    if (version !== undefined && matchesIfNoneMatch(ifNoneMatch, version)) {
      throw new Problem(412, 'There is one of this name already')
    }
  }
}

/** Of a number that goes up with every change. */
export const tagOf = (version: number): string => `"${version}"`
