/**
 * Random histories of three groups that are roles, and five people, against a model: two clients at
 * once, requests that are cut off, groups that get another externalId. In the end everybody has the
 * role that the model says, and nothing is written that was so already.
 */
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { openRoles, type RoleWorld, untold } from '../support/roles.ts'
import { add, remove, replace } from '../support/team.ts'
import { CYCLE_MS, patch } from '../support/world.ts'

vi.setConfig({ testTimeout: 300_000 })

const PEOPLE = 5
/** `others` stands in no row of the table. */
const NAMES = ['admins', 'leads', 'others'] as const

interface Change {
  readonly group: number
  readonly op: 'add' | 'remove' | 'replace'
  readonly people: readonly number[]
}
type Step =
  | { readonly kind: 'whole'; readonly change: Change }
  | { readonly kind: 'two'; readonly changes: readonly [Change, Change] }
  | {
      readonly kind: 'cut'
      readonly change: Change
      readonly step: number
      readonly how: 'dies' | 'lost' | 'refused'
    }
  | { readonly kind: 'rename'; readonly group: number; readonly name: (typeof NAMES)[number] }

const people = fc.uniqueArray(fc.nat(PEOPLE - 1), { minLength: 1, maxLength: 3 })
const op = fc.constantFrom('add' as const, 'remove' as const, 'replace' as const)
const group = fc.nat(NAMES.length - 1)
const change = fc.record<Change>({ group, op, people })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('whole' as const), change }) },
  {
    weight: 3,
    // Of different groups: what two clients want of one member of one group has no order.
    arbitrary: fc.record({
      kind: fc.constant('two' as const),
      changes: fc
        .tuple(change, change)
        .map(([a, b]): [Change, Change] => [a, { ...b, group: (a.group + 1) % NAMES.length }]),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('cut' as const),
      change,
      step: fc.integer({ min: 3, max: 16 }),
      how: fc.constantFrom('dies' as const, 'lost' as const, 'refused' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('rename' as const),
      group,
      name: fc.constantFrom(...NAMES),
    }),
  },
)

interface Model {
  readonly names: string[]
  readonly members: Set<number>[]
}

function apply({ members }: Model, { group, op, people }: Change): void {
  const before = members[group] ?? new Set()
  const named = new Set(people)
  members[group] =
    op === 'add'
      ? new Set([...before, ...named])
      : op === 'remove'
        ? new Set([...before].filter((n) => !named.has(n)))
        : named
}

function rolesIn({ names, members }: Model): string[] {
  return Array.from({ length: PEOPLE }, (_, n) => {
    const of = names.filter((_, g) => members[g]?.has(n))
    if (of.includes('admins')) return 'admin'
    if (of.includes('leads')) return 'lead'
    return 'staff'
  })
}

function bodyOf({ ids }: RoleWorld, { op, people }: Change) {
  const named = people.map((n) => ids[n] ?? '')
  return { add, remove, replace }[op](...named)
}

test('whatever happens, everybody has the role of their groups in the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (steps) => {
      const it = await openRoles(PEOPLE)
      const { world } = it
      const paths = [await it.group('admins'), await it.group('leads'), await it.group('others')]
      const model: Model = { names: [...NAMES], members: NAMES.map(() => new Set<number>()) }
      /** As a client does that is told to come back. */
      const insist = async (change: Change) => {
        for (let tries = 0; tries < 12; tries++) {
          const path = paths[change.group] ?? ''
          const { status } = await world.ask('PATCH', path, bodyOf(it, change))
          if (status === 204) return
          expect(status).toBe(503)
          world.clock.now += 60_000
        }
        throw new Error('a client is sent away for ever')
      }
      for (const step of steps) {
        const before = it.roles()
        const writes = it.writes()
        switch (step.kind) {
          case 'whole':
            await insist(step.change)
            apply(model, step.change)
            break
          case 'two': {
            const answers = await Promise.all(
              step.changes.map((change) =>
                world
                  .open()
                  .scim(world.scim, 'PATCH', paths[change.group] ?? '', bodyOf(it, change)),
              ),
            )
            for (const [n, change] of step.changes.entries()) {
              if (answers[n]?.status !== 204) await insist(change)
              apply(model, change)
            }
            break
          }
          case 'cut': {
            const { change, step: at, how } = step
            const path = paths[change.group] ?? ''
            const cut = world.open({ step: at, how })
            await cut.scim(world.scim, 'PATCH', path, bodyOf(it, change)).catch(() => undefined)
            world.clock.now += CYCLE_MS
            await insist(change)
            apply(model, change)
            break
          }
          case 'rename': {
            const body = patch({ op: 'replace', path: 'externalId', value: step.name })
            const answer = await world.ask('PATCH', paths[step.group] ?? '', body)
            expect(answer.status).toBeLessThan(300)
            model.names[step.group] = step.name
          }
        }
        // Who is in no group any more is not named by a retry: the sweeper tells of them.
        if (step.kind !== 'whole') {
          world.clock.now += CYCLE_MS
          await world.tick()
        }
        const expected = rolesIn(model)
        expect(it.roles(), JSON.stringify(step)).toEqual(expected)
        if (step.kind === 'whole') {
          const changed = expected.filter((role, n) => role !== before[n]).length
          expect(it.writes() - writes).toBe(changed)
        }
      }
      world.clock.now += CYCLE_MS
      await world.tick()
      expect(it.roles()).toEqual(rolesIn(model))
      expect(await untold(it)).toEqual([])
      const writes = it.writes()
      world.clock.now += CYCLE_MS
      await world.tick()
      expect(it.writes()).toBe(writes)
    }),
    { numRuns: env.TEST_CUTS === 'all' ? 8 : 5 },
  )
})
