/** What README.md and docs/operating.md promise to name, they name. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { COMMANDS } from '../../cli/commands.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const read = (page: string): string => readFileSync(path.join(ROOT, page), 'utf8')

test('README.md leads to every adapter', () => {
  const page = read('README.md')
  const folders = globSync('adapters/*/README.md', { cwd: ROOT }).map((one) => path.dirname(one))
  expect(folders.length).toBeGreaterThan(4)
  expect(folders.filter((folder) => !page.includes(`](${folder}`))).toEqual([])
})

test.each(Object.entries(COMMANDS))(
  'docs/operating.md says what postern %s is for',
  async (name, load) => {
    const { summary } = await load()
    expect(read('docs/operating.md')).toContain(`| \`${name}\` | ${summary} |`)
  },
)

test('README.md leads to every page of docs/, or to one that does', () => {
  const pages = globSync('docs/*.md', { cwd: ROOT })
  const texts = ['README.md', ...pages].map((page) => [page, read(page)] as const)
  const unfound = pages.filter(
    (page) =>
      !texts.some(([from, text]) => {
        const to = from === 'README.md' ? page : path.basename(page)
        return from !== page && new RegExp(`\\]\\(${to}[)#]`).test(text)
      }),
  )
  expect(unfound).toEqual([])
})
