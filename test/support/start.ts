/** What tests of processes wait for. */

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Polls until `probe` answers true; what it throws counts as no until the time is over. */
export async function eventually(
  probe: () => boolean | Promise<boolean>,
  timeoutMs = 15_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    let failure: unknown = new Error('it did not happen in time')
    try {
      if (await probe()) return
    } catch (error) {
      failure = error
    }
    if (Date.now() > deadline) throw failure
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
