import { expect, test } from 'vitest'
import { Paces } from '../../src/pacing/paces.ts'

const LEFT_MS = 25_000

function open() {
  const clock = { now: 1_770_000_000_000 }
  let ids = 0
  const paces = new Paces({
    pacerOf: undefined,
    now: () => clock.now,
    wait: async (ms) => {
      clock.now += ms
    },
    newId: () => String(ids++),
    waitUntil: () => {},
    log: () => {},
  })
  const call = (id: string) => paces.of(named(id), {}, 'request').call(LEFT_MS, async () => 'sent')
  return { clock, paces, call }
}

function named(id: string) {
  return { id, name: id }
}

test('a pause that the app asked for is kept, however many connections come after it', async () => {
  const { clock, paces, call } = open()
  paces.of(named('throttled'), {}, 'request').pause(60_000)
  for (let i = 0; i < 3_000; i++) paces.of(named(`other ${i}`), {}, 'request')
  await expect(call('throttled')).rejects.toMatchObject({ code: 'rate', effect: 'none' })
  clock.now += 60_000
  expect(await call('throttled')).toBe('sent')
})

test('a pause ends on time where the clock is set back meanwhile', async () => {
  const { clock, paces, call } = open()
  paces.of(named('throttled'), {}, 'request').pause(60_000)
  clock.now -= 3_600_000
  await expect(call('throttled')).rejects.toMatchObject({ code: 'rate', retryAfterSeconds: 60 })
  clock.now += 60_000
  expect(await call('throttled')).toBe('sent')
})
