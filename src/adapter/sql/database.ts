/**
 * The guarded way to an app that is a database. Values are parameters; what is written is one
 * transaction, so that it has happened or has not; time and size are bounded; the connection is
 * encrypted, and closed when the work is done.
 *
 * Messages name the kind of work and the database's code, and nothing else.
 */
import { AdapterFailure, OutOfTime } from '../failure.ts'
import { checkHost } from '../url.ts'
import { type Address, addressOf, bindingOf, checkDatabaseUrl } from './address.ts'
import { Deadline, Lost, Passing, translate } from './deadline.ts'
import { codeOf, isPassing } from './failure.ts'
import { type Dial, type Outcome, type Session, SqlRefusal, type Target } from './session.ts'
import type { Dialect, Statement } from './statement.ts'

export interface Transaction {
  readonly dialect: Dialect
  /** @throws {AdapterFailure} where the database refuses it, or is lost */
  run(statement: Statement): Promise<Outcome>
}

export interface Database {
  readonly dialect: Dialect
  /** In a transaction that may only read. Its failures have the effect `none`. */
  read<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
  /**
   * In one transaction: all of it is done, or nothing. The effect of a failure is `none`, unless the
   * connection was lost while the end was being told. `work` may be called again, from its beginning,
   * where the database has undone it for somebody else's sake.
   */
  write<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
}

export interface DatabaseLogin {
  readonly user: string
  readonly password: string
}

/** How databases are reached, and what may be asked of them. */
export interface DatabaseOptions {
  /** `postgres://host/database`, `mysql://...` or `hyperdrive:BINDING`. */
  readonly url: string
  /** Absent for Hyperdrive, which has its own. */
  readonly login?: DatabaseLogin
  readonly dial: Dial
  /** Connection strings by the names of their bindings. */
  readonly hyperdrives: ReadonlyMap<string, string>
  /** True only in development: private hosts are allowed, and are spoken to in the clear. */
  readonly allowInsecure: boolean
  /**
   * What a `read` or `write` that begins now may take, with its connection, in milliseconds; 0: it
   * does not begin.
   */
  readonly leftMs: () => number
}

const MAX_ROWS = 10_000
const MAX_LENGTH = 8 * 1_048_576
/** A transaction that was undone for another one's sake is tried again so often. */
const ATTEMPTS = 3

/** @throws {AdapterFailure} `protocol`, effect `none`, where the URL is refused */
export function createDatabase(options: DatabaseOptions): Database {
  const target = targetOf(options)
  const { dialect } = target

  async function once<T>(
    kind: 'read' | 'write',
    work: (transaction: Transaction) => Promise<T>,
    deadline: Deadline,
  ): Promise<T> {
    const session = await deadline.within(
      options.dial(target, deadline.signal),
      'a connection',
      'none',
      (late) => late.close(),
    )
    let failed: AdapterFailure | undefined
    let hasWritten = false
    const run = async (text: string, values: Parameters<Session['run']>[1]): Promise<Outcome> =>
      deadline.within(session.run(text, values), `a ${kind}`, 'none')
    try {
      for (const text of openings(target, kind, deadline.timeoutMs)) await run(text, [])
      const result = await work({
        dialect,
        async run(statement) {
          if (failed) throw failed
          try {
            const { text, values } = statement.render(dialect)
            const outcome = await run(text, values)
            hasWritten ||= mayHaveWritten(text, outcome)
            return outcome
          } catch (error) {
            failed = error as AdapterFailure
            throw error
          }
        },
      })
      // Somebody has caught it and gone on; but of what came before nothing is left.
      if (failed) throw failed
      if (kind === 'write') await commit(session, deadline, hasWritten)
      else if (target.pooled) await run('ROLLBACK', [])
      return result
    } catch (error) {
      if (target.pooled && !(error instanceof Lost)) await rollBack(session)
      throw error
    } finally {
      session.close()
    }
  }

  async function attempts<T>(
    kind: 'read' | 'write',
    work: (transaction: Transaction) => Promise<T>,
  ): Promise<T> {
    const timeoutMs = Math.ceil(options.leftMs())
    if (timeoutMs <= 0) throw new OutOfTime()
    const deadline = new Deadline(timeoutMs)
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          return await once(kind, work, deadline)
        } catch (error) {
          if (!(error instanceof Passing) || attempt === ATTEMPTS) throw error
        }
      }
    } finally {
      deadline.end()
    }
  }

  return {
    dialect,
    read: (work) => attempts('read', work),
    write: (work) => attempts('write', work),
  }
}

function mayHaveWritten(text: string, { count }: Outcome): boolean {
  const [, verb = ''] = /^\s*(\w+)/.exec(text) ?? []
  if (/^select$/i.test(verb)) return false
  return !/^(?:insert|update|delete)$/i.test(verb) || count > 0
}

/**
 * Until COMMIT is sent nothing has happened; once its answer is there everything is known. Between the
 * two nothing is.
 */
async function commit(session: Session, deadline: Deadline, hasWritten: boolean): Promise<void> {
  const unknown = hasWritten ? 'unknown' : 'none'
  const committed = session.run('COMMIT', []).catch((error: unknown) => {
    // Refused by a deferred constraint or another transaction: undone. Any other refusal may come
    // from a server that goes down with the work done.
    if (error instanceof SqlRefusal && isUndone(error)) throw translate(error, 'a write', 'none')
    throw error
  })
  const { command } = await deadline.within(committed, 'a write', unknown)
  if (command === 'ROLLBACK') {
    throw new AdapterFailure('protocol', 'the database has undone a write', { effect: 'none' })
  }
}

function isUndone(refusal: SqlRefusal): boolean {
  return isPassing(refusal) || ['conflict', 'invalid', 'blocked'].includes(codeOf(refusal))
}

/** What is behind a pooler goes to somebody else next; without one, closing the connection does it. */
async function rollBack(session: Session): Promise<void> {
  await session.run('ROLLBACK', []).catch(() => undefined)
}

/** Texts of our own; only numbers are placed. */
function openings(
  { dialect, pooled }: Target,
  kind: 'read' | 'write',
  timeoutMs: number,
): readonly string[] {
  const mode = kind === 'read' ? 'READ ONLY' : 'READ WRITE'
  const seconds = Math.ceil(timeoutMs / 1000)
  if (dialect === 'postgres') {
    // One message. LOCAL: behind a pooler the connection is somebody else's after the transaction.
    return [
      `BEGIN ${mode}; SET LOCAL statement_timeout = ${timeoutMs}; ` +
        `SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; SET LOCAL bytea_output = 'hex'`,
    ]
  }
  const start = `START TRANSACTION ${mode}`
  if (pooled) return [start]
  // STRICT: what does not fit is refused, never cut. MySQL reads the one comment, MariaDB the other.
  return [
    `SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', ` +
      `innodb_lock_wait_timeout = ${Math.min(seconds, 50)}, sql_select_limit = ${MAX_ROWS + 1}` +
      `/*!50708 , max_execution_time = ${timeoutMs} */ /*M!100108 , max_statement_time = ${seconds} */`,
    start,
  ]
}

function targetOf(options: DatabaseOptions): Target {
  const { url, login, hyperdrives, allowInsecure } = options
  const refusal = checkDatabaseUrl(url, { allowInsecure, bindings: [...hyperdrives.keys()] })
  if (refusal !== undefined) {
    throw new AdapterFailure('protocol', `the database's address is refused: ${refusal}`, {
      effect: 'none',
    })
  }
  const bounds = { maxRows: MAX_ROWS, maxLength: MAX_LENGTH }
  const binding = bindingOf(url)
  if (binding !== undefined) {
    const text = hyperdrives.get(binding) ?? ''
    const { username, password } = new URL(text)
    return {
      ...addressOf(text),
      user: decodeURIComponent(username),
      password: decodeURIComponent(password),
      // Within Cloudflare's network; Hyperdrive itself encrypts the way to the database.
      tls: false,
      pooled: true,
      ...bounds,
    }
  }
  const address: Address = addressOf(url)
  const isPublic = checkHost(address.hostname, { allowInsecure: false }) === undefined
  return {
    ...address,
    user: login?.user ?? '',
    password: login?.password ?? '',
    tls: !allowInsecure || isPublic,
    pooled: false,
    ...bounds,
  }
}
