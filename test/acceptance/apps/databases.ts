/** PostgreSQL and MariaDB of Debian, each with the tables of a small app (examples/database-app). */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { createConnection } from 'mysql2/promise'
import { Client } from 'pg'
import type { AcceptanceApp, Native, NativeAccount } from '../app.ts'

const EXAMPLE = path.join(import.meta.dirname, '../../../examples/database-app')
const OWNER = { user: 'owner', password: 'owner-s3cret' }

type Row = Readonly<Record<string, unknown>>
type Query = (text: string, values?: readonly string[]) => Promise<readonly Row[]>

interface Server {
  readonly isOn: (row: Row) => boolean
  /** Column and value of who is switched off. */
  readonly off: readonly [column: string, value: string]
  readonly place: (index: number) => string
  /** A connection for each statement: nothing is left open. */
  readonly open: (url: URL) => Query
}

const POSTGRES: Server = {
  isOn: ({ state }) => state === 'active',
  off: ['state', 'off'],
  place: (index) => `$${index}`,
  open:
    ({ hostname, port, pathname }) =>
    async (text, values = []) => {
      const client = new Client({
        host: hostname,
        port: Number(port),
        database: pathname.slice(1),
        ...OWNER,
      })
      await client.connect()
      try {
        return (await client.query<Row>(text, [...values])).rows
      } finally {
        await client.end()
      }
    },
}

const MARIADB: Server = {
  isOn: ({ disabled_at }) => disabled_at === null,
  off: ['disabled_at', '2026-01-01 00:00:00'],
  place: () => '?',
  open:
    ({ hostname, port, pathname }) =>
    async (text, values = []) => {
      const database = pathname.slice(1)
      const connection = await createConnection({
        host: hostname,
        port: Number(port),
        database,
        ...OWNER,
      })
      try {
        const [rows] = await connection.execute(text, [...values])
        return Array.isArray(rows) ? (rows as Row[]) : []
      } finally {
        await connection.end()
      }
    },
}

function native(url: string, { isOn, off, open, place }: Server): Native {
  const query = open(new URL(url))
  const account = async (login: string): Promise<NativeAccount | undefined> => {
    const [row] = await query(`SELECT * FROM users WHERE username = ${place(1)}`, [login])
    return row && { id: String(row['id']), active: isOn(row), lastName: String(row['last_name']) }
  }
  return {
    account,
    async createAccount(login, active) {
      const columns = ['username', 'last_name', 'password_hash', ...(active ? [] : [off[0]])]
      const values = [login, 'Native', 'x', ...(active ? [] : [off[1]])]
      const places = values.map((_, i) => place(i + 1))
      await query(`INSERT INTO users (${columns.join()}) VALUES (${places.join()})`, values)
      const made = await account(login)
      if (!made) throw new Error(`${login} was not created`)
      return made
    },
    async members(group) {
      const [team] = await query(`SELECT id FROM teams WHERE name = ${place(1)}`, [group])
      if (!team) return undefined
      const rows = await query(`SELECT user_id FROM team_members WHERE team_id = ${place(1)}`, [
        String(team['id']),
      ])
      return rows.map((row) => String(row['user_id']))
    },
    // The server goes, with all that is in it.
    clean: async () => undefined,
  }
}

function app(name: string, script: string, file: string, server: Server): AcceptanceApp {
  const manifest = path.join(EXAMPLE, file)
  return {
    name,
    adapter: JSON.parse(readFileSync(manifest, 'utf8')).name,
    script,
    manifest,
    connection: ({ url }) => ({
      settings: { url, user: 'gateway' },
      secrets: { password: 'gate-s3cret' },
    }),
    native: ({ url }) => native(url, server),
  }
}

export const postgres = app('postgres', 'postgres.sh', 'postgres.manifest.json', POSTGRES)
export const mysql = app('mysql', 'mariadb.sh', 'mariadb.manifest.json', MARIADB)
