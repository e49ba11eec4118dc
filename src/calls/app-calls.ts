/**
 * Around the ports of one connection, for one request or one turn of a job: the circuit, the time that
 * is left, and tries again. Without a failure it costs a few comparisons, and no call.
 */
import type { AnyPort } from '../adapter/contract.ts'
import { AdapterFailure, NotCalled, OutOfTime } from '../adapter/failure.ts'
import { READS } from '../adapter/reads.ts'
import type { AppHealth } from './app-health.ts'
import { type CallOutcome, CallsPaused } from './circuit.ts'
import type { Deadline } from './deadline.ts'
import { retryAfter } from './retry.ts'

/** A call that was given less, and was cut, says little of the app. */
const FAIR_MS = 5_000

export interface CallIo {
  /** Milliseconds since 1970. */
  now(): number
  wait(ms: number): Promise<void>
  /** From 0 to 1. */
  random(): number
}

export interface AppCalls {
  readonly health: AppHealth
  readonly deadline: Deadline
  readonly io: CallIo
  /** What a call may take where the whole time is left. */
  readonly timeoutMs: number
}

/** The same port: its optional methods are there where they were. */
export function guarded(port: AnyPort, calls: AppCalls): AnyPort {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...args: readonly unknown[]) =>
        called(calls, READS.has(name), () => Reflect.apply(value, target, args))
    },
  })
}

/**
 * @throws {CallsPaused} effect `none`, where the circuit is open
 * @throws {OutOfTime} where too little time is left
 */
async function called<T>(
  { health, deadline, io, timeoutMs }: AppCalls,
  isRead: boolean,
  call: () => Promise<T>,
): Promise<T> {
  health.budget.called()
  for (let number = 0; ; number++) {
    const leftMs = deadline.leftMs()
    if (leftMs === 0) throw new OutOfTime()
    const admission = health.circuit.admit(isRead, io.now(), leftMs)
    if (admission.kind === 'paused') throw new CallsPaused(admission.cause, admission.waitMs)
    const { isProbe } = admission
    try {
      const result = await call()
      health.settle({ isProbe, outcome: 'answered', random: io.random }, io.now())
      return result
    } catch (error) {
      const isFair = leftMs >= Math.min(FAIR_MS, timeoutMs / 2)
      const told = error instanceof AdapterFailure ? error.retryAfterSeconds : undefined
      const outcome = outcomeOf(error, isFair)
      const call = { isProbe, outcome, retryAfterSeconds: told, random: io.random }
      if (health.settle(call, io.now()) === 'opened') throw error
      if (!(error instanceof AdapterFailure) || error instanceof NotCalled) throw error
      const attempt = { number, isRead, leftMs: deadline.leftMs(), random: io.random }
      const waitMs = retryAfter(error, attempt)
      if (waitMs === undefined || !health.budget.take()) throw error
      await io.wait(waitMs)
    }
  }
}

/** @param isFair the call had time enough */
function outcomeOf(error: unknown, isFair: boolean): CallOutcome {
  if (!(error instanceof AdapterFailure) || error instanceof NotCalled) return 'unclear'
  switch (error.code) {
    case 'unavailable':
      return 'failed'
    case 'timeout':
      return isFair ? 'failed' : 'unclear'
    case 'auth':
      return 'refused'
    // The app has answered, about one object, our rights or our pace.
    case 'invalid':
    case 'conflict':
    case 'limit':
    case 'blocked':
    case 'forbidden':
    case 'rate':
      return 'answered'
    // A page of something in between, perhaps.
    case 'protocol':
      return 'unclear'
  }
}
