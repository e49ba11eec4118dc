import { describe, expect, test } from 'vitest'
import type { CreateRequest, NativeObject } from '../../../src/adapter/contract.ts'
import { AdapterFailure } from '../../../src/adapter/failure.ts'
import { asOwner, serverOf } from '../sql/servers.ts'
import { MANIFESTS, openTables } from './live.ts'

let next = 0
const name = (text = 'p') => `${text}-${Date.now().toString(36)}-${next++}`
const request = (username: string, more: object = {}): CreateRequest => ({
  attributes: { username, last_name: 'Quill', ...more },
  active: true,
  idempotencyKey: crypto.randomUUID(),
})
const members = (...ids: string[]) => ids.map((id) => ({ type: 'User', id }))

async function failure(work: Promise<unknown> | undefined): Promise<AdapterFailure> {
  const error = await work?.then(
    (value) => new Error(`it was ${JSON.stringify(value)}`),
    (e: unknown) => e,
  )
  if (!(error instanceof AdapterFailure)) throw error
  return error
}

describe.each(['postgres', 'mysql'] as const)('%s', (server) => {
  const { url, missing } = serverOf(server)
  const live = test.skipIf(missing !== undefined)
  const open = (document?: object) => openTables(server, document)
  const made = async (username = name(), more: object = {}): Promise<NativeObject> => {
    const outcome = await open().User.create?.(request(username, more))
    if (outcome?.kind !== 'created') throw new Error(JSON.stringify(outcome))
    return outcome.object
  }
  const team = async (): Promise<string> => {
    const attributes = { name: name('team') }
    const outcome = await open().Group.create?.({ attributes, idempotencyKey: 'k' })
    if (outcome?.kind !== 'created') throw new Error(JSON.stringify(outcome))
    return outcome.object.id
  }

  live('a row that is made reads back, and has a fingerprint that stays', async () => {
    const object = await made(name(), { email: `${name()}@x.example`, first_name: 'Ada' })
    expect(object).toMatchObject({ active: true, attributes: { last_name: 'Quill' } })
    expect(object.fingerprint).toMatch(/^\d{4}-\d\d-\d\d /)
    expect(object.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/)
    const { User } = open()
    const changed = await User.update?.(object.id, {
      set: { last_name: 'Quire' },
      unset: ['first_name'],
    })
    expect(changed).toMatchObject({ kind: 'ok', object: { fingerprint: object.fingerprint } })
    const { attributes } = (await User.get(object.id)) ?? {}
    expect(attributes).toEqual({
      username: object.attributes['username'],
      last_name: 'Quire',
      email: object.attributes['email'],
    })
  })

  live('letter case counts as the columns compare', async () => {
    const object = await made(name('Ann'))
    const username = String(object.attributes['username'])
    for (const asked of [username, username.toUpperCase()]) {
      expect((await open().User.find('username', asked)).map(({ id }) => id)).toEqual([object.id])
    }
    expect(await open().User.find('username', `${username}%`)).toEqual([])
    expect(await open().User.find('username', `a\0`)).toEqual([])
  })

  live('an id that no row can have names nothing', async () => {
    const { id } = await made()
    for (const wrong of [
      `${id}x`,
      ` ${id}`,
      `0${id}`,
      '',
      '-1',
      '99999999999999999999',
      `${id} OR 1=1`,
    ]) {
      expect(await open().User.get(wrong)).toBe(null)
      expect(await open().User.update?.(wrong, { set: { last_name: 'x' }, unset: [] })).toEqual({
        kind: 'gone',
      })
      expect(await open().User.setActive?.(wrong, false)).toEqual({ kind: 'gone' })
      expect(await open().User.remove?.(wrong)).toEqual({ kind: 'gone' })
    }
    expect(await open().Group.get('not-a-uuid')).toBe(null)
  })

  live('somebody in the way is named, whichever value is taken', async () => {
    const email = `${name()}@x.example`
    const { id, attributes } = await made(name(), { email })
    const again = request(String(attributes['username']).toUpperCase())
    expect(await open().User.create?.(again)).toEqual({ kind: 'exists', id })
    expect(await open().User.create?.(request(name(), { email }))).toEqual({ kind: 'exists', id })
  })

  live('of creates at the same time one makes the row', async () => {
    const username = name()
    const outcomes = await Promise.all(
      [1, 2, 3, 4, 5].map(() => open().User.create?.(request(username))),
    )
    const kinds = outcomes.map((outcome) => outcome?.kind).sort()
    expect(kinds).toEqual(['created', 'exists', 'exists', 'exists', 'exists'])
    const ids = outcomes.map((outcome) =>
      outcome?.kind === 'created' ? outcome.object.id : outcome?.kind === 'exists' && outcome.id,
    )
    expect(new Set(ids).size).toBe(1)
  })

  live('a taken value, a missing one and one that is too long say which attribute', async () => {
    const email = `${name()}@x.example`
    await made(name(), { email })
    const { id } = await made()
    const update = (set: Record<string, string>, unset: string[] = []) =>
      failure(open().User.update?.(id, { set, unset }))
    expect(await update({ email })).toMatchObject({
      code: 'conflict',
      attributes: ['email'],
      effect: 'none',
    })
    expect(await update({}, ['last_name'])).toMatchObject({
      code: 'invalid',
      attributes: ['last_name'],
    })
    expect(await update({ last_name: 'x'.repeat(101) })).toMatchObject({ code: 'invalid' })
    expect(await update({ last_name: '\uD83D' })).toMatchObject({
      code: 'invalid',
      attributes: ['last_name'],
    })
  })

  live("the switch is the app's own, and says nothing new twice", async () => {
    const { User } = open()
    const { id } = await made()
    expect(await User.setActive?.(id, true)).toEqual({ kind: 'unchanged' })
    expect(await User.setActive?.(id, false)).toMatchObject({
      kind: 'ok',
      object: { active: false },
    })
    expect(await User.setActive?.(id, false)).toEqual({ kind: 'unchanged' })
    expect((await User.get(id))?.active).toBe(false)
    expect(await User.setActive?.(id, true)).toMatchObject({ kind: 'ok', object: { active: true } })
    const off = await User.create?.({ ...request(name()), active: false })
    expect(off).toMatchObject({ kind: 'created', object: { active: false } })
  })

  live('pages follow each other by id, and rows that come and go move nobody', async () => {
    const { User } = open()
    const own = [await made(), await made(), await made(), await made()]
    const seen: string[] = []
    let cursor: string | undefined
    let pages = 0
    do {
      const page = await User.list({ pageSize: 2, ...(cursor !== undefined && { cursor }) })
      expect(page.items.length).toBeLessThanOrEqual(2)
      expect(page.total).toBeGreaterThanOrEqual(own.length)
      seen.push(...page.items.map(({ id }) => id))
      cursor = page.next
      // One who was seen goes: an offset would now pass over somebody.
      if (pages++ === 0) await User.remove?.(own[0]?.id ?? '')
    } while (cursor !== undefined)
    expect(new Set(seen).size).toBe(seen.length)
    for (const { id } of own.slice(1)) expect(seen).toContain(id)
    const [all, skipped] = [
      await User.list({ pageSize: 3 }),
      await User.list({ pageSize: 2, skip: 1 }),
    ]
    expect(skipped.items[0]?.id).toBe(all.items[1]?.id)
    expect((await failure(User.list({ pageSize: 2, cursor: 'x; DROP' }))).code).toBe('protocol')
  })

  live('members join and leave, many at once, and nothing is said twice', async () => {
    const { Group, User } = open()
    const group = await team()
    const ids: string[] = []
    for (let i = 0; i < 5; i++) ids.push((await made()).id)
    expect(await Group.addMembers?.(group, members(...ids))).toEqual({ kind: 'ok' })
    expect(await Group.addMembers?.(group, members(...ids))).toEqual({ kind: 'unchanged' })
    const all: string[] = []
    let cursor: string | undefined
    do {
      const page = await Group.members?.(group, {
        pageSize: 2,
        ...(cursor !== undefined && { cursor }),
      })
      all.push(...(page?.items ?? []).map(({ id }) => id))
      cursor = page?.next
    } while (cursor !== undefined)
    expect(all.sort()).toEqual([...ids].sort())
    const [first = '', second = ''] = ids
    expect(await Group.removeMembers?.(group, members(first, 'x'))).toEqual({ kind: 'ok' })
    expect(await Group.removeMembers?.(group, members(first))).toEqual({ kind: 'unchanged' })
    // Memberships go with the person, and with the group.
    expect(await User.remove?.(second)).toEqual({ kind: 'ok' })
    expect((await Group.members?.(group, { pageSize: 10 }))?.items).toHaveLength(3)
    expect(await Group.remove?.(group)).toEqual({ kind: 'ok' })
    expect(await Group.remove?.(group)).toEqual({ kind: 'gone' })
  })

  live('of a batch with a stranger nobody joins', async () => {
    const { Group } = open()
    const group = await team()
    const { id } = await made()
    expect(await Group.addMembers?.(group, members(id, '999999999'))).toEqual({
      kind: 'gone',
      what: 'member',
    })
    expect(await Group.addMembers?.(group, members(id, 'x'))).toEqual({
      kind: 'gone',
      what: 'member',
    })
    expect((await Group.members?.(group, { pageSize: 10 }))?.items).toEqual([])
    const nowhere = crypto.randomUUID()
    expect(await Group.addMembers?.(nowhere, members(id))).toEqual({ kind: 'gone' })
    expect(await Group.removeMembers?.(nowhere, members(id))).toEqual({ kind: 'gone' })
  })

  live('joins of the same people at the same time are one row each', async () => {
    const { Group } = open()
    const group = await team()
    const ids = [(await made()).id, (await made()).id]
    const joins = await Promise.all(
      [1, 2, 3, 4].map(() => open().Group.addMembers?.(group, members(...ids))),
    )
    for (const outcome of joins) expect(['ok', 'unchanged']).toContain(outcome?.kind)
    expect((await Group.members?.(group, { pageSize: 10 }))?.items).toHaveLength(2)
  })

  live(
    'a row that the app still refers to is blocked, and stays with its memberships',
    async () => {
      const { User, Group } = open()
      const group = await team()
      const { id } = await made()
      await Group.addMembers?.(group, members(id))
      await asOwner(url, `INSERT INTO tickets (owner_id) VALUES (${id})`)
      expect(await failure(User.remove?.(id))).toMatchObject({ code: 'blocked', effect: 'none' })
      expect((await Group.members?.(group, { pageSize: 10 }))?.items).toHaveLength(1)
    },
  )

  live('service accounts say that they are protected', async () => {
    const { id } = await made()
    await asOwner(
      url,
      `UPDATE users SET is_service = ${server === 'mysql' ? '1' : 'true'} WHERE id = ${id}`,
    )
    expect((await open().User.get(id))?.protected).toBe(true)
  })

  live('a soft delete is seen, and whoever is switched on again is deleted no more', async () => {
    const { User: user, ...rest } = MANIFESTS[server].resources
    const column =
      server === 'mysql'
        ? { column: 'disabled_at', offSince: true }
        : { column: 'state', on: 'active', off: 'locked', otherwise: true }
    const soft = {
      ...MANIFESTS[server],
      resources: { ...rest, User: { ...user, remove: { kind: 'soft', mark: column } } },
    }
    const { User } = open(soft)
    const { id } = await made()
    expect(await User.remove?.(id)).toEqual({ kind: 'ok' })
    expect(await User.remove?.(id)).toEqual({ kind: 'unchanged' })
    expect((await User.get(id))?.active).toBe(false)
    expect(await User.setActive?.(id, true)).toMatchObject({ kind: 'ok', object: { active: true } })
    const hidden = {
      ...MANIFESTS[server],
      resources: { ...rest, User: { ...user, remove: { kind: 'hard', mark: column } } },
    }
    expect(await open(hidden).User.remove?.(id)).toEqual({ kind: 'ok' })
    expect(await open(hidden).User.get(id)).toBe(null)
    expect(await open(hidden).User.remove?.(id)).toEqual({ kind: 'gone' })
    expect((await open().User.get(id))?.active).toBe(false)
  })

  live(
    'rows of another tenant are neither seen nor touched, and new ones are of ours',
    async () => {
      const { User: user, ...rest } = MANIFESTS[server].resources
      const scoped = {
        ...MANIFESTS[server],
        resources: {
          ...rest,
          User: { ...user, where: { password_hash: 'ours' }, create: { set: {} } },
        },
      }
      const { User } = open(scoped)
      const other = await made()
      expect(await User.get(other.id)).toBe(null)
      expect(await User.find('username', String(other.attributes['username']))).toEqual([])
      expect(await User.remove?.(other.id)).toEqual({ kind: 'gone' })
      const own = await User.create?.(request(name()))
      if (own?.kind !== 'created') throw new Error('it was not created')
      expect((await User.list({ pageSize: 100 })).items.map(({ id }) => id)).toContain(
        own.object.id,
      )
      const taken = await failure(User.create?.(request(String(other.attributes['username']))))
      expect(taken).toMatchObject({ code: 'conflict', effect: 'none', attributes: ['username'] })
    },
  )
})
