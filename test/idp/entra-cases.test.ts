/**
 * What Entra ID and other clients put on the wire, replayed over HTTP against `sandbox`, in the
 * profiles that each case holds in. `further-cases.json` is of the same kind, written for what the
 * recorded cases leave open.
 */
import { describe, expect, test } from 'vitest'
import recorded from './entra-cases.json' with { type: 'json' }
import further from './further-cases.json' with { type: 'json' }
import { NORDLICHT } from './nordlicht.ts'
import { inProfile, replay } from './replay.ts'
import type { Case } from './run-case.ts'

const cases = [...recorded.cases, ...further.cases] as unknown as Case[]

describe.each(['tolerant', 'strict'] as const)('in the %s profile', (profile) => {
  const applicable = inProfile(cases, profile)
  const executable = applicable.filter((c) => c.executable)
  test.each(executable.map((c) => [c.id, c.title, c] as const))('%s: %s', async (_, __, c) => {
    expect(await replay(c, { policy: { profile }, extensions: [NORDLICHT] })).toEqual([])
  })

  // The OAuth server and forced throttling are not the resource server's: issue of their own.
  const facts = applicable.filter((c) => !c.executable)
  test.skip.each(facts.map((c) => [c.id, c.title] as const))(
    '%s: %s [not replayable here]',
    () => {},
  )
})
