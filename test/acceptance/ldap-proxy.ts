/** Stands between the gateway and a real directory, and counts the operations that change something. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { CountingProxy } from '../../cli/adapter/proxy.ts'

/** modify, add, delete, modifyDN (RFC 4511 §4.6 to §4.9). */
const WRITES = [0x66, 0x68, 0x4a, 0x6c]

/** Where the content of an element begins, and how long it is; undefined: not there yet. */
function headOf(bytes: Buffer, at: number): { from: number; length: number } | undefined {
  const first = bytes[at + 1]
  if (first === undefined) return undefined
  if (first < 0x80) return { from: at + 2, length: first }
  const count = first & 0x7f
  if (bytes.length < at + 2 + count) return undefined
  return { from: at + 2 + count, length: bytes.readUIntBE(at + 2, count) }
}

/** Calls back with the operation's tag for each whole message that has passed. */
function watch(tell: (tag: number) => void): (chunk: Buffer) => void {
  let held = Buffer.alloc(0)
  return (chunk) => {
    held = Buffer.concat([held, chunk])
    for (;;) {
      const message = headOf(held, 0)
      if (!message || held.length < message.from + message.length) return
      const id = headOf(held, message.from)
      const tag = id && held[id.from + id.length]
      if (tag !== undefined) tell(tag)
      held = held.subarray(message.from + message.length)
    }
  }
}

export async function startLdapProxy(target: string): Promise<CountingProxy> {
  const { hostname, port: targetPort } = new URL(target)
  let writes = 0
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const directory = connect(Number(targetPort), hostname)
    open.add(client)
    client.on(
      'data',
      watch((tag) => {
        if (WRITES.includes(tag)) writes += 1
      }),
    )
    client.pipe(directory).pipe(client)
    for (const [one, other] of [
      [client, directory],
      [directory, client],
    ] as const) {
      one.on('error', () => other.destroy())
      one.on('close', () => {
        other.destroy()
        open.delete(client)
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `ldap://127.0.0.1:${port}`,
    writes: () => writes,
    async stop() {
      server.close()
      for (const socket of open) socket.destroy()
      await once(server, 'close')
    },
  }
}
