/**
 * What the log says of an error: the name of its class, for a message may hold values. Not every library gives
 * its errors a `name` (Drizzle does not), and a `DOMException` says what it is by that alone.
 */
export function errorName(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  return error.name === 'Error' ? error.constructor.name : error.name
}
