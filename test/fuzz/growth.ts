/** Whether memory grows with the cases, or only until everything has been used once. Pure. */

export interface Sample {
  readonly atMs: number
  readonly mb: number
}

/**
 * Each target loads its own part of the gateway, caches fill, and workerd's heap grows to what it needs before
 * it is collected: some hundred MB in the first minutes, whatever is played.
 */
export const WARM_MS = 3 * 60_000
/** After it, what is measured has to last so long. */
export const JUDGED_MS = 3 * 60_000
/** A case that leaves one MB behind in a second; what runs have measured after the warm-up is half of it. */
export const MOST_MB_PER_MINUTE = 60

/** In MB a minute, after the warm-up; undefined: too short a time to tell. */
export function growthOf(memory: readonly Sample[]): number | undefined {
  const warm = memory.filter(({ atMs }) => atMs >= WARM_MS)
  const [first, last] = [warm[0], warm.at(-1)]
  if (!first || !last || last.atMs - first.atMs < JUDGED_MS) return undefined
  // Thirds, lest the moment of one collection decides.
  const third = Math.floor(warm.length / 3)
  const [from, to] = [middle(warm.slice(0, third)), middle(warm.slice(-third))]
  return ((to.mb - from.mb) * 60_000) / (to.atMs - from.atMs)
}

function middle(samples: readonly Sample[]): Sample {
  const median = (values: readonly number[]) =>
    [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
  return {
    atMs: median(samples.map(({ atMs }) => atMs)),
    mb: median(samples.map(({ mb }) => mb)),
  }
}
