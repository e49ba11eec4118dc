import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

const ROOT = path.join(import.meta.dirname, '../..')
const pages = globSync(
  ['*.md', 'docs/**/*.md', 'adapters/**/*.md', 'examples/**/*.md', 'bench/**/*.md'],
  {
    cwd: ROOT,
  },
)

test.each(pages)('%s links to files that are there', (page) => {
  const text = readFileSync(path.join(ROOT, page), 'utf8')
  const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(
    ([, target = '']) => target,
  )
  const missing = targets.filter(
    (target) => !existsSync(path.join(ROOT, path.dirname(page), decodeURIComponent(target))),
  )
  expect(missing).toEqual([])
})
