/** What is saved of a form: the merge patch that leads to what it says. */
import { expect, test } from 'vitest'
import { mergePatch } from '../../src/access/merge-patch.ts'
import { mergeTo } from '../../src/console/forms/merge-to.ts'
import type { JsonObject } from '../../src/scim/schema.ts'

test.each<[JsonObject, JsonObject, JsonObject | undefined]>([
  [{ a: 1 }, { a: 1 }, undefined],
  [{ a: 1, b: 2 }, { b: 2 }, { a: null }],
  [{ a: { x: 1, y: [1] } }, { a: { y: [1] } }, { a: { x: null } }],
  [{ a: { x: 1, y: 2 } }, { a: { y: 2, x: 1 } }, undefined],
  [{ a: { x: 1 } }, { a: 'x' }, { a: 'x' }],
  [{ a: 'x' }, { a: { x: 1 } }, { a: { x: 1 } }],
  [{ a: [1, 2] }, { a: [2, 1] }, { a: [2, 1] }],
])('from %j to %j leads %j', (before, after, patch) => {
  expect(mergeTo(before, after)).toEqual(patch)
  expect(mergePatch(before, patch ?? {})).toEqual(after)
})
