/** What `npm run bench` starts, which nobody else does. */
import { expect, test } from 'vitest'
import { ADMIN_TOKEN, startWorkerd } from '../../bench/operations/workerd.ts'

test('the bench starts a gateway, a floor and a D1 that counts what both ask', async () => {
  const workerd = await startWorkerd()
  try {
    const [{ connections }] = (await workerd.query(
      'SELECT count(*) AS connections FROM connection',
    )) as [{ connections: number }]
    expect(connections).toBe(0)
    const floor = async (reads: number, writes: number) => {
      const body = JSON.stringify({ calls: [], reads, writes })
      expect((await fetch(workerd.floor, { method: 'POST', body })).status).toBe(200)
    }
    // Makes its table.
    await floor(0, 0)
    const before = await workerd.counted()
    await floor(1, 1)
    const { trips, writing } = await workerd.counted()
    expect([trips - before.trips, writing - before.writing]).toEqual([2, 1])
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
    const list = await fetch(`${workerd.gateway}/admin/api/connections`, { headers })
    expect(await list.json()).toEqual({ items: [] })
    expect((await workerd.counted()).trips).toBeGreaterThan(trips)
  } finally {
    await workerd.stop()
  }
})
