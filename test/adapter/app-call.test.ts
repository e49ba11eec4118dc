/** What is told of a call holds no value. */
import { expect, test } from 'vitest'
import { type AppCall, routeOf } from '../../src/adapter/app-call.ts'
import { AdapterFailure } from '../../src/adapter/failure.ts'
import type { LdapClient } from '../../src/adapter/ldap/client.ts'
import type { LdapSession } from '../../src/adapter/ldap/session.ts'
import type { Database, Transaction } from '../../src/adapter/sql/database.ts'
import { identifiers, sql } from '../../src/adapter/sql/statement.ts'
import { timedDatabase, timedDirectory } from '../../src/adapter/timed.ts'

test.each([
  ['/users', '/users'],
  ['/users/ann', '/users/{}'],
  ['/api/v2/users/ann/groups/12', '/api/v2/users/{}/{}/{}'],
  ['/rest/people/ann%40x.io', '/rest/people/{}'],
  ['/1001', '/{}'],
  ['/api', '/api'],
  ['/', '/{}'],
])('the path %s is told as %s', (path, route) => {
  expect(routeOf(path)).toBe(route)
})

function timing() {
  const calls: AppCall[] = []
  let now = 0
  return { calls, onCall: (call: AppCall) => void calls.push(call), now: () => (now += 5) }
}

test('a statement is told as its verb and its table', async () => {
  const { users, login } = identifiers('users', 'login')
  const transaction = {
    dialect: 'postgres',
    run: async () => ({ rows: [], count: 0 }),
  } as unknown as Transaction
  const database: Database = {
    dialect: 'postgres',
    read: (work) => work(transaction),
    write: (work) => work(transaction),
  }
  const told = timing()
  const timed = timedDatabase(database, told)
  await timed.read((t) => t.run(sql`SELECT ${login} FROM ${users} WHERE ${login} = ${'ann'}`))
  await timed.write((t) => t.run(sql`UPDATE ${users} SET ${login} = ${'bob'}`))
  expect(told.calls).toEqual([
    { method: 'select', route: 'users', status: undefined, failure: undefined, ms: 5 },
    { method: 'update', route: 'users', status: undefined, failure: undefined, ms: 5 },
  ])
})

test('an operation of a directory is told by the place above the entry', async () => {
  const session = {
    read: async () => undefined,
    remove: async () => {
      throw new AdapterFailure('forbidden', 'no', { effect: 'none' })
    },
    search: async () => ({ entries: [], isComplete: true }),
  } as unknown as LdapSession
  const directory: LdapClient = { use: (work) => work(session) }
  const told = timing()
  const timed = timedDirectory(directory, told)
  const dn = String.raw`uid=ann\,bob,ou=people,dc=example`
  await timed.use((s) => s.read(dn, []))
  await expect(timed.use((s) => s.remove(dn))).rejects.toThrow('no')
  await timed.use((s) => s.search({ base: 'ou=people,dc=example', attributes: [] } as never))
  expect(told.calls.map(({ method, route, failure }) => [method, route, failure])).toEqual([
    ['read', 'ou=people,dc=example', undefined],
    ['remove', 'ou=people,dc=example', 'forbidden'],
    ['search', 'ou=people,dc=example', undefined],
  ])
})
