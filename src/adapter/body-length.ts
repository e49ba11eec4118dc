/**
 * True: HTTP brings no more than `most` bytes, for the message says its length (RFC 9112 §6.3). One that is
 * coded says that of the code. Read at once, a body costs a third of the CPU that it costs in pieces.
 */
export function saysItsLength({ headers }: Request | Response, most: number): boolean {
  const length = headers.get('content-length')
  return length !== null && Number(length) <= most && !headers.has('content-encoding')
}
