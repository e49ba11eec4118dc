/**
 * What the log says of an error: the name of its class, for a message may hold values, and a `name` is whatever
 * somebody assigned. Only a `DOMException` says by that what it is.
 */
export function errorName(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  return error instanceof DOMException ? error.name : error.constructor.name
}
