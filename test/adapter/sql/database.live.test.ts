import { connect } from 'cloudflare:sockets'
import { describe, expect, test } from 'vitest'
import { AdapterFailure } from '../../../src/adapter/failure.ts'
import { createDial } from '../../../src/adapter/sql/dial.ts'
import type { Session } from '../../../src/adapter/sql/session.ts'
import { identifiers, join, sql } from '../../../src/adapter/sql/statement.ts'
import { asOwner, dial, GATEWAY, openDatabase, serverOf } from './servers.ts'

const n = identifiers('users', 'id', 'username', 'last_name', 'password_hash', 'tickets', 'teams')
const NASTY = `'; DROP TABLE users; -- "\` \\' \\ % _ ? $1 \u{1F600} é`

let next = 0
const name = (text = 'p') => `${text}-${Date.now().toString(36)}-${next++}`

const insert = (username: string) =>
  sql`INSERT INTO ${n.users} (${n.username}, ${n.last_name}, ${n.password_hash})
      VALUES (${username}, ${'Q'}, ${'!'})`

async function failure(work: Promise<unknown>): Promise<AdapterFailure> {
  const error = await work.then(
    (value) => new Error(`it was ${JSON.stringify(value)}`),
    (e: unknown) => e,
  )
  if (!(error instanceof AdapterFailure)) throw error
  return error
}

/** The connection ends when this text is to be sent, or once it is answered. */
function losing(at: RegExp, when: 'before' | 'after') {
  return async (...reach: Parameters<typeof dial>): Promise<Session> => {
    const session = await dial(...reach)
    return {
      close: () => session.close(),
      async run(text, values) {
        if (!at.test(text)) return session.run(text, values)
        if (when === 'after') await session.run(text, values)
        session.close()
        throw new Error('gone')
      },
    }
  }
}

describe.each(['postgres', 'mysql'] as const)('%s', (dialect) => {
  const { url, missing } = serverOf(dialect)
  const live = test.skipIf(missing !== undefined)
  const count = async (username: string) => {
    const rows = await openDatabase(url).read(async (tx) => {
      const found = sql`SELECT ${n.id} FROM ${n.users} WHERE ${n.username} = ${username}`
      return (await tx.run(found)).rows
    })
    return rows.length
  }
  const database = (more: Parameters<typeof openDatabase>[1] = {}) => openDatabase(url, more)
  const hyperdrive = () =>
    openDatabase('hyperdrive:APP', {
      hyperdrives: new Map([['APP', url.replace('//', `//${GATEWAY.user}:${GATEWAY.password}@`)]]),
    })

  live('a value is a value, whatever it holds, by either way', async () => {
    for (const db of [database(), hyperdrive()]) {
      const username = `${NASTY}${name()}`
      await db.write((tx) => tx.run(insert(username)))
      const { rows } = await db.read((tx) =>
        tx.run(sql`SELECT ${n.username}, ${'\\'} AS a, ${"''"} AS b, ${null} AS c, ${''} AS d
                     FROM ${n.users} WHERE ${n.username} IN (${join([username, 'x'], sql`, `)})`),
      )
      expect(rows).toEqual([{ username, a: '\\', b: "''", c: null, d: '' }])
    }
  })

  live('what cannot be stored as it is is refused before anything is sent', async () => {
    for (const bad of ['a\0b', 'half \uD83D']) {
      expect(await failure(database().write((tx) => tx.run(insert(bad))))).toMatchObject({
        code: 'invalid',
        effect: 'none',
      })
    }
  })

  live('large numbers, times and truth come as they are', async () => {
    const big =
      dialect === 'mysql'
        ? sql`CAST(${'9007199254740993'} AS UNSIGNED)`
        : sql`${'9007199254740993'}::bigint`
    const { rows } = await database().read((tx) =>
      tx.run(sql`SELECT ${big} AS big, 7 AS small, NULL AS nothing`),
    )
    expect(rows).toEqual([{ big: '9007199254740993', small: 7, nothing: null }])
    const [row] = await asOwner(url, 'SELECT created_at FROM users LIMIT 1')
    expect(row?.['created_at']).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/)
  })

  live('several statements are one effect', async () => {
    const [first, second] = [name(), name()]
    const failed = await failure(
      database().write(async (tx) => {
        await tx.run(insert(first))
        await tx.run(insert(second))
        await tx.run(insert(first))
      }),
    )
    expect(failed).toMatchObject({ code: 'conflict', effect: 'none', answered: true })
    expect(failed.message).not.toContain(first)
    expect(failed.attributes).toContain('username')
    expect([await count(first), await count(second)]).toEqual([0, 0])
  })

  live('who catches a failure within a transaction has still written nothing', async () => {
    const username = name()
    const failed = await failure(
      database().write(async (tx) => {
        await tx.run(insert(username))
        await tx.run(insert(username)).catch(() => undefined)
      }),
    )
    expect(failed.code).toBe('conflict')
    expect(await count(username)).toBe(0)
  })

  live('a read cannot write', async () => {
    const username = name()
    const failed = await failure(database().read((tx) => tx.run(insert(username))))
    expect(failed).toMatchObject({ effect: 'none' })
    expect(await count(username)).toBe(0)
  })

  live('a connection that is lost before COMMIT has left nothing', async () => {
    for (const [at, when] of [
      [/^INSERT/, 'before'],
      [/^INSERT/, 'after'],
      [/BEGIN|START/, 'after'],
    ] as const) {
      const username = name()
      const failed = await failure(
        database({ dial: losing(at, when) }).write((tx) => tx.run(insert(username))),
      )
      expect(failed).toMatchObject({ code: 'unavailable', effect: 'none' })
      expect(await count(username)).toBe(0)
    }
  })

  live('a connection that is lost during COMMIT leaves the effect unknown', async () => {
    for (const [when, there] of [
      ['before', 0],
      ['after', 1],
    ] as const) {
      const username = name()
      const db = database({ dial: losing(/^COMMIT/, when) })
      const failed = await failure(db.write((tx) => tx.run(insert(username))))
      expect(failed).toMatchObject({ code: 'unavailable', effect: 'unknown' })
      expect(await count(username)).toBe(there)
    }
    const nothing = database({ dial: losing(/^COMMIT/, 'after') }).write((tx) =>
      tx.run(sql`UPDATE ${n.users} SET ${n.last_name} = ${'x'} WHERE ${n.username} = ${'nobody'}`),
    )
    expect(await failure(nothing)).toMatchObject({ effect: 'none' })
  })

  live('time is bounded, and the server ends what it was asked for', async () => {
    const began = performance.now()
    const nap = dialect === 'mysql' ? sql`SELECT SLEEP(${30})` : sql`SELECT pg_sleep(${30})`
    const failed = await failure(database({ leftMs: () => 400 }).read((tx) => tx.run(nap)))
    expect(failed).toMatchObject({ code: 'timeout', effect: 'none' })
    expect(performance.now() - began).toBeLessThan(3_000)
    const naps =
      dialect === 'mysql'
        ? "SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(%'"
        : "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(%' AND state = 'active'"
    await expect.poll(() => asOwner(url, naps), { timeout: 5_000 }).toEqual([])
  })

  live('more rows than are read are a failure, never a short list', async () => {
    const many =
      dialect === 'mysql'
        ? sql`SELECT 1 FROM information_schema.columns AS a, information_schema.columns AS b`
        : sql`SELECT generate_series(1, 20000)`
    expect(await failure(database().read((tx) => tx.run(many)))).toMatchObject({ code: 'protocol' })
  })

  live('what the database refuses says whose turn it is', async () => {
    const wrong = { ...GATEWAY, password: 'wrong' }
    const read = (db: ReturnType<typeof database>, statement = sql`SELECT 1`) =>
      failure(db.read((tx) => tx.run(statement)))
    expect(await read(database({ login: wrong }))).toMatchObject({ code: 'auth', effect: 'none' })
    expect(await read(database(), sql`SELECT * FROM ${n.tickets}`)).toMatchObject({
      code: 'forbidden',
    })
    const nowhere = openDatabase(url.replace(/:\d+\//, ':9/'))
    expect(await read(nowhere)).toMatchObject({ code: 'unavailable', effect: 'none' })
    const unknown = identifiers('no_such_table').no_such_table
    expect((await read(database(), sql`SELECT * FROM ${unknown}`)).code).toMatch(
      /protocol|forbidden/,
    )
    const tooLong = await failure(database().write((tx) => tx.run(insert('x'.repeat(101)))))
    expect(tooLong).toMatchObject({ code: 'invalid', effect: 'none' })
    expect(tooLong.message).not.toContain('xx')
  })

  live('connections are closed, whatever has happened', async () => {
    await failure(database().write((tx) => tx.run(sql`SELECT nonsense`)))
    await database().read((tx) => tx.run(sql`SELECT 1`))
    const open =
      dialect === 'mysql'
        ? "SELECT id FROM information_schema.processlist WHERE user = 'gateway'"
        : "SELECT pid FROM pg_stat_activity WHERE usename = 'gateway'"
    await expect.poll(() => asOwner(url, open), { timeout: 5_000 }).toEqual([])
  })

  live('a certificate that nobody has signed is refused, and no password is sent', async () => {
    const sent: string[] = []
    const watching = createDial((address, options) => {
      sent.push(options.secureTransport)
      return connect({ ...address, hostname: '127.0.0.1' }, options)
    })
    // A public name, so that it is encrypted; the test leads it to the server here.
    const elsewhere = url.replace('127.0.0.1', 'db.app.example')
    const failed = await failure(
      openDatabase(elsewhere, { dial: watching, allowInsecure: false }).read((tx) =>
        tx.run(sql`SELECT 1`),
      ),
    )
    expect(failed).toMatchObject({ code: 'unavailable', effect: 'none' })
    expect(sent).toEqual(['starttls'])
  })

  live('a transaction that gives way to another one is done again', async () => {
    const [a, b] = [name('a'), name('b')]
    await database().write((tx) => tx.run(insert(a)))
    await database().write((tx) => tx.run(insert(b)))
    let met = 0
    const { promise: both, resolve } = Promise.withResolvers<void>()
    let runs = 0
    const crossing = (first: string, second: string) =>
      database().write(async (tx) => {
        runs += 1
        const touch = (username: string) =>
          tx.run(
            sql`UPDATE ${n.users} SET ${n.last_name} = ${first} WHERE ${n.username} = ${username}`,
          )
        await touch(first)
        met += 1
        if (met === 2) resolve()
        await both
        await touch(second)
      })
    await Promise.all([crossing(a, b), crossing(b, a)])
    expect(runs).toBe(3)
  })
})
