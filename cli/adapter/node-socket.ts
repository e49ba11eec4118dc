/** `connect` of `cloudflare:sockets` on Node: the kit reaches databases and directories from here. */
import net from 'node:net'
import { Duplex } from 'node:stream'
import tls from 'node:tls'
import type { OpenSocket } from '../../src/adapter/open-socket.ts'

type Opened = ReturnType<OpenSocket>

export const openSocket: OpenSocket = ({ hostname, port }, { secureTransport }) => {
  const servername = net.isIP(hostname) ? '' : hostname
  return secureTransport === 'on'
    ? socketOf(tls.connect({ host: hostname, port, servername }), 'secureConnect', hostname)
    : socketOf(net.connect({ host: hostname, port }), 'connect', hostname)
}

function socketOf(socket: net.Socket, isReady: string, hostname: string): Opened {
  const opened = new Promise<Record<string, never>>((resolve, reject) => {
    socket.once(isReady, () => resolve({}))
    socket.once('error', reject)
  })
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  // Who waits for neither is told by the streams.
  opened.catch(() => undefined)
  socket.on('error', () => undefined)
  let streams: ReturnType<typeof Duplex.toWeb> | undefined
  const web = () => {
    streams ??= Duplex.toWeb(socket)
    return streams
  }
  const found = {
    opened,
    closed,
    get readable() {
      return web().readable
    },
    get writable() {
      return web().writable
    },
    async close() {
      socket.destroy()
      await closed
    },
    startTls() {
      const servername = net.isIP(hostname) ? '' : hostname
      return socketOf(tls.connect({ socket, servername }), 'secureConnect', hostname)
    },
  }
  return found as unknown as Opened
}
