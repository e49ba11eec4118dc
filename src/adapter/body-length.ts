/**
 * True: HTTP brings no more than `most` bytes, for the message says its length (RFC 9112 §6.3). One that is
 * coded says that of the code, and one in chunks nothing. Read at once, a body costs a third of the CPU that
 * it costs in pieces.
 */
export function saysItsLength({ headers }: Request | Response, most: number): boolean {
  const length = headers.get('content-length')
  const isOther = headers.has('content-encoding') || headers.has('transfer-encoding')
  return length !== null && Number(length) <= most && !isOther
}
