/** Stands between the gateway and a real app and counts: what "nothing changed" means is measured. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface CountingProxy {
  readonly url: string
  /** Calls so far that did not only read. */
  readonly writes: () => number
  readonly stop: () => Promise<void>
}

/** Hop-by-hop (RFC 9110 §7.6.1), and what `fetch` has already undone. */
const DROPPED = ['connection', 'transfer-encoding', 'content-encoding', 'content-length', 'host']

/** @param isRead true for calls that only read; default: GET */
export async function startProxy(
  target: string,
  isRead: (method: string, body: string) => boolean = (method) => method === 'GET',
): Promise<CountingProxy> {
  let writes = 0
  const server = createServer(async (request, response) => {
    const method = request.method ?? 'GET'
    const body = await buffer(request)
    if (!isRead(method, body.toString())) writes += 1
    const kept = Object.entries(request.headers).filter(([name]) => !DROPPED.includes(name))
    try {
      const answer = await fetch(target + request.url, {
        method,
        headers: kept.map(([name, value]) => [name, String(value)] as [string, string]),
        redirect: 'manual',
        ...(body.byteLength > 0 && { body }),
      })
      const headers = [...answer.headers].filter(([name]) => !DROPPED.includes(name))
      response.writeHead(answer.status, Object.fromEntries(headers))
      response.end(Buffer.from(await answer.arrayBuffer()))
    } catch {
      // The app is not there: the gateway is to see a lost connection.
      response.destroy()
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    writes: () => writes,
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
