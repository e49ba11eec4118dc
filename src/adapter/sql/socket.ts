/**
 * A TCP socket of the Workers runtime as the stream that both drivers want. Their own ways to TLS
 * (pg-cloudflare, node:tls) differ: one upgrade for both means one place that checks certificates.
 */
import { Duplex } from 'node:stream'
import type { OpenSocket } from '../open-socket.ts'

export interface SocketOptions {
  readonly openSocket: OpenSocket
  /** Closes it, whatever the driver waits for: a server that says nothing would keep it open. */
  readonly signal: AbortSignal
  readonly hostname: string
  readonly port: number
  /**
   * Where the connection is to be encrypted: how long the server's first message is, as far as its
   * beginning says; undefined while that is open. Nothing more is read before `startTls`, so nothing
   * that somebody sends in the clear can count as said within it.
   */
  readonly firstLength: ((bytes: Uint8Array) => number | undefined) | undefined
}

export class DatabaseSocket extends Duplex {
  readonly #options: SocketOptions
  #socket: Socket | undefined
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  /** What is written goes one after the other, and the upgrade in its place among them. */
  #last: Promise<void> = Promise.resolve()

  constructor(options: SocketOptions) {
    super({ autoDestroy: true })
    this.#options = options
    const end = () => {
      this.destroy(new Error('the time of the connection is over'))
    }
    options.signal.addEventListener('abort', end, { once: true })
  }

  /** Its arguments are the driver's own: where it leads was decided before. */
  connect(): this {
    const { openSocket, hostname, port, firstLength, signal } = this.#options
    try {
      signal.throwIfAborted()
      const secureTransport = firstLength ? 'starttls' : 'off'
      const socket = openSocket({ hostname, port }, { secureTransport, allowHalfOpen: false })
      this.#take(socket)
      socket.opened.then(
        () => this.emit('connect'),
        () => this.destroy(new Error('the database cannot be reached')),
      )
    } catch {
      this.destroy(new Error('the database cannot be reached'))
      return this
    }
    void (firstLength ? this.#readFirst(firstLength) : this.#readOn())
    return this
  }

  startTls(): void {
    this.#last = this.#last.then(() => {
      if (!this.#socket || this.destroyed) return
      this.#writer?.releaseLock()
      this.#reader?.releaseLock()
      // By the host that was asked for: the runtime takes the certificate of no other one.
      this.#take(this.#socket.startTls())
      void this.#readOn()
    })
    this.#last.catch(() => this.destroy(new Error('the connection cannot be encrypted')))
  }

  /** When what was written before is out; whatever else comes is not read. */
  closeSoon(): void {
    const close = () => this.destroy()
    this.#last.then(close, close)
  }

  #take(socket: Socket): void {
    this.#socket = socket
    this.#writer = socket.writable.getWriter()
    this.#reader = socket.readable.getReader()
    // Both say what has happened where they are used.
    socket.closed.catch(() => undefined)
    this.#writer.closed.catch(() => undefined)
    this.#reader.closed.catch(() => undefined)
  }

  async #readFirst(lengthOf: (bytes: Uint8Array) => number | undefined): Promise<void> {
    let bytes = Buffer.alloc(0)
    for (;;) {
      const chunk = await this.#chunk()
      if (!chunk) return
      bytes = Buffer.concat([bytes, chunk])
      const length = lengthOf(bytes)
      if (length === undefined || bytes.length < length) continue
      if (bytes.length > length) this.destroy(new Error('the server spoke out of turn'))
      else this.push(bytes)
      return
    }
  }

  async #readOn(): Promise<void> {
    for (;;) {
      const chunk = await this.#chunk()
      if (!chunk) return
      this.push(chunk)
    }
  }

  async #chunk(): Promise<Buffer | undefined> {
    try {
      const { done, value } = (await this.#reader?.read()) ?? { done: true, value: undefined }
      if (!done) return Buffer.from(value)
      this.push(null)
    } catch {
      this.destroy(new Error('the connection to the database is lost'))
    }
    return undefined
  }

  /** Chunks are pushed as they come: drivers always listen, and their answers are bounded. */
  override _read(): void {}

  override _write(chunk: Uint8Array, _: string, done: (error?: Error | null) => void): void {
    this.#last = this.#last.then(() => this.#writer?.write(chunk))
    this.#last.then(
      () => done(),
      () => done(new Error('the connection to the database is lost')),
    )
  }

  override _final(done: () => void): void {
    this.#last
      .then(() => this.#writer?.close())
      .then(
        () => done(),
        () => done(),
      )
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket?.close().catch(() => undefined)
    this.#socket = undefined
    done(error)
  }

  // What sockets of Node have, and drivers call.
  setNoDelay(): this {
    return this
  }
  setKeepAlive(): this {
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
}
