/**
 * A directory that is a script: what came over the wire, read by ldapts, and what is answered, written
 * byte by byte. The client under test reads and writes with neither.
 */
import { BerReader, BerWriter } from 'ldapts'
import { createLdapClient, type LdapClient } from '../../../src/adapter/ldap/client.ts'
import type { OpenSocket } from '../../../src/adapter/open-socket.ts'

export const OP = {
  bind: 0x60,
  unbind: 0x42,
  search: 0x63,
  modify: 0x66,
  add: 0x68,
  remove: 0x4a,
  rename: 0x6c,
  compare: 0x6e,
  extended: 0x77,
} as const
/** Each is answered by the next tag, but a delete. */
const answerOf = (op: number): number => (op === OP.remove ? 0x6b : op + (op === 0x63 ? 2 : 1))

export interface Asked {
  readonly id: number
  readonly op: number
  /** What is inside the operation. */
  readonly reader: BerReader
  /** As it came. */
  readonly text: string
}

/** `lost`: the connection ends. */
export type Said = Uint8Array | 'lost'

export interface Line {
  readonly say: (...what: readonly Said[]) => Promise<void>
}

/** One answer (RFC 4511 §4.1.9). */
export function result(asked: Pick<Asked, 'id' | 'op'>, code: number, diagnostic = ''): Uint8Array {
  return message(asked.id, (writer) => {
    writer.startSequence(answerOf(asked.op))
    writer.writeEnumeration(code)
    writer.writeString('')
    writer.writeString(diagnostic)
    writer.endSequence()
  })
}

export function entry(
  asked: Pick<Asked, 'id'>,
  dn: string,
  attributes: Readonly<Record<string, readonly string[]>> = {},
): Uint8Array {
  return message(asked.id, (writer) => {
    writer.startSequence(0x64)
    writer.writeString(dn)
    writer.startSequence()
    for (const [type, values] of Object.entries(attributes)) {
      writer.startSequence()
      writer.writeString(type)
      writer.startSequence(0x31)
      for (const value of values) writer.writeString(value)
      writer.endSequence()
      writer.endSequence()
    }
    writer.endSequence()
    writer.endSequence()
  })
}

export function reference(asked: Pick<Asked, 'id'>): Uint8Array {
  return message(asked.id, (writer) => {
    writer.startSequence(0x73)
    writer.writeString('ldap://elsewhere.example/dc=example')
    writer.endSequence()
  })
}

export function message(id: number, write: (writer: BerWriter) => void): Uint8Array {
  const writer = new BerWriter()
  writer.startSequence()
  writer.writeInt(id)
  write(writer)
  writer.endSequence()
  return Uint8Array.from(writer.buffer)
}

function read(bytes: Uint8Array): { asked: Asked; length: number } | undefined {
  const reader = new BerReader(Buffer.from(bytes))
  if (reader.readSequence() === null || reader.remain < reader.length) return undefined
  const length = reader.offset + reader.length
  const id = reader.readInt() ?? -1
  const op = reader.readSequence() ?? -1
  const text = Buffer.from(bytes.subarray(0, length)).toString('utf8')
  return { asked: { id, op, reader, text }, length }
}

export interface Directory {
  readonly client: LdapClient
  /** Operations so far, the unbind included. */
  readonly ops: () => readonly number[]
  readonly asked: readonly Asked[]
  /** Sockets that are still open. */
  readonly open: () => number
  /** What was connected to, and how. */
  readonly dialled: readonly unknown[]
}

/** A bind is answered by itself, unless `answers` says otherwise for it. */
export function openDirectory(
  answers: (asked: Asked, line: Line) => Promise<void> | void,
  options: Partial<Parameters<typeof createLdapClient>[0]> & {
    readonly bindCode?: number
    readonly diagnostic?: string
  } = {},
): Directory {
  const asked: Asked[] = []
  const dialled: unknown[] = []
  let open = 0

  const openSocket: OpenSocket = (address, how) => {
    dialled.push({ ...address, ...how })
    open += 1
    const down = new TransformStream<Uint8Array, Uint8Array>(undefined, { highWaterMark: 1_000 })
    const writer = down.writable.getWriter()
    let closed = false
    const close = async () => {
      if (closed) return
      closed = true
      open -= 1
      await writer.close().catch(() => undefined)
    }
    const line: Line = {
      async say(...what) {
        for (const one of what) {
          if (one === 'lost') await close()
          else await writer.write(one)
        }
      },
    }
    let held = new Uint8Array()
    const writable = new WritableStream<Uint8Array>({
      async write(chunk) {
        if (closed) throw new Error('the socket is closed')
        held = Uint8Array.from([...held, ...chunk])
        for (let one = read(held); one; one = read(held)) {
          held = held.slice(one.length)
          asked.push(one.asked)
          if (one.asked.op === OP.bind) {
            await line.say(result(one.asked, options.bindCode ?? 0, options.diagnostic))
          } else if (one.asked.op !== OP.unbind) await answers(one.asked, line)
        }
      },
    })
    const socket = { readable: down.readable, writable, opened: Promise.resolve({}), close }
    return socket as unknown as Socket
  }

  return {
    client: createLdapClient({
      url: 'ldaps://ldap.example.com',
      bind: { dn: 'cn=postern,dc=example,dc=com', password: 's3cret' },
      openSocket,
      leftMs: () => 1_000,
      maxBytes: 100_000,
      allowInsecure: false,
      ...options,
    }),
    ops: () => asked.map(({ op }) => op),
    asked,
    open: () => open,
    dialled,
  }
}
