/**
 * LDAP messages over one socket: requests go out as ldapts writes them, answers come back by message
 * id. Bounded in bytes. The connection is lost once, for all that waits.
 *
 * The client of ldapts is not used: in workerd it writes every request into the log (`debuglog` is
 * always on there), and its parser does not end on a malformed length.
 */
import { ExtendedRequest, type Message, UnbindRequest } from 'ldapts'
import { lengthOfFirst } from './ber.ts'
import { type LdapEntry, type LdapResponse, parseResponse } from './response.ts'

/** `entries` and `isReferred` are of searches. */
export interface LdapAnswer {
  readonly code: number
  readonly entries: readonly LdapEntry[]
  /** True: a part of the answer is at another server. */
  readonly isReferred: boolean
  readonly cookie: Uint8Array | undefined
}

/** The connection ended, or what came over it is no LDAP. `tooLarge`: more than was to be read. */
export class ConnectionLost extends Error {
  readonly why: 'closed' | 'malformed' | 'tooLarge'

  constructor(why: ConnectionLost['why']) {
    super(`the connection is lost: ${why}`)
    this.why = why
  }
}

/** RFC 4511 §4.14. */
const START_TLS = '1.3.6.1.4.1.1466.20037'

interface Waiting {
  readonly entries: LdapEntry[]
  isReferred: boolean
  readonly resolve: (answer: LdapAnswer) => void
  readonly reject: (error: ConnectionLost) => void
}

/** Reads whole messages. @throws {ConnectionLost} */
class MessageReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  #left: number
  #buffer = new Uint8Array(16_384)
  #filled = 0

  constructor(readable: ReadableStream<Uint8Array>, maxBytes: number) {
    this.#reader = readable.getReader()
    this.#left = maxBytes
  }

  async next(): Promise<LdapResponse> {
    for (;;) {
      const held = this.#buffer.subarray(0, this.#filled)
      // Each message is a SEQUENCE; HTML is not waited for.
      if (held.length > 0 && held[0] !== 0x30) throw new ConnectionLost('malformed')
      const length = malformedIfThrown(() => lengthOfFirst(held))
      if (length !== undefined && length > this.#left + this.#filled) {
        throw new ConnectionLost('tooLarge')
      }
      if (length !== undefined && length <= held.length) {
        // A copy: the buffer is used again, and values are read later.
        const message = held.slice(0, length)
        this.#buffer.copyWithin(0, length, this.#filled)
        this.#filled -= length
        return malformedIfThrown(() => parseResponse(message))
      }
      const { done, value } = await this.#reader.read().catch(() => {
        throw new ConnectionLost('closed')
      })
      if (done) throw new ConnectionLost('closed')
      this.#left -= value.byteLength
      if (this.#left < 0) throw new ConnectionLost('tooLarge')
      this.#append(value)
    }
  }

  get isEmpty(): boolean {
    return this.#filled === 0
  }

  release(): void {
    this.#reader.releaseLock()
  }

  /** Doubles, so that one long message costs no more than twice its bytes. */
  #append(value: Uint8Array): void {
    const needed = this.#filled + value.byteLength
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2))
      larger.set(this.#buffer.subarray(0, this.#filled))
      this.#buffer = larger
    }
    this.#buffer.set(value, this.#filled)
    this.#filled = needed
  }
}

function malformedIfThrown<T>(read: () => T): T {
  try {
    return read()
  } catch {
    throw new ConnectionLost('malformed')
  }
}

/**
 * Asks for TLS and begins it. Anything that comes behind the answer in the clear was put there by
 * somebody in between, and is refused.
 *
 * @throws {ConnectionLost}; resolves to the result code where the directory refuses
 */
export async function startTls(socket: Socket): Promise<Socket | number> {
  const messageId = 1
  const writer = socket.writable.getWriter()
  const reader = new MessageReader(socket.readable, 65_536)
  const sending = writer.write(new ExtendedRequest({ messageId, oid: START_TLS }).write())
  const [response] = await Promise.all([
    reader.next(),
    sending.catch(() => {
      throw new ConnectionLost('closed')
    }),
  ])
  if (response.kind !== 'result' || response.messageId !== messageId || !reader.isEmpty) {
    throw new ConnectionLost('malformed')
  }
  if (response.code !== 0) return response.code
  writer.releaseLock()
  reader.release()
  return socket.startTls()
}

export class LdapConnection {
  readonly #socket: Socket
  readonly #writer: WritableStreamDefaultWriter
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0
  #lost: ConnectionLost | undefined

  constructor(socket: Socket, maxBytes: number) {
    this.#socket = socket
    this.#writer = socket.writable.getWriter()
    this.#read(new MessageReader(socket.readable, maxBytes)).catch((error: unknown) => {
      this.#lose(error instanceof ConnectionLost ? error : new ConnectionLost('closed'))
    })
  }

  /** @throws {ConnectionLost} */
  send(make: (messageId: number) => Message): Promise<LdapAnswer> {
    this.#lastId += 1
    const id = this.#lastId
    const bytes = make(id).write()
    return new Promise<LdapAnswer>((resolve, reject) => {
      if (this.#lost) {
        reject(this.#lost)
        return
      }
      this.#waiting.set(id, { entries: [], isReferred: false, resolve, reject })
      this.#writer.write(bytes).catch(() => this.#lose(new ConnectionLost('closed')))
    })
  }

  /** RFC 4511 §4.3: said, and not answered. */
  async unbind(): Promise<void> {
    if (this.#lost) return
    const bytes = new UnbindRequest({ messageId: this.#lastId + 1 }).write()
    await this.#writer.write(bytes).catch(() => undefined)
    this.close()
  }

  close(): void {
    this.#lose(new ConnectionLost('closed'))
  }

  async #read(reader: MessageReader): Promise<void> {
    while (!this.#lost) {
      const response = await reader.next()
      // RFC 4511 §4.4.1: with the id 0 the directory takes its leave.
      if (response.messageId === 0) throw new ConnectionLost('closed')
      const waiting = this.#waiting.get(response.messageId)
      if (!waiting) throw new ConnectionLost('malformed')
      if (response.kind === 'entry') waiting.entries.push(response.entry)
      else if (response.kind === 'reference') waiting.isReferred = true
      else if (response.kind === 'result') {
        this.#waiting.delete(response.messageId)
        const { code, cookie } = response
        const { entries, isReferred } = waiting
        waiting.resolve({ code, entries, isReferred, cookie })
      }
    }
  }

  #lose(error: ConnectionLost): void {
    if (this.#lost) return
    this.#lost = error
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
    // What was said is still sent; an end that fails is an end.
    this.#socket.close().catch(() => undefined)
  }
}
