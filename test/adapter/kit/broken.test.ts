/** The kit catches planted faults: each check fails for one broken adapter, and no other check does. */
import { describe, expect, test } from 'vitest'
import { CHECKS } from '../../../src/adapter/kit/checks.ts'
import { BROKEN } from './broken.ts'
import { examine } from './examine.ts'

test('every check has a broken adapter, and every broken adapter a check', () => {
  expect(Object.keys(BROKEN).sort()).toEqual(CHECKS.map(({ id }) => id).sort())
})

// Each runs the whole kit: that nothing else fails is half of what is proved.
describe('a broken adapter fails exactly its own check', { timeout: 60_000 }, () => {
  test.each(Object.entries(BROKEN))('%s', async (id, variant) => {
    const results = await examine(variant())
    const failed = results.filter(({ outcome }) => outcome === 'failed')
    expect(failed.map((result) => [result.id, result.reason])).toEqual([[id, expect.any(String)]])
  })
})
