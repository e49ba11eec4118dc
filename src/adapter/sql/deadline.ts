/** One clock for all that a piece of work asks of a database, and what a failure on the way says of its effect. */
import { AdapterFailure } from '../failure.ts'
import { failureOf, isPassing } from './failure.ts'
import { SqlRefusal, TooMuch } from './session.ts'

/** Undone for another one's sake: it may be tried again. */
export class Passing extends AdapterFailure {}
/** There is no connection any more to say anything to. */
export class Lost extends AdapterFailure {}

/** One clock for all that a piece of work does. */
export class Deadline {
  readonly timeoutMs: number
  readonly #passed: Promise<never>
  readonly #timer: ReturnType<typeof setTimeout>
  readonly #over = new AbortController()

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs
    const { promise, reject } = Promise.withResolvers<never>()
    this.#passed = promise
    promise.catch(() => undefined)
    this.#timer = setTimeout(() => {
      reject(new TimeUp())
      this.#over.abort()
    }, timeoutMs)
  }

  /** Aborted when it has passed. */
  get signal(): AbortSignal {
    return this.#over.signal
  }

  end(): void {
    clearTimeout(this.#timer)
  }

  /** `late` gets what comes when nobody waits any more. */
  async within<T>(
    work: Promise<T>,
    what: string,
    effect: 'none' | 'unknown',
    late: (value: T) => void = () => undefined,
  ): Promise<T> {
    try {
      return await Promise.race([work, this.#passed])
    } catch (error) {
      if (error instanceof TimeUp) {
        work.then(late, () => undefined)
        const said = `the database did not end ${what} within ${this.timeoutMs} ms`
        throw new Lost('timeout', said, { effect })
      }
      throw translate(error, what, effect)
    }
  }
}

class TimeUp extends Error {}

export function translate(
  error: unknown,
  what: string,
  effect: 'none' | 'unknown',
): AdapterFailure {
  if (error instanceof AdapterFailure) return error
  if (error instanceof TooMuch) {
    return new AdapterFailure('protocol', `the database answered ${what} with too much`, { effect })
  }
  if (error instanceof SqlRefusal) {
    const failure = failureOf(error, effect)
    if (!isPassing(error)) return failure
    const { code, message } = failure
    return new Passing(code, message, { effect, answered: true, retryAfterSeconds: 5 })
  }
  // What drivers say may quote anything.
  return new Lost('unavailable', `the connection to the database was lost during ${what}`, {
    effect,
  })
}
