/** A page far down a list costs the gateway what the first one does. */
import { expect, test } from 'vitest'
import { brownfield, openWorld } from '../support/world.ts'

const COUNT = 10

async function longList(people: number) {
  const world = await openWorld()
  for (let n = 0; n < people; n++) brownfield(world, `n${n}@x.io`)
  const isolate = world.open()
  const get = async (query: string) => {
    const path = `/Users?count=${COUNT}&${query}`
    const before = isolate.counts()
    const { status, body } = await isolate.scim(world.scim, 'GET', path)
    expect([query, status]).toEqual([query, 200])
    const after = isolate.counts()
    const cost = {
      calls: after.calls - before.calls,
      trips: after.trips - before.trips,
      rows: after.rows - before.rows,
    }
    return { cost, body, shown: body.Resources.length as number }
  }
  /** Links are minted by whoever is first. */
  const again = async (query: string) => {
    await get(query)
    return get(query)
  }
  return { get, again }
}

test('page 500 by startIndex costs what page 1 does, in the app and in D1', async () => {
  const { again } = await longList(500 * COUNT)
  const first = await again('startIndex=1')
  const last = await again(`startIndex=${499 * COUNT + 1}`)
  expect(last.shown).toBe(COUNT)
  expect(last.body.startIndex).toBe(499 * COUNT + 1)
  expect(last.cost.calls).toBe(first.cost.calls)
  expect(last.cost.trips).toBe(first.cost.trips)
  // A range is read to the row after it, where there is one.
  expect(Math.abs(last.cost.rows - first.cost.rows)).toBeLessThanOrEqual(2)
})

test('a page by cursor costs the same wherever the walk is', async () => {
  const { get } = await longList(40 * COUNT)
  const costs: { calls: number; trips: number }[] = []
  // Twice: the first walk mints links.
  for (const walk of [1, 2]) {
    let cursor: string | undefined = ''
    let seen = 0
    while (cursor !== undefined) {
      const page: Awaited<ReturnType<typeof get>> = await get(
        `cursor=${encodeURIComponent(cursor)}`,
      )
      seen += page.shown
      cursor = page.body.nextCursor
      const { calls, trips } = page.cost
      if (walk === 2) costs.push({ calls, trips })
    }
    expect(seen).toBe(40 * COUNT)
  }
  // Of the first and the last ones fewer rows are read to find the place by.
  const [early, ...further] = costs.slice(4)
  expect(further.length).toBeGreaterThan(30)
  for (const cost of further) {
    expect(cost.trips).toBe(early?.trips)
    expect(cost.calls).toBeLessThanOrEqual(early?.calls ?? 0)
  }
})
