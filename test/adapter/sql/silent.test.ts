/** A server that takes the connection and says nothing. */
import { expect, test } from 'vitest'
import { createDatabase } from '../../../src/adapter/sql/database.ts'
import { createDial } from '../../../src/adapter/sql/dial.ts'
// What is loaded on first use takes its own time.
import '../../../src/adapter/sql/mysql.ts'
import '../../../src/adapter/sql/postgres.ts'

test.each(['postgres', 'mysql'])(
  '%s: a connection that nobody answers on is closed in time',
  async (kind) => {
    let closed = 0
    const socket = {
      readable: new ReadableStream(),
      writable: new WritableStream(),
      opened: Promise.resolve({}),
      closed: new Promise<void>(() => undefined),
      close: async () => {
        closed += 1
      },
    }
    const database = createDatabase({
      url: `${kind}://db.app.example/app`,
      login: { user: 'u', password: 'p' },
      hyperdrives: new Map(),
      allowInsecure: false,
      leftMs: () => 500,
      dial: createDial(() => socket as unknown as Socket),
    })
    await expect(database.read(async () => undefined)).rejects.toMatchObject({
      code: 'timeout',
      effect: 'none',
    })
    await expect.poll(() => closed).toBe(1)
  },
)
