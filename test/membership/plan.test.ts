import { expect, test } from 'vitest'
import { needsPresent, planChanges } from '../../src/membership/plan.ts'
import type { ValueChange } from '../../src/scim/patch-delta.ts'

const values = (...ids: string[]) => ids.map((value) => ({ value }))
const present = ['a', 'b'].map((member) => ({ member, memberType: 'User' }))

function wanted(changes: readonly ValueChange[], additive = false): Record<string, boolean> {
  return Object.fromEntries(planChanges(changes, present, additive).wanted)
}

test('changes hold in their order: the last word on a member counts', () => {
  const [add, remove] = [
    { op: 'add', values: values('c') },
    { op: 'remove', values: values('c') },
  ] as const
  expect(wanted([add, remove])).toEqual({ c: false })
  expect(wanted([remove, add])).toEqual({ c: true })
})

test('a replace speaks of everybody, of those whom this request has added before it too', () => {
  const changes: ValueChange[] = [
    { op: 'add', values: values('c') },
    { op: 'replace', values: values('b', 'd') },
  ]
  expect(wanted(changes)).toEqual({ a: false, b: true, c: false, d: true })
})

test('a removal of all spares those who are added after it', () => {
  const changes: ValueChange[] = [{ op: 'removeAll' }, { op: 'add', values: values('b', 'c') }]
  expect(wanted(changes)).toEqual({ a: false, b: true, c: true })
})

test('an additive replace with one member speaks of that one, is counted, and needs to read nobody', () => {
  const one: ValueChange = { op: 'replace', values: values('c') }
  const two: ValueChange = { op: 'replace', values: values('c', 'd') }
  expect(planChanges([one], [], true)).toMatchObject({ additive: 1 })
  expect(wanted([one], true)).toEqual({ c: true })
  expect([needsPresent([one], true), needsPresent([one], false)]).toEqual([false, true])
  expect(needsPresent([two], true)).toBe(true)
  expect(wanted([two], true)).toEqual({ a: false, b: false, c: true, d: true })
})

test('adds and removes need to read nobody', () => {
  const changes: ValueChange[] = [
    { op: 'add', values: values('c') },
    { op: 'remove', values: values('a') },
  ]
  expect(needsPresent(changes, false)).toBe(false)
})

test('whoever is named as a member is to be known, even if removed again', () => {
  const changes: ValueChange[] = [
    { op: 'add', values: values('x') },
    { op: 'remove', values: values('x', 'y') },
  ]
  expect([...planChanges(changes, [], false).named]).toEqual(['x'])
})

test('a member without an id is refused', () => {
  expect(() => planChanges([{ op: 'add', values: [{}] }], [], false)).toThrow('"value"')
})
