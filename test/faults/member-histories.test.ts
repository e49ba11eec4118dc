/**
 * Random histories of one group against a set: adds, removes, replaces and PUTs, two clients at once,
 * requests that are cut off, with or without a retry. In the end the app holds exactly what was wanted.
 */
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { MEMBER_SHAPES, type MemberShape } from '../support/member-shapes.ts'
import {
  add,
  groupNamed,
  openTeam,
  remove,
  replace,
  type Team,
  unfinished,
} from '../support/team.ts'
import { CYCLE_MS, patch } from '../support/world.ts'

vi.setConfig({ testTimeout: 300_000 })

const PEOPLE = 6

interface Change {
  readonly op: 'add' | 'remove' | 'removeWhere' | 'replace' | 'put' | 'removeAll'
  readonly people: readonly number[]
}

type Step =
  | { readonly kind: 'whole'; readonly change: Change }
  /** Each of two clients speaks of people of its own. */
  | { readonly kind: 'two'; readonly first: Change; readonly second: Change }
  | {
      readonly kind: 'cut'
      readonly change: Change
      readonly step: number
      readonly how: 'dies' | 'lost' | 'refused'
      /** False: the sweeper is all there is. */
      readonly retried: boolean
    }
  | { readonly kind: 'time'; readonly hours: number }

const people = fc.uniqueArray(fc.nat(PEOPLE - 1), { minLength: 1, maxLength: 4 })
const change = fc.record<Change>({
  op: fc.constantFrom('add', 'remove', 'removeWhere', 'replace', 'put', 'removeAll'),
  people,
})
const some = (of: readonly number[]) =>
  fc.record<Change>({
    op: fc.constantFrom('add', 'remove'),
    people: fc.uniqueArray(fc.constantFrom(...of), { minLength: 1 }),
  })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('whole' as const), change }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('two' as const),
      first: some([0, 1, 2]),
      second: some([3, 4, 5]),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('cut' as const),
      change,
      step: fc.integer({ min: 1, max: 14 }),
      how: fc.constantFrom('dies' as const, 'lost' as const, 'refused' as const),
      retried: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('time' as const), hours: fc.nat(2) }) },
)

function after(model: ReadonlySet<number>, { op, people }: Change): Set<number> {
  switch (op) {
    case 'add':
      return new Set([...model, ...people])
    case 'remove':
    case 'removeWhere':
      return new Set([...model].filter((n) => !people.includes(n)))
    case 'replace':
    case 'put':
      return new Set(people)
    case 'removeAll':
      return new Set()
  }
}

function requestOf({ ids, path }: Team, { op, people }: Change): [string, string, unknown] {
  const named = people.map((n) => ids[n] ?? '')
  switch (op) {
    case 'add':
      return ['PATCH', path, add(...named)]
    case 'remove':
      return ['PATCH', path, remove(...named)]
    case 'removeWhere': {
      const ops = named.map((id) => ({ op: 'remove', path: `members[value eq "${id}"]` }))
      return ['PATCH', path, patch(...ops)]
    }
    case 'replace':
      return ['PATCH', path, replace(...named)]
    case 'put':
      return ['PUT', path, groupNamed('Line 4', ...named)]
    case 'removeAll':
      return ['PATCH', path, patch({ op: 'remove', path: 'members' })]
  }
}

/** As a client does that is told to come back. */
async function send(team: Team, change: Change): Promise<void> {
  const { world } = team
  for (let tries = 0; tries < 30; tries++) {
    const { status } = await world.open().scim(world.scim, ...requestOf(team, change))
    if (status < 300) return
    expect(status).toBe(503)
    world.clock.now += 30_000
  }
  throw new Error('a client was never served')
}

async function sweepAll(team: Team): Promise<void> {
  for (let runs = 0; runs < 10; runs++) {
    team.world.clock.now += CYCLE_MS
    await team.world.tick()
    if ((await unfinished(team)).length === 0) return
  }
  throw new Error('the sweeper did not finish')
}

const idsOf = (team: Team, model: Iterable<number>) =>
  [...model].map((n) => team.ids[n] ?? '').sort()

async function live(shape: MemberShape, history: readonly Step[]): Promise<void> {
  const team = await openTeam(PEOPLE, 2, { shape })
  const { world } = team
  let model: ReadonlySet<number> = new Set([0, 1])
  for (const step of history) {
    switch (step.kind) {
      case 'whole':
        await send(team, step.change)
        model = after(model, step.change)
        break
      case 'two':
        await Promise.all([send(team, step.first), send(team, step.second)])
        model = after(after(model, step.first), step.second)
        break
      case 'cut': {
        const { change, step: at, how } = step
        await world.open({ step: at, how }).scim(world.scim, ...requestOf(team, change))
        const next = after(model, change)
        if (step.retried) {
          world.clock.now += CYCLE_MS
          await send(team, change)
          model = next
        } else {
          await sweepAll(team)
          // Written down, it has happened as a whole; not written down, it has not.
          expect([idsOf(team, model), idsOf(team, next)]).toContainEqual(team.held())
          if (team.held().join() !== idsOf(team, model).join()) model = next
        }
        break
      }
      case 'time':
        world.clock.now += step.hours * 3_600_000
    }
    if (step.kind !== 'time') expect(team.held()).toEqual(idsOf(team, model))
  }
  await sweepAll(team)
  expect(team.held()).toEqual(idsOf(team, model))
  expect(await team.shown()).toEqual(idsOf(team, model))
}

test.each(MEMBER_SHAPES)(
  'in an app that takes members by %s no history loses or keeps anybody',
  async (shape) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 8 }), (history) =>
        live(shape, history),
      ),
      { numRuns: env.TEST_CUTS === 'all' ? 12 : 6, endOnFailure: false },
    )
  },
)
