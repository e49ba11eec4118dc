/** The databases that run, as their owner sees them, and as the gateway reaches them. */
import { connect } from 'cloudflare:sockets'
import { inject } from 'vitest'
import { addressOf } from '../../../src/adapter/sql/address.ts'
import {
  createDatabase,
  type Database,
  type DatabaseOptions,
} from '../../../src/adapter/sql/database.ts'
import { createDial } from '../../../src/adapter/sql/dial.ts'
import type { Row } from '../../../src/adapter/sql/session.ts'
import type { Dialect } from '../../../src/adapter/sql/statement.ts'

export const GATEWAY = { user: 'gateway', password: 'gate-s3cret' }
const OWNER = { user: 'owner', password: 'owner-s3cret' }

export const dial = createDial(connect)

/** Where the server is, or why there is none. */
export function serverOf(dialect: Dialect): { url: string; missing: string | undefined } {
  const found = inject('databases')[dialect]
  return 'url' in found
    ? { url: found.url, missing: undefined }
    : { url: '', missing: found.missing }
}

export function openDatabase(url: string, options: Partial<DatabaseOptions> = {}): Database {
  return createDatabase({
    url,
    login: GATEWAY,
    dial,
    hyperdrives: new Map(),
    allowInsecure: true,
    leftMs: () => 5_000,
    ...options,
  })
}

/** A statement of the app's own, past the gateway. */
export async function asOwner(url: string, text: string): Promise<readonly Row[]> {
  const bounds = { maxRows: 1_000, maxLength: 1_000_000, tls: false, pooled: false }
  const session = await dial(
    { ...addressOf(url), ...OWNER, ...bounds },
    new AbortController().signal,
  )
  try {
    return (await session.run(text, [])).rows
  } finally {
    session.close()
  }
}
