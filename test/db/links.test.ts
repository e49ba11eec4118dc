/** Links, claims and intents on real D1: what the tables refuse, and what a fence guards. */
import { env } from 'cloudflare:workers'
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { Audit } from '../../src/db/audit.ts'
import { openDatabase, writeAll } from '../../src/db/database.ts'
import { Intents } from '../../src/db/intents.ts'
import type { Link } from '../../src/db/link.ts'
import { Links } from '../../src/db/links.ts'
import { beginSending } from '../../src/db/sending.ts'

const db = openDatabase(env.DB)
const NOW = 1_770_000_000_000
const LEASE = NOW + 60_000
const CLAIM = { kind: 'userName', norm: 'ada@x.io' }
const FACTS = {
  nativeId: 'n1',
  fingerprint: 'f',
  externalId: undefined,
  display: 'Ada',
  shadow: '{}',
  inactiveSince: undefined,
  former: undefined,
}

type Opened = ReturnType<typeof open>

function open() {
  const connection = crypto.randomUUID()
  const links = new Links(db, connection)
  return { connection, links, intents: new Intents(db, connection, links) }
}

async function reserved({ intents }: Pick<Opened, 'intents'>, claims = [CLAIM]) {
  const link = crypto.randomUUID()
  const intent = { id: crypto.randomUUID(), body: '{}', leaseUntil: LEASE }
  const outcome = await intents.reserve({ id: link, type: 'User' }, claims, intent, NOW)
  return { link, intent: { id: intent.id, fence: 1 }, outcome }
}

async function linked(opened: Opened, facts = FACTS, claims = [CLAIM]): Promise<Link> {
  const { link, intent } = await reserved(opened, claims)
  expect(await opened.intents.commitCreate(intent, link, facts, 'created', NOW, [])).toBe(
    'committed',
  )
  return theLink(opened.links, link)
}

async function theLink(links: Links, id: string): Promise<Link> {
  const link = await links.get('User', id)
  if (!link) throw new Error('no such link')
  return link
}

describe('the tables refuse', () => {
  const insert = (columns: string, values: string) =>
    env.DB.prepare(`INSERT INTO ${columns} VALUES ${values}`).run()
  const LINK =
    'link (id, connection, type, state, origin, native_id, survives, created_at, modified_at)'

  test.each([
    ['a state that is none', "'revived', 'created', 'n', 0"],
    ['a linked link without an account', "'linked', 'created', NULL, 0"],
    ['a discovered link without an account', "'discovered', 'discovered', NULL, 0"],
    ['a retiring link without an account', "'retiring', 'created', NULL, 0"],
    ['a living link that hides an account', "'linked', 'created', 'n', 1"],
    ['an origin that is none', "'linked', 'guessed', 'n', 0"],
  ])('%s', async (_, values) => {
    const row = `('${crypto.randomUUID()}', 'c', 'User', ${values}, 1, 1)`
    await expect(insert(LINK, row)).rejects.toThrow(/CHECK/)
  })

  test('text where a time belongs', async () => {
    const row = `('${crypto.randomUUID()}', 'c', 'User', 'linked', 'created', 'n', 0, 'soon', 1)`
    await expect(insert(LINK, row)).rejects.toThrow()
  })

  test('an intent in a state that is none, and a claim of no link', async () => {
    const opened = open()
    const { connection } = opened
    const { id } = await linked(opened)
    const intent = `intent (id, connection, link, op, state, lease_until, next_at, body, created_at)`
    const row = (state: string) =>
      `('${crypto.randomUUID()}', '${connection}', '${id}', 'create', '${state}', 1, 1, '{}', 1)`
    await expect(insert(intent, row('lost'))).rejects.toThrow(/CHECK/)
    await insert(intent, row('unknown'))
    await expect(insert(intent, row('ready'))).rejects.toThrow(/UNIQUE/)
    await expect(
      insert('claim', `('${connection}', 'User', 'userName', 'x', 'nobody', 1)`),
    ).rejects.toThrow(/FOREIGN KEY/)
  })

  test('a second live link to one account, and allow it after the first is a tombstone', async () => {
    const opened = open()
    const { links, intents } = opened
    const first = await linked(opened)
    const { link, intent } = await reserved(opened, [{ kind: 'userName', norm: 'b' }])
    expect(await intents.commitCreate(intent, link, FACTS, 'created', NOW, [])).toBe('met')
    expect((await theLink(links, link)).state).toBe('proposed')
    expect(await links.bury(first, NOW, [])).toBe(true)
    expect(await intents.commitCreate(intent, link, FACTS, 'created', NOW, [])).toBe('committed')
  })
})

describe('reserve', () => {
  test('lets one of sixty through, and leaves nothing of the others', async () => {
    const opened = open()
    const { connection } = opened
    const outcomes = await Promise.all(Array.from({ length: 60 }, () => reserved(opened)))
    const won = outcomes.filter(({ outcome }) => outcome.reserved)
    expect(won).toHaveLength(1)
    for (const table of ['link', 'claim', 'intent']) {
      const row = await env.DB.prepare(`SELECT count(*) AS n FROM ${table} WHERE connection = ?`)
        .bind(connection)
        .first<{ n: number }>()
      expect(row?.n).toBe(1)
    }
    const lost = outcomes.find(({ outcome }) => !outcome.reserved)?.outcome
    expect(lost).toMatchObject({ reserved: false, holder: { id: won[0]?.link } })
  })

  test('takes all keys or none', async () => {
    const opened = open()
    await linked(opened)
    const other = { kind: 'mail', norm: 'free@x.io' }
    expect((await reserved(opened, [other, CLAIM])).outcome.reserved).toBe(false)
    expect((await reserved(opened, [other])).outcome.reserved).toBe(true)
  })

  test('keeps connections and types apart', async () => {
    const opened = open()
    const { intents } = opened
    await linked(opened)
    expect((await reserved(open())).outcome.reserved).toBe(true)
    const intent = { id: crypto.randomUUID(), body: '{}', leaseUntil: LEASE }
    const group = { id: crypto.randomUUID(), type: 'Group' }
    expect((await intents.reserve(group, [CLAIM], intent, NOW)).reserved).toBe(true)
  })
})

describe('a lease', () => {
  test('goes to one of twenty who recover', async () => {
    const opened = open()
    const { intents } = opened
    const { link } = await reserved(opened)
    const intent = await intents.open(link)
    if (!intent) throw new Error('no intent')
    const taken = await Promise.all(
      Array.from({ length: 20 }, () => intents.takeOver(intent, LEASE)),
    )
    expect(taken.filter(Boolean)).toHaveLength(1)
    expect((await intents.open(link))?.fence).toBe(2)
  })

  test('that was lost commits and releases nothing', async () => {
    const opened = open()
    const { links, intents } = opened
    const { link, intent } = await reserved(opened)
    const open_ = await intents.open(link)
    if (!open_) throw new Error('no intent')
    await intents.takeOver(open_, LEASE)
    expect(await intents.commitCreate(intent, link, FACTS, 'created', NOW, [])).toBe('lost')
    expect(await intents.release(intent, link)).toBe(false)
    expect(await intents.commitRemoval(intent, link, false, NOW, [])).toBe(false)
    await intents.markUnknown(intent, { answeredAt: undefined })
    expect(await theLink(links, link)).toMatchObject({ state: 'proposed', version: 1 })
    expect(await intents.open(link)).toMatchObject({ state: 'sending', fence: 2 })
  })
})

const update = () => ({ id: crypto.randomUUID(), body: '{}', leaseUntil: LEASE })

describe('an update', () => {
  test('under an old version changes nothing, its claims included', async () => {
    const opened = open()
    const { links, intents } = opened
    const link = await linked(opened)
    const wanted = [{ kind: 'userName', norm: 'new@x.io' }]
    const claims = { wanted, given: [CLAIM] }
    const facts = { ...FACTS, display: 'New' }
    expect(await intents.commitUpdate(link, undefined, facts, claims, NOW, NOW, [])).toBe(true)
    const back = { wanted: [CLAIM], given: wanted }
    expect(await intents.commitUpdate(link, undefined, FACTS, back, NOW, NOW, [])).toBe(false)
    expect(await links.byClaim('User', CLAIM)).toBeUndefined()
    expect((await links.byClaim('User', { kind: 'userName', norm: 'new@x.io' }))?.display).toBe(
      'New',
    )
  })

  test('settles claims: what is old and not wanted goes, what may be a rename stays', async () => {
    const opened = open()
    const { links, intents } = opened
    const link = await linked(opened)
    const young = { kind: 'userName', norm: 'young@x.io' }
    const intent = update()
    await intents.beginUpdate(link, [young], intent, NOW + 50_000, [])
    const before = NOW + 40_000
    const wanted = [{ kind: 'userName', norm: 'now@x.io' }]
    const claims = { wanted, given: [] }
    const held = { id: intent.id, fence: 1 }
    expect(await intents.commitUpdate(link, held, FACTS, claims, before, NOW + 60_000, [])).toBe(
      true,
    )
    expect(await intents.open(link.id)).toBeUndefined()
    expect(await links.byClaim('User', CLAIM)).toBeUndefined()
    expect(await links.byClaim('User', young)).toMatchObject({ id: link.id })
  })

  test('takes keys for a rename all or none, and again after an interruption', async () => {
    const opened = open()
    const { links, intents } = opened
    const ada = await linked(opened)
    const bob = await linked(opened, { ...FACTS, nativeId: 'n2' }, [
      { kind: 'userName', norm: 'b' },
    ])
    const free = { kind: 'mail', norm: 'free' }
    expect(await intents.beginUpdate(bob, [free, CLAIM], update(), NOW, [])).toBe('taken')
    expect(await links.byClaim('User', free)).toBeUndefined()
    const intent = update()
    expect(await intents.beginUpdate(ada, [free], intent, NOW, [])).toBe('begun')
    expect(await intents.beginUpdate(ada, [free], update(), NOW, [])).toBe('busy')
    expect(await intents.cancelUpdate({ id: intent.id, fence: 2 }, ada, [free], [])).toBe(false)
    expect(await intents.cancelUpdate({ id: intent.id, fence: 1 }, ada, [], [])).toBe(true)
    expect(await intents.beginUpdate(ada, [free], update(), NOW, [])).toBe('begun')
  })
})

describe('a removal', () => {
  test('frees keys and memberships, and forgets what the client had sent', async () => {
    const opened = open()
    const { links, intents } = opened
    const link = await linked(opened, { ...FACTS, shadow: '{"kept":{"nickName":"A"}}' })
    const intent = { id: crypto.randomUUID(), body: '{}', leaseUntil: LEASE }
    expect(await intents.beginRemoval(link, intent, NOW, [])).toBe('begun')
    const again = { ...intent, id: crypto.randomUUID() }
    expect(await intents.beginRemoval(link, again, NOW, [])).toBe('lost')
    expect(await intents.commitRemoval({ id: intent.id, fence: 1 }, link.id, true, NOW, [])).toBe(
      true,
    )
    expect(await theLink(links, link.id)).toMatchObject({
      state: 'tombstone',
      survives: true,
      shadow: '{}',
    })
    expect(await links.byClaim('User', CLAIM)).toBeUndefined()
    expect(await links.countHidden('User')).toBe(1)
  })

  test('gives way to the link of a person who comes back', async () => {
    const opened = open()
    const { links, intents } = opened
    const link = await linked(opened)
    const intent = { id: crypto.randomUUID(), body: '{}', leaseUntil: LEASE }
    await intents.beginRemoval(link, intent, NOW, [])
    await intents.commitRemoval({ id: intent.id, fence: 1 }, link.id, true, NOW, [])
    const back = await linked(opened)
    expect(await links.countHidden('User')).toBe(0)
    expect((await links.byNativeIds('User', ['n1'])).map((l) => l.id)).toEqual([back.id])
  })
})

test('first sight of one account by forty readers mints one link', async () => {
  const opened = open()
  const { links } = opened
  const minted = await Promise.all(
    Array.from({ length: 40 }, () =>
      links.see('User', [{ id: crypto.randomUUID(), nativeId: 'n9' }], NOW),
    ),
  )
  expect(new Set(minted.map(([link]) => link?.id)).size).toBe(1)
})

test('a question about more ids than one statement takes is asked in parts', async () => {
  const opened = open()
  const { links } = opened
  const link = await linked(opened)
  const ids = Array.from({ length: 45_000 }, () => crypto.randomUUID())
  expect(await links.getAll([...ids, link.id])).toHaveLength(1)
})

test('an update counts as cut off since then only where it was begun since then', async () => {
  const opened = open()
  const { connection, intents } = opened
  const { id } = await linked(opened)
  const audit = new Audit(connection, { actor: { kind: 'job', id: 'sweep' } })
  const cut = (began: number, op: 'update' | 'create' = 'update') =>
    audit.entry(
      {
        ...{ request: 'r', type: 'User', link: id, op, decision: 'cut-off' },
        detail: { began: new Date(began).toISOString() },
      },
      NOW + 10,
    )
  const begin = (at: number) =>
    writeAll(db, [beginSending(connection, { request: `${at}`, link: id, type: 'User' }, {}, at)])
  await writeAll(db, [cut(NOW - 1), cut(NOW + 1, 'create')])
  await begin(NOW - 1)
  expect(await intents.wasCutOff(id, NOW)).toBe(false)
  await begin(NOW + 1)
  expect(await intents.wasCutOff(id, NOW)).toBe(true)
  await db.run(sql`DELETE FROM sending WHERE connection = ${connection}`)
  expect(await intents.wasCutOff(id, NOW)).toBe(false)
  await writeAll(db, [cut(NOW + 1)])
  expect(await intents.wasCutOff(id, NOW)).toBe(true)
})
