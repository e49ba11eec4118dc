/** docs/entra.md quotes what our errors say: whoever searches the page for a `detail` finds it. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

const ROOT = path.join(import.meta.dirname, '../..')
const page = readFileSync(path.join(ROOT, 'docs/entra.md'), 'utf8')
// A text that is broken into two lines is one text.
const source = globSync('src/**/*.ts', { cwd: ROOT })
  .map((file) => readFileSync(path.join(ROOT, file), 'utf8').replaceAll(/['`]\s*\+\s*['`]/g, ''))
  .join('\n')

const [, table = ''] = /^\| `detail` says .*?\n\|---.*?\n(.*?)\n\n/ms.exec(page) ?? []
const quoted = [...table.matchAll(/^\| `([^`]+)` \|/gm)].map(([, text = '']) => text)

test('the page has a table of what errors say', () => expect(quoted.length).toBeGreaterThan(20))

test.each(quoted)('an error says: %s', (text) => {
  expect(source.includes(text)).toBe(true)
})
