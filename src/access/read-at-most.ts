/** A body of which no more is read than may be, and no longer. */
import { saysItsLength } from '../adapter/body-length.ts'

/** Calls `then` after so many milliseconds, unless what it returns is called before. */
export type After = (ms: number, then: () => void) => () => void

/** Cut off: how much more there is, or when it would have come, nobody knows. */
export type BodyRead =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  | { readonly kind: 'too long' }
  | { readonly kind: 'too slow' }

export interface BodyBounds {
  readonly maxBytes: number
  /** Of the whole body: one that trickles is cut as one that says nothing. */
  readonly timeoutMs: number
  readonly after: After
}

/** @throws what the stream throws: the sender has gone */
export async function readAtMost(
  message: Request | Response,
  { maxBytes, timeoutMs, after }: BodyBounds,
): Promise<BodyRead> {
  if (!message.body) return { kind: 'whole', bytes: new Uint8Array(0) }
  let cancel: () => void = () => {}
  const late = new Promise<'late'>((resolve) => {
    cancel = after(timeoutMs, () => resolve('late'))
  })
  try {
    if (saysItsLength(message, maxBytes)) {
      const whole = await Promise.race([message.arrayBuffer(), late])
      if (whole === 'late') return { kind: 'too slow' }
      if (whole.byteLength > maxBytes) return { kind: 'too long' }
      return { kind: 'whole', bytes: new Uint8Array(whole) }
    }
    return await readChunks(message.body, maxBytes, late)
  } finally {
    cancel()
  }
}

async function readChunks(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
  late: Promise<'late'>,
): Promise<BodyRead> {
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for (;;) {
      const next = await Promise.race([reader.read(), late])
      if (next === 'late') return { kind: 'too slow' }
      if (next.done) return { kind: 'whole', bytes: joined(chunks, length) }
      length += next.value.byteLength
      if (length > maxBytes) return { kind: 'too long' }
      chunks.push(next.value)
    }
  } finally {
    // Frees the connection; of a body that was read to its end there is nothing to free.
    reader.cancel().catch(() => undefined)
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}
