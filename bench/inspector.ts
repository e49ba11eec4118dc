/** The heap of one isolate, by workerd's inspector. */

const MB = 1024 * 1024

interface HeapUsage {
  readonly usedSize: number
  readonly backingStorageSize: number
}

export interface Heap {
  /** MB; garbage that is not collected yet included. */
  readonly read: () => Promise<number>
  /** MB after a collection, which takes memory of its own outside this heap. */
  readonly readLive: () => Promise<number>
  readonly close: () => void
}

/**
 * @param host of the inspector
 * @param name of the isolate: `core:user:<worker>`, `d1:db`
 */
export async function openHeap(host: string, name: string): Promise<Heap> {
  const list = (await (await fetch(`http://${host}/json`)).json()) as {
    id: string
    webSocketDebuggerUrl: string
  }[]
  const found = list.find(({ id }) => id === name)
  if (!found) throw new Error(`no isolate ${name} among ${list.map(({ id }) => id).join(', ')}`)
  const socket = new WebSocket(found.webSocketDebuggerUrl)
  const waiting = new Map<number, (result: HeapUsage | undefined) => void>()
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', reject)
  })
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id?: number; result?: HeapUsage }
    if (id === undefined) return
    // workerd answers to a snapshot without any result.
    waiting.get(id)?.(result)
    waiting.delete(id)
  })
  let last = 0
  const ask = (method: string) =>
    new Promise<HeapUsage | undefined>((resolve) => {
      last += 1
      waiting.set(last, resolve)
      socket.send(JSON.stringify({ id: last, method }))
    })
  const read = async () => {
    const usage = await ask('Runtime.getHeapUsage')
    if (!usage) throw new Error('the inspector does not say how large the heap is')
    const { usedSize, backingStorageSize } = usage
    return (usedSize + backingStorageSize) / MB
  }
  return {
    read,
    // workerd collects no garbage when it is told to, but it does before a snapshot.
    async readLive() {
      await ask('HeapProfiler.takeHeapSnapshot')
      return read()
    },
    close: () => socket.close(),
  }
}
