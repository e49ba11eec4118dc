/** One connection to a database, as `database.ts` needs it: what the drivers are made to look like. */
import type { Dialect, SqlValue } from './statement.ts'

export type Row = Readonly<Record<string, SqlValue>>

export interface Outcome {
  readonly rows: readonly Row[]
  /** Rows that were written, or would have been but for being so already. */
  readonly count: number
  /** MySQL: what AUTO_INCREMENT has given. */
  readonly insertId?: string
  /** Postgres: the command that was done; COMMIT of a failed transaction is ROLLBACK. */
  readonly command?: string
}

export interface Session {
  /**
   * @throws {SqlRefusal} where the database has answered with an error
   * @throws whatever else where the connection is lost
   */
  run(text: string, values: readonly SqlValue[]): Promise<Outcome>
  /** Ends it at once. Nothing that is under way is waited for. */
  close(): void
}

/** Where a session is to be opened, and as whom. */
export interface Target {
  readonly dialect: Dialect
  readonly hostname: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password: string
  /** True: encrypted, by a certificate that the platform trusts and that names the host. */
  readonly tls: boolean
  /** True: behind Hyperdrive, which gives its connections to others between transactions. */
  readonly pooled: boolean
  /** Most rows, and most characters, that one statement may answer with. */
  readonly maxRows: number
  readonly maxLength: number
}

/** @param signal ends it, and what it has opened. @throws as `run` of a session */
export type Dial = (target: Target, signal: AbortSignal) => Promise<Session>

/** The database has answered with an error. What it says in words stays here: it may hold values. */
export class SqlRefusal extends Error {
  override readonly name = 'SqlRefusal'
  /** SQLSTATE. */
  readonly state: string
  /** MySQL's own number; 0 in Postgres. */
  readonly errno: number
  /** Names of columns or of the key that it is about, as far as the database says. */
  readonly about: readonly string[]

  constructor(state: string, errno: number, about: readonly string[]) {
    super(`the database answered ${errno === 0 ? state : errno}`)
    this.state = state
    this.errno = errno
    this.about = about
  }
}

/** More came than is read. */
export class TooMuch extends Error {}

/** Counts what a statement answers with. */
export function meter({ maxRows, maxLength }: Pick<Target, 'maxRows' | 'maxLength'>) {
  let rows = 0
  let length = 0
  return (row: Row): void => {
    rows += 1
    for (const value of Object.values(row)) {
      length += typeof value === 'string' || value instanceof Uint8Array ? value.length : 8
    }
    if (rows > maxRows || length > maxLength) throw new TooMuch('more came than is read')
  }
}
