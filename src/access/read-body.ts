/** The body of a request, whichever interface it is for: whole, within its bounds, or refused. */
import { BODY_TIMEOUT_MS } from './limits.ts'
import { type After, readAtMost } from './read-at-most.ts'

/** @throws what `refuse` makes of a status of HTTP and a detail; what the stream throws */
export async function readBody(
  request: Request,
  maxBytes: number,
  after: After,
  refuse: (status: 408 | 413 | 415, detail: string) => Error,
): Promise<Uint8Array> {
  const encoding = refuseEncoding(request)
  if (encoding !== undefined) throw refuse(415, encoding)
  const read = await readAtMost(request, { maxBytes, timeoutMs: BODY_TIMEOUT_MS, after })
  switch (read.kind) {
    case 'whole':
      return read.bytes
    case 'too long':
      throw refuse(413, `The body is larger than ${maxBytes} bytes. Send less at once.`)
    case 'too slow': {
      const detail = `The body did not come within ${BODY_TIMEOUT_MS / 1000} s. Send it again.`
      throw refuse(408, detail)
    }
  }
}

/**
 * Undefined: the body is sent as it is (RFC 9110 §8.4). Nothing is unpacked here: a megabyte of it may
 * be a thousand.
 */
function refuseEncoding(request: Request): string | undefined {
  const coding = request.headers.get('content-encoding')?.trim().toLowerCase()
  if (!coding || coding === 'identity') return undefined
  return 'Send the body without a Content-Encoding.'
}
