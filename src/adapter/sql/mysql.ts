/** A session with MySQL or MariaDB, by `mysql2`. */
import { type Connection, createConnection, type QueryError, type ResultSetHeader } from 'mysql2'
import type { OpenSocket } from '../open-socket.ts'
import { meter, type Outcome, type Row, type Session, SqlRefusal, type Target } from './session.ts'
import { DatabaseSocket } from './socket.ts'
import type { SqlValue } from './statement.ts'

/** @throws {SqlRefusal} where the server refuses us; whatever else where it is not reached */
export async function openMysql(
  target: Target,
  openSocket: OpenSocket,
  signal: AbortSignal,
): Promise<Session> {
  const { hostname, port, database, user, password, tls } = target
  const socket = new DatabaseSocket({
    openSocket,
    signal,
    hostname,
    port,
    // The greeting: a packet, whose length stands in its first three bytes.
    firstLength: tls
      ? (bytes) =>
          bytes.length < 4
            ? undefined
            : 4 + (bytes[0] ?? 0) + ((bytes[1] ?? 0) << 8) + ((bytes[2] ?? 0) << 16)
      : undefined,
  })
  const connection = createConnection({
    host: hostname,
    port,
    database,
    user,
    password,
    stream: () => socket.connect(),
    charset: 'utf8mb4',
    // What the driver would compile cannot be compiled in a Worker.
    disableEval: true,
    // Values as they are: no dates of a time zone that nobody knows, no numbers that do not fit.
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    jsonStrings: true,
    // The server must not ask us for files.
    flags: ['-LOCAL_FILES'],
    ...(tls && { ssl: {} }),
  })
  // The driver's own upgrade is node:tls, which the runtime does not have as a whole. It is called when
  // the request for TLS is written; a server without TLS has been refused by then.
  Object.assign(connection, {
    startTLS(onSecure: () => void) {
      socket.startTls()
      onSecure()
    },
  })
  let lost: Error | undefined
  connection.on('error', (error: Error) => {
    lost ??= error
  })
  const closed = new Promise<never>((_, reject) => {
    socket.once('close', () => reject(new Error('the connection to the database is lost')))
  })
  closed.catch(() => undefined)
  const connected = new Promise<void>((resolve, reject) => {
    connection.connect((error) => (error ? reject(refusalOf(error)) : resolve()))
  })
  try {
    await Promise.race([connected, closed])
  } catch (error) {
    socket.destroy()
    throw error
  }
  return {
    run: (text, values) => {
      if (lost) return Promise.reject(lost)
      return Promise.race([run(connection, target, text, values), closed])
    },
    close() {
      connection.end()
      socket.closeSoon()
    },
  }
}

function run(
  connection: Connection,
  target: Target,
  text: string,
  values: readonly SqlValue[],
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const rows: Row[] = []
    const count = meter(target)
    let header: ResultSetHeader | undefined
    // Hyperdrive speaks no prepared statements for MySQL: there, values travel as hexadecimal digits.
    const query =
      values.length === 0 || target.pooled
        ? connection.query(literal(text, values))
        : connection.execute(text, values.map(bound))
    query.on('result', (result: unknown) => {
      if (isHeader(result)) {
        header = result
        return
      }
      try {
        count(result as Row)
        rows.push(result as Row)
      } catch (error) {
        reject(error)
      }
    })
    query.on('error', (error: QueryError) => reject(refusalOf(error)))
    query.on('end', () => {
      const { affectedRows = 0, insertId } = header ?? {}
      resolve({
        rows,
        count: affectedRows,
        ...(insertId !== undefined && { insertId: String(insertId) }),
      })
    })
  })
}

function isHeader(result: unknown): result is ResultSetHeader {
  return (result as object).constructor.name === 'ResultSetHeader'
}

/** A number is bound as text: the driver sends it as a double, which has no room for large ids. */
function bound(value: SqlValue): string | boolean | Buffer | null {
  if (typeof value === 'number') return String(value)
  return value instanceof Uint8Array ? Buffer.from(value) : value
}

/**
 * Each `?` of our own text as a literal that holds digits alone, so that neither quotes nor backslashes
 * nor the server's modes are ever asked. Our texts hold no other question mark.
 */
export function literal(text: string, values: readonly SqlValue[]): string {
  let next = 0
  return text.replace(/\?/g, () => {
    const value = values[next++]
    if (value === null || value === undefined) return 'NULL'
    if (typeof value === 'boolean') return value ? '1' : '0'
    const bytes = value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value))
    if (bytes.length === 0) return "''"
    return `${value instanceof Uint8Array ? '' : '_utf8mb4 '}X'${bytes.toString('hex')}'`
  })
}

/** "Duplicate entry '...' for key 'users.email'": what stands last, never the value before it. */
const KEY = / for key '(?:[\w$]+\.)?([\w$]+)'$/
/** "Column 'email' cannot be null", "Data too long for column 'email' at row 1". */
const COLUMN =
  /(?:^Column|for column)\s+(?:`[\w$]+`\.`[\w$]+`\.)?['`]([\w$]+)['`](?: cannot be null| at row \d+|$)/

/** `mysql2` gives errors of the server a number and a state, and all others none. */
function refusalOf(error: QueryError): unknown {
  const { errno, sqlState } = error
  if (typeof errno !== 'number' || errno <= 0 || typeof sqlState !== 'string') return error
  const said = error.message
  const about = [KEY.exec(said)?.[1], COLUMN.exec(said)?.[1]]
  return new SqlRefusal(
    sqlState.replace(/^#/, ''),
    errno,
    about.filter((one) => one !== undefined),
  )
}
