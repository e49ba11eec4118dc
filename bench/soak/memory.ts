/** What the gateway takes of memory over time. Linux, for the resident set. */
import { readFileSync } from 'node:fs'
import type { SoakGateway } from './gateway.ts'

/** Megabytes, at so many seconds since the beginning. */
export interface MemorySample {
  readonly at: number
  /** What is left of the heap of the Worker's isolate after its garbage is collected. */
  readonly live: number
  /** workerd's resident set, in which the local D1 lives as well. */
  readonly resident: number
}

export async function sampleMemory(gateway: SoakGateway, at: number): Promise<MemorySample> {
  const live = await gateway.heap.readLive()
  return { at, live, resident: residentMb(gateway.pid()) }
}

function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024
}

/** Megabytes a minute, by least squares, over the second half of the time. */
export function slopeOfSecondHalf(
  samples: readonly MemorySample[],
  of: 'live' | 'resident',
): number {
  const last = samples.at(-1)?.at ?? 0
  const half = samples.filter(({ at }) => at >= last / 2)
  const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
  const at = meanOf(half.map((s) => s.at))
  const mean = meanOf(half.map((s) => s[of]))
  const above = half.reduce((sum, s) => sum + (s.at - at) * (s[of] - mean), 0)
  const below = half.reduce((sum, s) => sum + (s.at - at) ** 2, 0)
  return below === 0 ? 0 : (above / below) * 60
}
