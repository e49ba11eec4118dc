import { expect, test } from 'vitest'
import { examine, type Variant } from './examine.ts'

const VARIANTS: Readonly<Record<string, Variant>> = {
  'adds and removes members': { gateway: true },
  'replaces the list of a group': { shape: { membership: 'replace-on-group' } },
  'replaces the list of a person': { shape: { membership: 'replace-on-user' } },
  'knows one group a person': { shape: { single: true } },
  'knows groups in groups': { shape: { nested: true } },
  'invites people': { shape: { create: 'invite' } },
  'makes people by a job': { shape: { create: 'async' } },
  'removes softly': { shape: { remove: 'soft' } },
  'knows keys and anchors': { shape: { idempotencyKey: true, anchor: true } },
}

test.each(Object.entries(VARIANTS))(
  'an app that %s passes all that it is asked',
  async (_, variant) => {
    const results = await examine(variant)
    const told = results.filter(({ outcome }) => outcome === 'failed' || outcome === 'blocked')
    expect(told).toEqual([])
    expect(results.filter(({ left }) => left)).toEqual([])
  },
  60_000,
)
