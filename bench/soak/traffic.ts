/** Requests at a constant rate, whatever becomes of them, and the cron beside them. */
import { setTimeout as sleep } from 'node:timers/promises'

export interface Traffic {
  readonly durationMs: number
  /** Requests a second. */
  readonly rate: number
  readonly tickMs: number
  readonly sampleMs: number
  /** The n-th request. */
  readonly request: (n: number) => Promise<void>
  readonly tick: () => Promise<void>
  /** Called when nothing is under way: the inspector loses requests that are. */
  readonly sample: (elapsedMs: number) => Promise<void>
}

/** @returns milliseconds of traffic, without those of taking samples */
export async function drive(traffic: Traffic): Promise<number> {
  const { durationMs, rate, tickMs, sampleMs, request, tick, sample } = traffic
  const underWay = new Set<Promise<void>>()
  const begin = (work: Promise<void>) => {
    underWay.add(work)
    void work.finally(() => underWay.delete(work))
  }
  const startedAt = performance.now()
  let stoodStillMs = 0
  const elapsed = () => performance.now() - startedAt - stoodStillMs
  const stopFor = async (elapsedMs: number) => {
    const stoppedAt = performance.now()
    await Promise.all(underWay)
    await sample(elapsedMs)
    stoodStillMs += performance.now() - stoppedAt
  }
  await stopFor(0)
  let ticks = 0
  let samples = 1
  for (let sent = 0; elapsed() < durationMs; ) {
    for (; sent < (elapsed() / 1_000) * rate; sent++) begin(request(sent))
    if (elapsed() > (ticks + 1) * tickMs) {
      ticks += 1
      begin(tick())
    }
    if (elapsed() > samples * sampleMs) {
      samples += 1
      await stopFor(elapsed())
    }
    await sleep(1_000 / rate)
  }
  const spent = elapsed()
  await stopFor(spent)
  return spent
}
