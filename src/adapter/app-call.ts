/** What is remembered of a call to the app: never a value, so neither a path nor a body. */
import type { FailureCode } from './failure.ts'

export interface AppCall {
  /** Of HTTP; else what was done, for example `search` or `select`. */
  readonly method: string
  /** Where, with every value left out: `/users/{id}`, a table, a base. */
  readonly route: string
  /** Of HTTP; undefined: no answer came, or it is another protocol. */
  readonly status: number | undefined
  /** Undefined: the call itself went well, whatever its status means. */
  readonly failure: FailureCode | undefined
  readonly ms: number
}

/** Told of each call when it has ended. One for each request, never of a module. */
export type OnCall = (call: AppCall) => void

/** Segments that APIs begin with: no value is one of these. */
const BEGINNING = /^(?:api|rest|v\d{1,3})$/i
const WORD = /^[a-z][a-z_-]{0,39}$/i

/**
 * A path without its values, where nobody has said which they are: what an API begins with and the first
 * word after it stay, and every further segment is left out.
 */
export function routeOf(path: string): string {
  const segments = path.split('/').slice(1)
  const first = segments.findIndex((segment) => !BEGINNING.test(segment))
  const shown = segments.map((segment, at) =>
    at < first || first < 0 || (at === first && WORD.test(segment)) ? segment : '{}',
  )
  return `/${shown.join('/')}`
}
