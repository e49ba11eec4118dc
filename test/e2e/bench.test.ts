/** What `npm run bench` starts, which nobody else does. */
import { expect, test } from 'vitest'
import { startWorkerd } from '../../bench/operations/workerd.ts'

test('the bench starts a gateway, a floor and a D1 that counts what both ask', async () => {
  const workerd = await startWorkerd()
  try {
    const [{ connections }] = (await workerd.query(
      'SELECT count(*) AS connections FROM connection',
    )) as [{ connections: number }]
    expect(connections).toBe(0)
    const before = await workerd.counted()
    expect((await fetch(`${workerd.gateway}/healthz`)).status).toBe(200)
    const asked = await workerd.counted()
    expect(asked.trips).toBeGreaterThan(before.trips)
    const plan = JSON.stringify({ calls: [], reads: 1, writes: 1 })
    expect((await fetch(workerd.floor, { method: 'POST', body: plan })).status).toBe(200)
    expect(await workerd.counted()).toMatchObject({
      trips: asked.trips + 2,
      writing: asked.writing + 1,
    })
  } finally {
    await workerd.stop()
  }
})
