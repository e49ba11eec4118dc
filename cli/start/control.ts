import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { StartError } from './start-error.ts'

const TAKE_OVER_TIMEOUT_MS = 20_000
/** macOS takes 103 bytes of socket path, Linux 107. */
const MAX_SOCKET_PATH_BYTES = 100

function socketPathOf(stateFolder: string): string {
  const inFolder = path.join(stateFolder, 'control.sock')
  if (Buffer.byteLength(inFolder) <= MAX_SOCKET_PATH_BYTES) return inFolder
  const name = createHash('sha256').update(stateFolder).digest('hex').slice(0, 16)
  return path.join(os.tmpdir(), `postern-${name}.sock`)
}

function listen(socketPath: string, onEnd: () => void): Promise<net.Server | 'taken'> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => {
      // A successor that goes away while it waits is no concern of ours.
      socket.on('error', () => socket.destroy())
      socket.once('data', onEnd)
    })
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve('taken')
      else reject(error)
    })
    server.listen(socketPath, () => resolve(server))
  })
}

/** Asks whoever listens to end, and waits until it is gone. False: nobody listens. */
function askToEnd(socketPath: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let heard = false
    const socket = net.connect(socketPath, () => {
      heard = true
      socket.write('end\n')
    })
    const timer = setTimeout(() => {
      socket.destroy()
      reject(
        new StartError(
          'another `npm start` on this state folder does not end',
          'end it yourself, or use another folder: POSTERN_STATE=...',
        ),
      )
    }, TAKE_OVER_TIMEOUT_MS)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => {
      clearTimeout(timer)
      resolve(heard)
    })
    socket.resume()
  })
}

/**
 * Makes this process the one that runs on a state folder: D1 must never have two gateways. The
 * listening socket is the claim. It ends with its process, so unlike a recorded pid it cannot name
 * a stranger. `onEnd` is called when a successor asks; `onWait` before this one waits for another.
 */
export async function takeOver(
  stateFolder: string,
  onEnd: () => void,
  onWait: () => void,
): Promise<{ release(): void }> {
  const socketPath = socketPathOf(stateFolder)
  for (;;) {
    const server = await listen(socketPath, onEnd)
    if (server !== 'taken') {
      server.unref()
      return { release: () => void server.close() }
    }
    onWait()
    // A process that was killed leaves the file behind, with nobody listening.
    if (!(await askToEnd(socketPath))) await rm(socketPath, { force: true })
  }
}
