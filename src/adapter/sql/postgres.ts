/** A session with PostgreSQL, by `pg`. */
import { Client, Query, type QueryArrayResult } from 'pg'
import type { OpenSocket } from '../open-socket.ts'
import { meter, type Outcome, type Row, type Session, SqlRefusal, type Target } from './session.ts'
import { DatabaseSocket } from './socket.ts'
import type { SqlValue } from './statement.ts'

/** OIDs of bool, int2, int4, float4 and float8. int8 and numeric do not fit a number, and stay text. */
const BOOLEAN = 16
const NUMBERS = [21, 23, 700, 701]

const types = {
  getTypeParser: (oid: number) => (text: string) => {
    if (oid === BOOLEAN) return text === 't'
    return NUMBERS.includes(oid) ? Number(text) : text
  },
}

/** @throws {SqlRefusal} where the server refuses us; whatever else where it is not reached */
export async function openPostgres(
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
    // The answer to SSLRequest is one byte.
    firstLength: tls ? () => 1 : undefined,
  })
  const client = new Client({
    host: hostname,
    port,
    database,
    user,
    password,
    ssl: tls,
    stream: () => socket,
    types: types as never,
    application_name: 'postern',
  })
  let lost: Error | undefined
  client.on('error', (error) => {
    lost ??= error
  })
  try {
    await client.connect()
  } catch (error) {
    socket.destroy()
    throw refusalOf(error)
  }
  return {
    run: (text, values) => {
      if (lost) return Promise.reject(lost)
      return run(client, target, text, values).catch((error: unknown) => {
        throw refusalOf(error)
      })
    },
    close() {
      // Terminate, as far as it still goes out; then the socket, whatever becomes of it.
      client.end().catch(() => undefined)
      socket.closeSoon()
    },
  }
}

function run(
  client: Client,
  target: Target,
  text: string,
  values: readonly SqlValue[],
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const rows: Row[] = []
    const count = meter(target)
    // Always the extended protocol where there are values; the unnamed statement, which poolers allow.
    const query = new Query<Row, SqlValue[]>(text, values.length > 0 ? [...values] : undefined)
    query.on('row', (row) => {
      try {
        count(row)
        rows.push(row)
      } catch (error) {
        reject(error)
      }
    })
    query.on('end', (result: unknown) => {
      const { rowCount, command } = last(result)
      resolve({ rows, count: rowCount ?? 0, command })
    })
    query.on('error', reject)
    client.query(query)
  })
}

/** Several statements in one message have several results. */
function last(result: unknown): QueryArrayResult {
  return (Array.isArray(result) ? result.at(-1) : result) as QueryArrayResult
}

/** "Key (lower(email::text))=(...) already exists.": the names alone, never what follows. */
const KEY = /^Key \(([^=]*)\)=\(/

/** `pg` gives errors of the server their fields, and all others none. */
function refusalOf(error: unknown): unknown {
  const { code, column, constraint, detail, severity } = (error ?? {}) as Record<string, unknown>
  if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code) || severity === undefined)
    return error
  const key = typeof detail === 'string' ? (KEY.exec(detail)?.[1] ?? '') : ''
  const about = [column, ...(key.match(/[A-Za-z_][A-Za-z0-9_$]*/g) ?? []), constraint]
  return new SqlRefusal(
    code,
    0,
    about.filter((one) => typeof one === 'string'),
  )
}
