/** What Analytics Engine is told. */
import { expect, test } from 'vitest'
import { BLOBS, type DataPoint, DOUBLES } from '../../src/telemetry/data-point.ts'
import { person } from '../support/world.ts'
import { openWatched } from './watched.ts'

test('each request of a client is one data point, by connection', async () => {
  const points: DataPoint[] = []
  const writeDataPoint = (point: unknown) => void points.push(point as DataPoint)
  const { ask, scim, lines } = await openWatched({ ANALYTICS: { writeDataPoint } })
  await ask('POST', '/Users', person('ada.lund@example.com'))
  await ask('GET', '/Users?filter=nonsense')
  expect(points.map(({ indexes }) => indexes)).toEqual([[scim.name], [scim.name]])
  expect(points[0]?.blobs).toEqual([scim.name, 'POST', 'Users', 'create', 'done', 'created'])
  expect(points[0]?.doubles[DOUBLES.indexOf('status')]).toBe(201)
  expect(points[1]?.blobs[BLOBS.indexOf('outcome')]).toBe('refused')
  // What the line of the log says, in other words.
  const line = lines.filter(({ event }) => event === 'scim.request')[0] as never
  expect(points[0]?.doubles).toEqual(DOUBLES.map((name) => line[name]))
  expect(JSON.stringify(points)).not.toMatch(/lund/i)
})

test('a data set that takes nothing costs nobody an answer, and is in the log', async () => {
  const writeDataPoint = () => {
    throw new Error('over the limit of this invocation, says ada@example.com')
  }
  const { ask, lines } = await openWatched({ ANALYTICS: { writeDataPoint } })
  expect((await ask('GET', '/Users')).status).toBe(200)
  expect(lines.at(-1)).toEqual({ event: 'lost', what: 'data point' })
})
