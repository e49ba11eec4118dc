/** docs/admin-api.md has every route, with the role that each of its methods needs. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { Need } from '../../src/access/administrator.ts'
import { PERMISSIONS } from '../../src/admin/permissions.ts'

const page = readFileSync(path.join(import.meta.dirname, '../../docs/admin-api.md'), 'utf8')
const shown = [...page.matchAll(/^\| `(\/[^`]*)` \| ([^|]*) \|/gm)].map(
  ([, route = '', methods = '']) => [route, methods],
)

const wordsOf = ({ role, of }: Need): string => (of === 'all' ? `${role} of all` : role)

test('it has every route, and what it takes to be let in', () => {
  const held = Object.entries(PERMISSIONS).map(([route, needs]) => [
    route.replaceAll(/:(\w+)/g, '{$1}'),
    Object.entries<Need>(needs)
      .map(([method, need]) => `\`${method}\` ${wordsOf(need)}`)
      .join(', '),
  ])
  expect(shown).toEqual(held)
})
