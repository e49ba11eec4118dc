/** Stands between the gateway and a real app and counts: what "nothing changed" means is measured. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface CountingProxy {
  readonly url: string
  /** Calls so far that were to change something. */
  readonly writes: () => number
  readonly stop: () => Promise<void>
}

/** Hop-by-hop (RFC 9110 §7.6.1), and what `fetch` has already undone. */
const DROPPED = ['connection', 'transfer-encoding', 'content-encoding', 'content-length', 'host']

/** @param isRead true for calls that only read; default: by method, and by what a body asks for */
export async function startProxy(
  target: string,
  isRead: (method: string, body: string, path: string) => boolean = (method, body, path) =>
    !isWrite(method, path, body),
): Promise<CountingProxy> {
  let writes = 0
  const server = createServer(async (request, response) => {
    const method = request.method ?? 'GET'
    const body = await buffer(request)
    if (!isRead(method, body.toString(), request.url ?? '')) writes += 1
    const kept = Object.entries(request.headers).filter(([name]) => !DROPPED.includes(name))
    try {
      const answer = await fetch(target + request.url, {
        method,
        headers: kept.map(([name, value]) => [name, String(value)] as [string, string]),
        redirect: 'manual',
        ...(body.byteLength > 0 && { body }),
      })
      response.statusCode = answer.status
      // One by one: several cookies are several headers (RFC 9110 §5.3).
      for (const [name, value] of answer.headers) {
        if (!DROPPED.includes(name)) response.appendHeader(name, value)
      }
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

/** The last part of an address that only reads, or gives a token, whatever the method. */
const READING_PATH = /\/(?:search|query|login|sessions?|token|oauth2?)(?:\.\w+)?$/i
/** A JSON-RPC method, or the first element of a SOAP body. */
const READING_NAME = /^(?:\w+\.)?(?:get|list|find|search|query|read|count|login|export|version)/i

/** Apps that answer everything to a POST say in its body what it is. */
export function isWrite(method: string, target: string, body: string): boolean {
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return false
  const [path = ''] = target.split('?', 1)
  if (READING_PATH.test(path)) return false
  const soap = /<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)/.exec(body)?.[1]
  if (soap !== undefined) return !READING_NAME.test(soap)
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    return true
  }
  if (typeof json !== 'object' || json === null) return true
  if ('jsonrpc' in json && 'method' in json) {
    const name = String(json.method)
    return !READING_NAME.test(name.split('.').at(-1) ?? name)
  }
  if ('query' in json && typeof json.query === 'string' && /^\s*(?:query\b|\{)/.test(json.query)) {
    return false
  }
  return true
}
