/** How often calls of the app are made: `src/pacing` keeps to it, and the guarded clients ask it. */
export interface Pace {
  /**
   * Makes the call as soon as the app is to be called.
   *
   * @param leftMs of the request's time
   * @throws {AdapterFailure} `rate`, effect `none`, and at once, where it would have to wait longer
   *   than that: nothing is sent
   */
  call<T>(leftMs: number, send: () => Promise<T>): Promise<T>
  /** The app has said that it takes no calls for so long. */
  pause(ms: number): void
}

/** Without a pace, a call is made at once. */
export function paced<T>(
  pace: Pace | undefined,
  leftMs: number,
  send: () => Promise<T>,
): Promise<T> {
  return pace ? pace.call(leftMs, send) : send()
}
