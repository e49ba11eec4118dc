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
