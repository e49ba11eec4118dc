import { expect, test } from 'vitest'
import { AppHealths } from '../../src/calls/app-health.ts'

test('an open circuit is remembered, however many connections come after it', () => {
  const healths = new AppHealths(() => {})
  const version = 1
  const { circuit } = healths.of({ id: 'locked', name: 'c', version })
  for (let i = 0; i < 3; i++) {
    circuit.settle({ isProbe: false, outcome: 'refused', random: () => 0 }, 0)
  }
  for (let i = 0; i < 3_000; i++) healths.of({ id: `other ${i}`, name: 'c', version })
  expect(
    healths.of({ id: 'locked', name: 'c', version }).circuit.admit(true, 1_000, 25_000),
  ).toEqual({
    kind: 'paused',
    cause: 'auth',
    waitMs: 299_000,
  })
})
