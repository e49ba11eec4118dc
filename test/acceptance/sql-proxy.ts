/** Stands between the gateway and a database, and counts the statements that write. In the clear: loopback. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { CountingProxy } from '../../cli/adapter/proxy.ts'

/** As they stand in the messages of both protocols: text. */
const WRITE = /\b(?:INSERT INTO|UPDATE|DELETE FROM) ["`]/g

export async function startSqlProxy(target: string): Promise<CountingProxy> {
  const { hostname, port } = new URL(target)
  let writes = 0
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const behind = connect(Number(port), hostname)
    client.on('data', (bytes) => {
      writes += bytes.toString('latin1').match(WRITE)?.length ?? 0
    })
    client.pipe(behind).pipe(client)
    for (const [one, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      sockets.add(one)
      // The other side is to see a lost connection.
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port: own } = server.address() as AddressInfo
  const url = new URL(target)
  url.port = String(own)
  return {
    url: url.href,
    writes: () => writes,
    async stop() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
