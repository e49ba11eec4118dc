/** docs/kit.md lists what the kit does, in the kit's own words. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { CHECKS } from '../../src/adapter/kit/checks.ts'

const page = readFileSync(path.join(import.meta.dirname, '../../docs/kit.md'), 'utf8')

test('every check is in the table, with what it needs and why, and nothing else is', () => {
  const rows = page.split('\n').filter((line) => /^\| `\w+\./.test(line))
  expect(rows).toEqual(
    CHECKS.map(({ id, needs, mutates, why }) => {
      return `| \`${id}\` | ${needs.join(', ')} | ${mutates ? 'yes' : ''} | ${why} |`
    }),
  )
})
