/** An app that says "no such account": believed once it was asked twice and still shows others. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { toUser } from '../../adapters/example/answers.ts'
import type { AnyPort } from '../../src/adapter/contract.ts'
import { idOf, MINUTE_MS, match, openWorld, person, type World } from '../support/world.ts'

const LOGIN = 'Ole.Dahl@example.com'

interface Opened {
  readonly world: World
  readonly id: string
  readonly account: number
  /** Which reads of accounts the app answers with "no such account", though it has them. */
  readonly hide: (hides: (nativeId: string) => boolean) => void
}

async function open(port: Partial<AnyPort> = {}): Promise<Opened> {
  let isHidden = (_: string) => false
  const get = async (nativeId: string) => {
    const account = world.desk.store.account(Number(nativeId))
    return account && !isHidden(nativeId) ? toUser(account) : null
  }
  const world: World = await openWorld({ port: { get, ...port } })
  await world.ask('POST', '/Users', person('other@example.com'))
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
  const hide: Opened['hide'] = (hides) => {
    isHidden = hides
  }
  return { world, id, account: world.logins(LOGIN)[0] ?? 0, hide }
}

function vanish({ desk }: World, no: number): void {
  const account = desk.store.account(no)
  if (account) desk.store.deleteAccount(account)
}

async function stateOf(id: string): Promise<string | undefined> {
  const row = await env.DB.prepare('SELECT state FROM link WHERE id = ?').bind(id).first()
  return row?.['state'] as string | undefined
}

async function findings({ scim }: World): Promise<string[]> {
  const { results } = await env.DB.prepare(
    `SELECT f.kind FROM finding f JOIN connection c ON c.id = f.connection
      WHERE c.name = ? AND f.state = 'open'`,
  )
    .bind(scim.name)
    .all<{ kind: string }>()
  return results.map(({ kind }) => kind)
}

test('an account that vanished from the app is 404 at once, and missing the second time', async () => {
  const { world, id, account } = await open()
  vanish(world, account)
  expect((await world.ask('GET', `/Users/${id}`)).status).toBe(404)
  expect(await stateOf(id)).toBe('linked')
  world.clock.now += MINUTE_MS
  expect((await world.ask('GET', `/Users/${id}`)).status).toBe(404)
  expect(await stateOf(id)).toBe('linked')
  world.clock.now += 10 * MINUTE_MS
  expect((await world.ask('GET', `/Users/${id}`)).status).toBe(404)
  expect(await stateOf(id)).toBe('missing')
  expect(await findings(world)).toEqual(['missing'])
})

test('a vanished person who is created again gets a new id and one account', async () => {
  const { world, id, account } = await open()
  vanish(world, account)
  expect((await world.ask('GET', match('userName', LOGIN))).body.totalResults).toBe(0)
  const back = await world.ask('POST', '/Users', person(LOGIN))
  expect(back.status).toBe(201)
  expect(idOf(back)).not.toBe(id)
  expect(world.logins(LOGIN)).toHaveLength(1)
})

test('an app that hides an account for a moment loses nobody', async () => {
  const { world, id, hide } = await open()
  let reads = 0
  hide(() => ++reads === 1)
  expect((await world.ask('GET', `/Users/${id}`)).body.userName).toBe(LOGIN)
  expect(reads).toBe(2)
})

test('an app that shows nobody any more is not believed: 503, and nothing is ended', async () => {
  const { world, id, account, hide } = await open()
  hide(() => true)
  expect((await world.ask('GET', `/Users/${id}`)).status).toBe(503)
  expect((await world.ask('DELETE', `/Users/${id}`)).status).toBe(503)
  expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(503)
  expect(await stateOf(id)).toBe('linked')
  expect(await findings(world)).toEqual(['app-failing'])
  hide(() => false)
  expect((await world.ask('GET', `/Users/${id}`)).body.userName).toBe(LOGIN)
  expect(world.desk.store.account(account)?.state).toBe('enabled')
})

test('a delete that the app answers with "no such account" ends only while it shows others', async () => {
  let removals = 0
  const { world, id, account, hide } = await open({
    remove: async (nativeId) => {
      if (++removals === 1) return { kind: 'gone' }
      vanish(world, Number(nativeId))
      return { kind: 'ok' }
    },
  })
  hide((nativeId) => nativeId !== String(account))
  expect((await world.ask('DELETE', `/Users/${id}`)).status).toBe(503)
  expect(await stateOf(id)).toBe('retiring')
  expect(world.logins(LOGIN)).toHaveLength(1)
  hide(() => false)
  world.clock.now += 40 * MINUTE_MS
  await world.tick()
  expect(await stateOf(id)).toBe('tombstone')
  expect(world.logins(LOGIN)).toEqual([])
})
