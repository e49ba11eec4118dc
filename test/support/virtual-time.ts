/** A clock that moves on to whatever is planned next, as soon as nothing else is left to be done. */
const aTurn = () => new Promise((resolve) => setTimeout(resolve, 0))

export interface VirtualTime {
  readonly now: () => number
  readonly wait: (ms: number) => Promise<void>
  readonly after: (ms: number, work: () => void) => () => void
  /** Passes the time until the work is done. */
  readonly pass: <T>(work: Promise<T>) => Promise<T>
}

/** Enough for the longest chain of promises between two waits. */
const TURNS = 40
/** Enough for what ends at no planned time, as the platform's cryptography does. */
const OUTSIDE = 1_000

/** @param outside turns that the platform takes for what it does besides promises, such as streams */
export function virtualTime(start = 1_000_000, outside = 0): VirtualTime {
  let now = start
  let plans: { readonly at: number; readonly work: () => void }[] = []

  const after = (ms: number, work: () => void) => {
    const plan = { at: now + Math.max(0, ms), work }
    plans.push(plan)
    return () => {
      plans = plans.filter((other) => other !== plan)
    }
  }
  const settle = async () => {
    for (let turn = 0; turn < TURNS; turn++) await Promise.resolve()
    for (let turn = 0; turn < outside; turn++) await aTurn()
  }
  return {
    now: () => now,
    after,
    wait: (ms) => new Promise((resolve) => void after(ms, resolve)),
    async pass(work) {
      let isDone = false
      let idle = 0
      const done = work.finally(() => {
        isDone = true
      })
      done.catch(() => undefined)
      for (;;) {
        await settle()
        if (isDone) return done
        const next = Math.min(...plans.map(({ at }) => at))
        if (next === Infinity) {
          if (++idle > OUTSIDE) throw new Error('nothing is planned, and the work is not done')
          await aTurn()
          continue
        }
        idle = 0
        now = Math.max(now, next)
        const due = plans.filter(({ at }) => at <= now)
        plans = plans.filter(({ at }) => at > now)
        for (const { work: begin } of due) begin()
      }
    },
  }
}
