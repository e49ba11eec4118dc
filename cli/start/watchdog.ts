import { spawn } from 'node:child_process'

/** Remembers the last line it was given; when its input ends, kills the processes named there. */
const SCRIPT = 'pids=; while read -r line; do pids=$line; done; [ -z "$pids" ] || kill -9 $pids'

export interface Watchdog {
  watch(pid: number): void
  /** Its process has ended: the number may soon be someone else's. */
  forget(pid: number): void
  close(): void
}

/**
 * A shell that outlives this process by a moment. After `kill -9` nothing in here can run any
 * more, but the pipe closes, and the gateway and the app do not stay behind with their ports.
 */
export function startWatchdog(): Watchdog {
  const shell = spawn('/bin/sh', ['-c', SCRIPT], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Its own process group: Ctrl-C goes to a whole group and must not end it first.
    detached: true,
  })
  const { stdin } = shell
  // Without its watchdog a start works all the same; a failed write is no reason to end it.
  stdin.on('error', () => stdin.destroy())
  shell.unref()
  const pids = new Set<number>()
  const tell = () => void stdin.write(`${[...pids].join(' ')}\n`)
  return {
    watch(pid) {
      pids.add(pid)
      tell()
    },
    forget(pid) {
      pids.delete(pid)
      tell()
    },
    close: () => void stdin.end(),
  }
}
