/** docs/console.md says of every page what it is for. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { AREAS, TABS } from '../../src/console/tabs.ts'

const page = readFileSync(path.join(import.meta.dirname, '../../docs/console.md'), 'utf8')

test.each([...TABS, ...AREAS].map(([, name]) => name))('it says what %s is for', (name) => {
  expect(page).toContain(`**${name}**`)
})
