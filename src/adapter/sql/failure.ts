/**
 * What an error of a database means. It goes by SQLSTATE (PostgreSQL, appendix A) and by MySQL's own
 * numbers, which are finer: its words are in the server's language and hold values.
 */
import { AdapterFailure, type Effect, type FailureCode } from '../failure.ts'
import type { SqlRefusal } from './session.ts'

/** A code, or a class of codes by its first two letters. */
const BY_STATE: Readonly<Record<string, FailureCode>> = {
  '08': 'unavailable',
  '22': 'invalid',
  '23': 'invalid',
  // Still referred to, where the reference restricts.
  '23001': 'blocked',
  '23505': 'conflict',
  // An exclusion constraint: what overlaps is taken.
  '23P01': 'conflict',
  // In a transaction that may only read: a standby, or a server that is being moved.
  '25006': 'unavailable',
  '28': 'auth',
  '40': 'unavailable',
  '42501': 'forbidden',
  '44': 'invalid',
  '53': 'unavailable',
  '55': 'unavailable',
  '57': 'unavailable',
  '57014': 'timeout',
  // A trigger of the app refuses (RAISE EXCEPTION, SIGNAL).
  P0001: 'blocked',
  '45000': 'blocked',
}

const BY_NUMBER: Readonly<Record<number, FailureCode>> = {
  1040: 'unavailable', // too many connections
  1044: 'forbidden',
  1045: 'auth',
  1048: 'invalid', // cannot be null
  1053: 'unavailable', // shutting down
  1062: 'conflict',
  1129: 'unavailable', // host blocked after many errors
  1142: 'forbidden',
  1143: 'forbidden',
  1169: 'conflict',
  1203: 'unavailable',
  1205: 'unavailable', // lock wait
  1213: 'unavailable', // deadlock
  1216: 'invalid',
  1217: 'blocked', // still referred to
  1226: 'rate', // statements an hour
  1227: 'forbidden',
  1264: 'invalid', // out of range
  1265: 'invalid', // truncated
  1290: 'unavailable', // --read-only
  1292: 'invalid',
  1317: 'unavailable', // interrupted
  1364: 'invalid', // no default value
  1366: 'invalid', // not of the column's character set
  1370: 'forbidden',
  1406: 'invalid', // too long
  1451: 'blocked',
  1452: 'invalid', // no such parent
  1644: 'blocked', // SIGNAL of a trigger
  1698: 'auth',
  1792: 'unavailable', // read-only transaction
  1836: 'unavailable', // read-only mode
  1862: 'auth', // password expired
  1927: 'unavailable', // connection killed
  1969: 'timeout', // MariaDB: max_statement_time
  3024: 'timeout', // MySQL: max_execution_time
  3572: 'unavailable', // NOWAIT
  3819: 'invalid', // CHECK
  4025: 'invalid', // MariaDB: CHECK
}

export function codeOf({ state, errno }: Pick<SqlRefusal, 'state' | 'errno'>): FailureCode {
  return BY_NUMBER[errno] ?? BY_STATE[state] ?? BY_STATE[state.slice(0, 2)] ?? 'protocol'
}

/** Of somebody else's making, gone when it is tried again: a serialisation failure or a deadlock. */
export function isPassing({ state, errno }: SqlRefusal): boolean {
  return state === '40001' || state === '40P01' || errno === 1213
}

/** `attributes` are names of columns or keys, as the database says them: an adapter knows which. */
export function failureOf(refusal: SqlRefusal, effect: Effect): AdapterFailure {
  const { state, errno, about } = refusal
  const code = codeOf(refusal)
  const said = errno === 0 ? `SQLSTATE ${state}` : `error ${errno}`
  return new AdapterFailure(code, `the database refused a statement with ${said}`, {
    effect,
    answered: true,
    attributes: code === 'conflict' || code === 'invalid' ? about : [],
  })
}
