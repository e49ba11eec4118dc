/** An isolate, looked into by workerd's inspector: its heap, and where its time goes. */

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

interface Inspector {
  /** Undefined: workerd answers so to what has no result. */
  readonly ask: (method: string) => Promise<unknown>
  readonly close: () => void
}

/**
 * @param host of the inspector
 * @param name of the isolate: `core:user:<worker>`, `d1:db`; under `workerd serve` that of the service
 */
async function openInspector(host: string, name: string): Promise<Inspector> {
  const list = (await (await fetch(`http://${host}/json`)).json()) as {
    id: string
    webSocketDebuggerUrl: string
  }[]
  const found = list.find(({ id }) => id === name)
  if (!found) throw new Error(`no isolate ${name} among ${list.map(({ id }) => id).join(', ')}`)
  const socket = new WebSocket(found.webSocketDebuggerUrl)
  const waiting = new Map<number, (result: unknown) => void>()
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', reject)
  })
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id?: number; result?: unknown }
    if (id === undefined) return
    waiting.get(id)?.(result)
    waiting.delete(id)
  })
  let last = 0
  return {
    ask: (method) =>
      new Promise((resolve) => {
        last += 1
        waiting.set(last, resolve)
        socket.send(JSON.stringify({ id: last, method }))
      }),
    close: () => socket.close(),
  }
}

/** As `openInspector`. */
export async function openHeap(host: string, name: string): Promise<Heap> {
  const { ask, close } = await openInspector(host, name)
  const read = async () => {
    const usage = (await ask('Runtime.getHeapUsage')) as HeapUsage | undefined
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
    close,
  }
}

/** What the isolate does meanwhile, as a `.cpuprofile`, which the tools of browsers show. As `openInspector`. */
export async function profiled<T>(
  host: string,
  name: string,
  work: () => Promise<T>,
): Promise<{ readonly done: T; readonly profile: unknown }> {
  const { ask, close } = await openInspector(host, name)
  try {
    await ask('Profiler.enable')
    await ask('Profiler.start')
    const done = await work()
    const { profile } = (await ask('Profiler.stop')) as { profile: unknown }
    return { done, profile }
  } finally {
    close()
  }
}
