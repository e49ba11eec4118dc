/** Isolates that call one app, in virtual time: who asks, and what the app sees. */
import { Ledger } from '../../src/pacing/ledger.ts'
import { Lessee } from '../../src/pacing/lessee.ts'
import type { Ask, Kind, Lessor, Terms } from '../../src/pacing/lessor.ts'
import { type VirtualTime, virtualTime } from './virtual-time.ts'

export interface PacedIsolate {
  /** One call of the app. */
  readonly call: (options?: {
    readonly takesMs?: number
    readonly leftMs?: number
    readonly kind?: Kind
  }) => Promise<void>
  readonly pause: { until: number }
  /** Nothing of it goes on. */
  readonly die: () => void
}

export interface PacedApp {
  readonly time: VirtualTime
  readonly open: () => PacedIsolate
  /** When calls arrived, and by which kind. */
  readonly arrivals: { readonly at: number; readonly kind: Kind; readonly isolate: number }[]
  /** Most calls of living isolates that were under way together. */
  readonly most: () => number
  readonly hops: () => number
  readonly ledger: Ledger
}

let ids = 0

export function pacedApp(terms: Terms, { hopMs = 0 }: { readonly hopMs?: number } = {}): PacedApp {
  const time = virtualTime()
  const ledger = new Ledger(() => `lease-${ids++}`)
  const arrivals: { at: number; kind: Kind; isolate: number }[] = []
  let isolates = 0
  let under = 0
  let most = 0
  let hops = 0

  const open = (): PacedIsolate => {
    const isolate = isolates++
    let isDead = false
    const alive = async <T>(work: Promise<T>): Promise<T> => {
      const result = await work
      return isDead ? new Promise<never>(() => undefined) : result
    }
    const wait = (ms: number) => alive(time.wait(ms))
    const lessor: Lessor = {
      async lease(ask: Ask) {
        hops += 1
        if (hopMs > 0) await time.wait(hopMs / 2)
        const lease = ledger.lease(structuredClone(ask), time.now())
        if (hopMs > 0) await time.wait(hopMs / 2)
        return alive(Promise.resolve(lease))
      },
      async pause(ms) {
        ledger.pause(time.now() + ms)
      },
    }
    const pause = { until: 0 }
    const after = (ms: number, work: () => void) => time.after(ms, () => isDead || work())
    const lessee = (kind: Kind) =>
      new Lessee({ name: `${isolate} ${kind}`, kind, lessor, now: time.now, wait, after, pause })
    const lessees = { request: lessee('request'), job: lessee('job') }
    let mine = 0
    return {
      pause,
      async call({ takesMs = 0, leftMs = 25_000, kind = 'request' } = {}) {
        await lessees[kind].call(terms, leftMs, async () => {
          arrivals.push({ at: time.now(), kind, isolate })
          under += 1
          mine += 1
          most = Math.max(most, under)
          await wait(takesMs)
          under -= 1
          mine -= 1
        })
      },
      die() {
        isDead = true
        under -= mine
      },
    }
  }
  return { time, open, arrivals, most: () => most, hops: () => hops, ledger }
}

/** The most of them within any such window, which ends before its end. */
export function mostWithin(times: readonly number[], windowMs: number): number {
  const sorted = [...times].sort((a, b) => a - b)
  return Math.max(
    0,
    ...sorted.map((from) => sorted.filter((at) => at >= from && at < from + windowMs).length),
  )
}
