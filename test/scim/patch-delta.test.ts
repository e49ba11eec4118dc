import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matches } from '../../src/scim/match.ts'
import { applyPatch, type PatchOperation } from '../../src/scim/patch.ts'
import { separate } from '../../src/scim/patch-delta.ts'
import type { Json, JsonObject, Profile } from '../../src/scim/schema.ts'
import { group, outcome } from './definitions.ts'

type Given = { op: PatchOperation['op']; path?: string; value?: Json }

function split(operations: readonly Given[], profile: Profile = 'tolerant') {
  const full = operations.map(({ op, path, value }) => ({ op, path, value }))
  return separate(group, full, 'members', profile)
}

const changes = (operation: Given, profile?: Profile) => split([operation], profile).changes

describe('separate', () => {
  it.each<[string, Given, unknown]>([
    [
      'add',
      { op: 'add', path: 'members', value: [{ value: 'a' }] },
      { op: 'add', values: [{ value: 'a' }] },
    ],
    [
      '$ref null',
      { op: 'add', path: 'Members', value: [{ $ref: null, value: 'a' }] },
      { op: 'add', values: [{ value: 'a' }] },
    ],
    [
      'a bare string',
      { op: 'add', path: 'members', value: 'a' },
      { op: 'add', values: [{ value: 'a' }] },
    ],
    [
      'bare strings',
      { op: 'remove', path: 'members', value: ['a', 'b'] },
      { op: 'remove', values: [{ value: 'a' }, { value: 'b' }] },
    ],
    [
      'one object',
      { op: 'add', path: 'members', value: { value: 'a' } },
      { op: 'add', values: [{ value: 'a' }] },
    ],
    [
      'JSON in a string',
      { op: 'add', path: 'members', value: '{"value":"a"}' },
      { op: 'add', values: [{ value: 'a' }] },
    ],
    [
      'the sub-attribute',
      { op: 'add', path: 'members.value', value: 'a' },
      { op: 'add', values: [{ value: 'a' }] },
    ],
    [
      'a filtered add',
      { op: 'add', path: 'members[value eq "a"]', value: { type: 'User' } },
      { op: 'add', values: [{ value: 'a', type: 'User' }] },
    ],
    [
      'remove by filter',
      { op: 'remove', path: 'members[value eq "a"]' },
      { op: 'remove', values: [{ value: 'a' }] },
    ],
    [
      'an or-chain',
      { op: 'remove', path: 'members[value eq "a" or value eq "b" or value eq "a"]' },
      { op: 'remove', values: [{ value: 'a' }, { value: 'b' }] },
    ],
    ['remove all', { op: 'remove', path: 'members' }, { op: 'removeAll' }],
    [
      'replace',
      { op: 'replace', path: 'members', value: [{ value: 'a' }] },
      { op: 'replace', values: [{ value: 'a' }] },
    ],
    [
      'replace by null',
      { op: 'replace', path: 'members', value: null },
      { op: 'replace', values: [] },
    ],
    ['replace by []', { op: 'replace', path: 'members', value: [] }, { op: 'replace', values: [] }],
    [
      'an add without path',
      { op: 'add', value: { members: [{ value: 'a' }] } },
      { op: 'add', values: [{ value: 'a' }] },
    ],
    [
      'a replace without path',
      { op: 'replace', value: { MEMBERS: [{ value: 'a' }] } },
      { op: 'replace', values: [{ value: 'a' }] },
    ],
    [
      'the same member twice',
      { op: 'add', path: 'members', value: [{ value: 'a' }, { value: 'a' }] },
      { op: 'add', values: [{ value: 'a' }] },
    ],
  ])('%s is one change', (_, operation, change) => {
    expect(split([operation])).toMatchObject({ rest: [], changes: [change] })
  })

  it.each<[string, Given]>([
    ['a remove of an empty array', { op: 'remove', path: 'members', value: [] }],
    ['an add of an empty array', { op: 'add', path: 'members', value: [] }],
    ['an add of null without path', { op: 'add', value: { members: null } }],
  ])('%s is no change', (_, operation) => {
    expect(split([operation])).toMatchObject({ rest: [], changes: [] })
  })

  it('a filter on anything but the value is kept as a filter on one element', () => {
    const [change] = changes({ op: 'remove', path: 'members[type eq "Group" and value sw "a"]' })
    if (change?.op !== 'removeWhere') throw new Error('not removeWhere')
    expect(matches(change.filter, { value: 'ab', type: 'Group' })).toBe(true)
    expect(matches(change.filter, { value: 'ab', type: 'User' })).toBe(false)
  })

  it('operations on other attributes are left as they are, in order', () => {
    const rename: Given = { op: 'replace', path: 'displayName', value: 'x' }
    const other: Given = { op: 'replace', value: { displayName: 'y' } }
    const { rest, changes } = split([rename, { op: 'remove', path: 'members' }, other])
    expect(rest).toEqual([
      { op: 'replace', path: 'displayName', value: 'x' },
      { op: 'replace', path: undefined, value: { displayName: 'y' } },
    ])
    expect(changes).toEqual([{ op: 'removeAll' }])
  })

  it('an operation without path keeps its other keys', () => {
    const { rest, changes } = split([
      { op: 'replace', value: { displayName: 'y', members: [{ value: 'a' }], id: 'g' } },
    ])
    expect(rest).toEqual([{ op: 'replace', path: undefined, value: { displayName: 'y', id: 'g' } }])
    expect(changes).toEqual([{ op: 'replace', values: [{ value: 'a' }] }])
  })

  it('changes keep the order of the operations', () => {
    const { changes } = split([
      { op: 'add', path: 'members', value: [{ value: 'a' }] },
      { op: 'remove', path: 'members', value: [{ value: 'a' }] },
      { op: 'add', path: 'members', value: [{ value: 'b' }] },
    ])
    expect(changes.map(({ op }) => op)).toEqual(['add', 'remove', 'add'])
  })

  it('a part of a member is immutable', () => {
    expect(
      outcome(() => changes({ op: 'replace', path: 'members[value eq "a"].value', value: 'b' })),
    ).toBe('mutability')
    expect(
      outcome(() =>
        changes({ op: 'replace', path: 'members[value eq "a"]', value: { value: 'b' } }),
      ),
    ).toBe('mutability')
    expect(outcome(() => changes({ op: 'remove', path: 'members[value eq "a"].type' }))).toBe(
      'mutability',
    )
  })

  it('a member without a value is invalidValue', () => {
    for (const value of [[{ type: 'User' }], 'a']) {
      expect(outcome(() => changes({ op: 'add', path: 'members', value }, 'strict'))).toBe(
        'invalidValue',
      )
    }
  })

  it.each([[[{}]], [[null]], [[{ value: null }]], [[{ display: 'Ada' }]], [{}]])(
    'a replace by %j, which names nobody, is no word for an empty group',
    (value) => {
      for (const profile of ['strict', 'tolerant'] as const) {
        expect(outcome(() => changes({ op: 'replace', path: 'members', value }, profile))).toBe(
          'invalidValue',
        )
      }
    },
  )

  it('null and [] are words for an empty group (RFC 7643 §2.5)', () => {
    for (const value of [null, []]) {
      expect(changes({ op: 'replace', path: 'members', value })).toEqual([
        { op: 'replace', values: [] },
      ])
    }
  })

  it('an add or remove that names nobody is refused where the profile is strict', () => {
    for (const op of ['add', 'remove'] as const) {
      for (const value of [[{}], [null], [{ value: 'a' }, {}]]) {
        expect(outcome(() => changes({ op, path: 'members', value }, 'strict'))).toBe(
          'invalidValue',
        )
      }
      expect(changes({ op, path: 'members', value: [{}] })).toEqual([])
    }
  })

  const id = fc.constantFrom('a', 'b', 'c', 'd')
  const values = fc.array(
    id.map((value) => ({ value })),
    { maxLength: 3 },
  )
  const operation: fc.Arbitrary<Given> = fc.oneof(
    fc.record({
      op: fc.constantFrom('add', 'replace', 'remove'),
      path: fc.constant('members'),
      value: values,
    }),
    fc.constant<Given>({ op: 'remove', path: 'members' }),
    id.map((one): Given => ({ op: 'remove', path: `members[value eq "${one}"]` })),
    fc
      .tuple(id, id)
      .map(
        ([a, b]): Given => ({ op: 'remove', path: `members[value eq "${a}" or value eq "${b}"]` }),
      ),
    fc.record({
      op: fc.constantFrom('add', 'replace'),
      value: values.map((members) => ({ members })),
    }),
  )

  it('applied to rows, the changes give the members that the whole PATCH gives', () => {
    fc.assert(
      fc.property(fc.uniqueArray(id), fc.array(operation, { maxLength: 6 }), (ids, given) => {
        const operations = given.map(({ op, path, value }) => ({ op, path, value }))
        const resource = {
          displayName: 'g',
          ...(ids.length > 0 && { members: ids.map((value) => ({ value })) }),
        }
        const after = applyPatch(group, resource, operations, 'tolerant').resource['members'] ?? []
        const rows = new Set<Json>(ids)
        for (const change of split(given).changes) {
          if (change.op === 'removeAll' || change.op === 'replace') rows.clear()
          if (change.op === 'removeWhere' || change.op === 'removeAll') continue
          for (const { value } of change.values) {
            if (value === undefined) continue
            if (change.op === 'remove') rows.delete(value)
            else rows.add(value)
          }
        }
        const expected = (after as JsonObject[]).map(({ value }) => value)
        expect([...rows].sort()).toEqual(expected.sort())
      }),
    )
  })
})
