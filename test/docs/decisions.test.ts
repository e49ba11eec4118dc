/** Records of decisions: each is in the list, and what one has changed of another is said in both. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

const FOLDER = path.join(import.meta.dirname, '../../docs/decisions')
const read = (file: string): string => readFileSync(path.join(FOLDER, file), 'utf8')
const files = globSync('[0-9]*.md', { cwd: FOLDER }).sort()

test('numbers are given once, and none is left out', () => {
  const numbers = files.map((file) => Number(file.slice(0, 4)))
  expect(numbers).toEqual(files.map((_, at) => at + 1))
})

test.each(files)('%s is in the list by its title', (file) => {
  const [, number = '', title = ''] = /^# (\d{4}) (.+)/.exec(read(file)) ?? []
  expect(number).toBe(file.slice(0, 4))
  expect(read('README.md')).toContain(`| [${number}](${file}) | ${title} |`)
})

const changed = files.flatMap((file) => {
  const [paragraph = ''] = /^\*\*Since then:\*\*.*?(?=\n\n)/ms.exec(read(file)) ?? []
  return [...paragraph.matchAll(/\]\((\d{4}-[^)#]+)/g)].map(([, by = '']) => [file, by] as const)
})

test.each(changed)('%s says that %s has changed something, which says so too', (file, by) => {
  expect(read(by)).toContain(`](${file}`)
})
