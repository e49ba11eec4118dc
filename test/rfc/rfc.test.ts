/**
 * What the text and the examples of RFC 7643, 7644 and 9865 demand, replayed over HTTP. One file a
 * section; a case without a profile of its own holds in both.
 */
import { describe, expect, test } from 'vitest'
import { inProfile, replay } from '../idp/replay.ts'
import type { Case } from '../idp/run-case.ts'
import { LABORATORY } from './laboratory.ts'

interface Section {
  readonly section: string
  readonly cases: readonly Case[]
}

const sections = Object.values(
  import.meta.glob<Section>('./*.json', { eager: true, import: 'default' }),
)

describe.each(['tolerant', 'strict'] as const)('in the %s profile', (profile) => {
  describe.each(sections.map((s) => [s.section, s.cases] as const))('RFC %s', (_, cases) => {
    const rows = inProfile(cases, profile).map((c) => [c.id, c.title, c] as const)
    test.each(rows)('%s: %s', async (_id, _title, c) => {
      expect(await replay(c, { ...LABORATORY, policy: { profile } })).toEqual([])
    })
  })
})
