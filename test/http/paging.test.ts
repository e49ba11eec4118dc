/** Paging (RFC 7644 §3.4.2.4, RFC 9865): a walk visits every resource once. */
import { expect, test } from 'vitest'
import { USER } from '../../src/scim/urn.ts'
import { connect, type Scim } from '../support/gateway.ts'

async function people(scim: Scim, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let n = 0; n < count; n++) {
    const title = n % 2 === 0 ? 'even' : 'odd'
    const sent = { schemas: [USER], userName: `p${n}`, title, displayName: 'same' }
    ids.push((await scim('POST', '/Users', sent)).body.id)
  }
  return ids.sort()
}

async function walk(scim: Scim, query: string): Promise<string[]> {
  const ids: string[] = []
  let cursor = ''
  for (let pages = 0; pages < 50; pages++) {
    const at = `/Users?cursor=${encodeURIComponent(cursor)}&${query}`
    const { status, body } = await scim('GET', at)
    expect(status).toBe(200)
    ids.push(...body.Resources.map(({ id }: { id: string }) => id))
    if (body.nextCursor === undefined) return ids
    cursor = body.nextCursor
  }
  throw new Error('the walk does not end')
}

test('a walk by cursor visits every resource once', async () => {
  const scim = await connect()
  const ids = await people(scim, 11)
  for (const count of [1, 3, 11, 100]) {
    expect((await walk(scim, `count=${count}`)).sort()).toEqual(ids)
  }
})

test('a walk by cursor misses nobody and repeats nobody when others are deleted under it', async () => {
  for (const query of ['count=3', 'count=3&sortBy=userName', 'count=3&filter=active%20eq%20true']) {
    const scim = await connect()
    await people(scim, 12)
    const first = await scim('GET', `/Users?cursor=&${query}`)
    const seen: string[] = first.body.Resources.map(({ id }: { id: string }) => id)
    // The last one shown, by which the cursor knows its place, and one before it.
    for (const id of seen.slice(1)) expect((await scim('DELETE', `/Users/${id}`)).status).toBe(204)
    let cursor = first.body.nextCursor
    while (cursor !== undefined) {
      const next = await scim('GET', `/Users?cursor=${encodeURIComponent(cursor)}&${query}`)
      expect(next.status).toBe(200)
      seen.push(...next.body.Resources.map(({ id }: { id: string }) => id))
      cursor = next.body.nextCursor
    }
    expect(seen).toHaveLength(12)
    expect(new Set(seen).size).toBe(12)
  }
})

test('a cursor whose place nobody can tell any more is expiredCursor, never a guess', async () => {
  const scim = await connect()
  await people(scim, 9)
  const first = await scim('GET', '/Users?cursor=&count=3')
  for (const { id } of first.body.Resources) await scim('DELETE', `/Users/${id}`)
  const cursor = encodeURIComponent(first.body.nextCursor)
  const next = await scim('GET', `/Users?cursor=${cursor}&count=3`)
  expect(next.status).toBe(400)
  expect(next.body.scimType).toBe('expiredCursor')
})

test('a cursor of another filter or order leads nowhere, and ends no list', async () => {
  const scim = await connect()
  await people(scim, 7)
  const { body } = await scim('GET', '/Users?cursor=&count=3')
  for (const query of ['sortBy=title', 'filter=title%20eq%20%22odd%22']) {
    const answer = await scim('GET', `/Users?cursor=${body.nextCursor}&count=3&${query}`)
    expect(answer).toMatchObject({ status: 400, body: { scimType: 'expiredCursor' } })
  }
  expect((await scim('GET', `/Users?cursor=${body.nextCursor}&count=3`)).status).toBe(200)
})

test('a walk by cursor under a filter and a sort order visits every match once', async () => {
  const scim = await connect()
  await people(scim, 11)
  expect(await walk(scim, 'count=2&filter=title+eq+%22even%22&sortBy=userName')).toHaveLength(6)
  expect(new Set(await walk(scim, 'count=2&sortBy=displayName')).size).toBe(11)
})

test('a walk by startIndex visits every resource once, also where all sort alike', async () => {
  const scim = await connect()
  const ids = await people(scim, 11)
  for (const rest of ['', '&sortBy=displayName', '&filter=displayName+eq+%22same%22']) {
    const seen: string[] = []
    for (let start = 1; start <= 11; start += 4) {
      const { body } = await scim('GET', `/Users?startIndex=${start}&count=4${rest}`)
      expect(body.totalResults).toBe(11)
      seen.push(...body.Resources.map(({ id }: { id: string }) => id))
    }
    expect(seen.sort()).toEqual(ids)
  }
})

test('the root search pages over all resource types', async () => {
  const scim = await connect()
  await people(scim, 3)
  for (const displayName of ['A', 'B']) await scim('POST', '/Groups', { displayName })
  const types: string[] = []
  for (let startIndex = 1; startIndex <= 5; startIndex += 2) {
    const { body } = await scim('POST', '/.search', { startIndex, count: 2 })
    expect(body.totalResults).toBe(5)
    types.push(
      ...body.Resources.map((r: { meta: { resourceType: string } }) => r.meta.resourceType),
    )
  }
  expect(types).toEqual(['User', 'User', 'User', 'Group', 'Group'])
})
