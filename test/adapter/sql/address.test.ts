import { describe, expect, test } from 'vitest'
import { addressOf, checkDatabaseUrl } from '../../../src/adapter/sql/address.ts'
import { createDatabase } from '../../../src/adapter/sql/database.ts'
import type { Target } from '../../../src/adapter/sql/session.ts'

const STRICT = { allowInsecure: false, bindings: ['CRM'] }

describe('the address of a database', () => {
  test('is a public host and one database', () => {
    for (const url of [
      'postgres://db.app.example/app',
      'postgresql://db.app.example:6543/app',
      'mysql://db.app.example/app',
      'hyperdrive:CRM',
    ]) {
      expect(checkDatabaseUrl(url, STRICT), url).toBeUndefined()
    }
  })

  test.each([
    ['https://db.app.example/app', 'must begin with'],
    ['postgres://ann:pw@db.app.example/app', 'credentials'],
    ['postgres://db.app.example/app?sslmode=disable', 'query'],
    ['postgres://db.app.example', 'one database'],
    ['postgres://db.app.example/a/b', 'one database'],
    ['postgres://127.0.0.1/app', 'must be a name'],
    ['postgres://0x7f.1/app', 'must be a name'],
    ['postgres://2130706433/app', 'must be a name'],
    ['mysql://[::1]/app', 'must be a name'],
    ['mysql://localhost/app', 'private network'],
    ['mysql://db.internal/app', 'private network'],
    ['postgres:///app', 'host'],
    ['hyperdrive:OTHER', 'no Hyperdrive binding'],
    ['hyperdrive:', 'no Hyperdrive binding'],
  ])('%s is refused: %s', (url, why) => {
    expect(checkDatabaseUrl(url, STRICT)).toContain(why)
  })

  test('is called by the host that was checked', () => {
    expect(addressOf('mysql://DB.App.Example/app')).toEqual({
      dialect: 'mysql',
      hostname: 'db.app.example',
      port: 3306,
      database: 'app',
    })
  })

  test('is encrypted, but for a private host in development, and for Hyperdrive', async () => {
    const targets: Target[] = []
    const ask = (url: string, allowInsecure: boolean) =>
      createDatabase({
        url,
        login: { user: 'u', password: 'p' },
        hyperdrives: new Map([
          ['CRM', 'postgresql://h:s%21@x.hyperdrive.local:5432/app?sslmode=disable'],
        ]),
        allowInsecure,
        leftMs: () => 1_000,
        dial: async (target) => {
          targets.push(target)
          throw new Error('there is none')
        },
      })
        .read(async () => undefined)
        .catch((error: unknown) => error)
    await ask('postgres://db.app.example/app', false)
    await ask('postgres://db.app.example/app', true)
    await ask('postgres://127.0.0.1/app', true)
    await ask('hyperdrive:CRM', false)
    expect(targets.map(({ tls, pooled }) => [tls, pooled])).toEqual([
      [true, false],
      [true, false],
      [false, false],
      [false, true],
    ])
    expect(targets[3]).toMatchObject({
      user: 'h',
      password: 's!',
      dialect: 'postgres',
      database: 'app',
    })
  })
})
