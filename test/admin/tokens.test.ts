import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { Access } from '../../src/access/authenticate.ts'
import { Sealing } from '../../src/access/seal.ts'
import { aName } from '../db/stored-connection.ts'
import { noKeySets } from '../support/key-sets.ts'
import { admin, faults, NOW } from './admin.ts'

const { call } = admin()

async function create() {
  const name = aName()
  const { body } = await call('POST', '/connections', { name, adapter: 'sandbox' })
  return {
    name,
    path: `/connections/${name}/tokens`,
    first: body as { token: string; tokenId: string },
  }
}

function enter(name: string, token: string, now = NOW) {
  const access = new Access({
    db: env.DB,
    sealing: new Sealing(undefined),
    keySets: noKeySets,
    now: () => now,
    waitUntil: () => {},
    lost: () => {},
  })
  return access.admit(name, `Bearer ${token}`, 'fresh').then(({ connection }) => connection)
}

describe('tokens of a connection', () => {
  test('are shown once, when made, and listed without', async () => {
    const { name, path, first } = await create()
    const expiresAt = new Date(NOW + 60_000).toISOString()
    const made = await call('POST', path, { label: 'entra', expiresAt })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ label: 'entra', expiresAt })
    const listed = await call('GET', path)
    expect(listed.text).not.toContain(made.body.token)
    const created = new Date(NOW).toISOString()
    expect(listed.body.items).toHaveLength(2)
    expect(listed.body.items).toEqual(
      expect.arrayContaining([
        { id: made.body.id, label: 'entra', created, lastUsed: null, expiresAt, scope: 'scim' },
        { id: first.tokenId, label: null, created, lastUsed: null, expiresAt: null, scope: 'scim' },
      ]),
    )
    expect((await enter(name, made.body.token)).name).toBe(name)
  })

  test('need neither label nor body, and may lie side by side', async () => {
    const { name, path, first } = await create()
    const made = await call('POST', path)
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ label: null, expiresAt: null })
    expect((await enter(name, made.body.token)).name).toBe(name)
    expect((await enter(name, first.token)).name).toBe(name)
  })

  test('are refused from the moment they expire', async () => {
    const { name, path } = await create()
    const expiresAt = new Date(NOW + 1000).toISOString()
    const { body } = await call('POST', path, { expiresAt })
    expect((await enter(name, body.token, NOW + 999)).name).toBe(name)
    await expect(enter(name, body.token, NOW + 1000)).rejects.toMatchObject({ status: 401 })
  })

  test('are refused once removed, and the others are not', async () => {
    const { name, path, first } = await create()
    const { body } = await call('POST', path, {})
    const removed = await call('DELETE', `${path}/${first.tokenId}`)
    expect([removed.status, removed.text]).toEqual([204, ''])
    await expect(enter(name, first.token)).rejects.toMatchObject({ status: 401 })
    expect((await enter(name, body.token)).name).toBe(name)
    expect((await call('DELETE', `${path}/${first.tokenId}`)).status).toBe(404)
  })

  test('cannot be removed under the name of another connection', async () => {
    const a = await create()
    const b = await create()
    expect((await call('DELETE', `${b.path}/${a.first.tokenId}`)).status).toBe(404)
    expect((await enter(a.name, a.first.token)).name).toBe(a.name)
  })

  test('are listed page by page, newest first', async () => {
    const { call, clock } = admin()
    const { path, first } = await create()
    const ids = [first.tokenId]
    for (let i = 0; i < 101; i++) {
      clock.now += (i + 1) % 2
      ids.push((await call('POST', path, {})).body.id)
    }
    const page = await call('GET', path)
    expect(page.body.items).toHaveLength(100)
    const rest = await call('GET', `${path}?cursor=${page.body.nextCursor}`)
    expect(rest.body.nextCursor).toBeUndefined()
    const listed = [...page.body.items, ...rest.body.items].map((item: { id: string }) => item.id)
    expect(new Set(listed)).toEqual(new Set(ids))
    expect(listed.at(-1)).toBe(first.tokenId)
  })

  test.each([
    [{ expiresAt: 'tomorrow' }, 'expiresAt'],
    [{ expiresAt: new Date(NOW).toISOString() }, 'expiresAt'],
    [{ label: '' }, 'label'],
    [{ lable: 'x' }, 'lable'],
  ])('made with %j are refused, and it says where', async (body, path) => {
    const { path: tokens } = await create()
    const answer = await call('POST', tokens, body)
    expect(answer.status).toBe(422)
    expect(faults(answer)).toEqual([path])
  })

  test('of an unknown connection are 404', async () => {
    const path = `/connections/${aName()}/tokens`
    for (const [method, at] of [
      ['GET', path],
      ['POST', path],
      ['DELETE', `${path}/x`],
    ] as const) {
      expect((await call(method, at)).status).toBe(404)
    }
  })
})
