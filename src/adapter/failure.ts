/** Accidents are exceptions that state their effect; what can be expected is a result. */

/**
 * - `auth`, `forbidden`: the app refuses our credentials or our rights
 * - `invalid`, `conflict`: the app refuses the values; `conflict` is a taken unique value
 * - `limit`: no seat or licence left; `blocked`: the app refuses for this object (open items, owner)
 * - `rate`, `unavailable`, `timeout`: try later
 * - `protocol`: an answer that the adapter does not understand (HTML, a cut page)
 */
export type FailureCode =
  | 'auth'
  | 'forbidden'
  | 'invalid'
  | 'conflict'
  | 'limit'
  | 'blocked'
  | 'rate'
  | 'unavailable'
  | 'timeout'
  | 'protocol'

/** `none`: the app did not change. `unknown`: it may have; the core probes and never re-sends. */
export type Effect = 'none' | 'unknown'

export class AdapterFailure extends Error {
  override readonly name = 'AdapterFailure'
  readonly code: FailureCode
  readonly effect: Effect
  /** True: the app has answered, so that nothing of the call can still be on its way. */
  readonly answered: boolean
  readonly retryAfterSeconds: number | undefined
  /** The app's own attribute names that an `invalid` or `conflict` is about. */
  readonly attributes: readonly string[]

  /** `message` is ours, for the log: never the app's text, never a value. */
  constructor(
    code: FailureCode,
    message: string,
    info: {
      effect: Effect
      answered?: boolean
      retryAfterSeconds?: number | undefined
      attributes?: readonly string[]
      cause?: unknown
    },
  ) {
    super(message, { cause: info.cause })
    this.code = code
    this.effect = info.effect
    this.answered = info.answered ?? false
    this.retryAfterSeconds = info.retryAfterSeconds
    this.attributes = info.attributes ?? []
  }
}

/** The app was not asked, for a reason of ours: it says nothing of the app, and nothing has changed. */
export class NotCalled extends AdapterFailure {
  constructor(code: FailureCode, message: string, retryAfterSeconds?: number) {
    super(code, message, { effect: 'none', answered: true, retryAfterSeconds })
  }
}

/** A trial would use up credentials that are good once. */
export class NotTried extends NotCalled {
  constructor() {
    super('auth', 'a trial of what is not stored must not begin with a refresh token')
  }
}

/** Too little of the request's time is left for a call. */
export class OutOfTime extends NotCalled {
  constructor() {
    super('timeout', 'too little time was left for a call of the app')
  }
}

/**
 * True where the app said no to this very change, and would say so again. Anything else may pass: the
 * network, the app's load, our credentials.
 */
export function isRefusal(error: unknown): error is AdapterFailure {
  if (!(error instanceof AdapterFailure) || error.effect !== 'none') return false
  switch (error.code) {
    case 'invalid':
    case 'conflict':
    case 'limit':
    case 'blocked':
      return true
    case 'auth':
    case 'forbidden':
    case 'rate':
    case 'unavailable':
    case 'timeout':
    case 'protocol':
      return false
  }
}
