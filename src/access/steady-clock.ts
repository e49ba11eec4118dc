/**
 * A clock that is never set back. What an isolate remembers "for so long" (throttles, pauses, circuits,
 * what was read just now) goes by one: else it would hold for as long as the machine's clock went back.
 * What is compared with times that others wrote (D1, tokens, apps) goes by the machine's.
 *
 * @param now milliseconds
 * @returns milliseconds, of no use but beside others of the same clock
 */
export function steadyClock(now: () => number): () => number {
  let last = now()
  let aheadMs = 0
  return () => {
    const at = now()
    if (at < last) aheadMs += last - at
    last = at
    return at + aheadMs
  }
}
