/** Every link of a page to a file of ours leads to one, and where it names a heading, to that. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

const ROOT = path.join(import.meta.dirname, '../..')
const FOLDERS = ['adapters', 'bench', 'docs', 'examples', 'ops', 'src', 'test']
const pages = globSync(['*.md', ...FOLDERS.map((folder) => `${folder}/**/*.md`)], {
  cwd: ROOT,
  exclude: ['**/node_modules/**'],
})

/** Without what stands in fences: no link there is one. */
const textOf = (page: string): string =>
  readFileSync(path.join(ROOT, page), 'utf8').replaceAll(/^( *)```.*?^\1```$/gms, '')

/** As GitHub makes an anchor of a heading: the second of one name is `name-1`. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of textOf(page).matchAll(/^#{1,6} +(.+)$/gm)) {
    const shown = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').trim()
    const name = shown.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    const anchor = name.replaceAll(' ', '-')
    let n = 0
    while (anchors.has(n === 0 ? anchor : `${anchor}-${n}`)) n += 1
    anchors.add(n === 0 ? anchor : `${anchor}-${n}`)
  }
  return anchors
}

function isThere(page: string, link: string): boolean {
  const [target = '', anchor] = link.split('#', 2)
  const file = target === '' ? page : path.join(path.dirname(page), decodeURIComponent(target))
  if (file.startsWith('..') || !existsSync(path.join(ROOT, file))) return false
  return anchor === undefined || !file.endsWith('.md') || anchorsOf(file).has(anchor)
}

test.each(pages)('%s leads to what is there', (page) => {
  const links = [...textOf(page).matchAll(/\]\((?![a-z]+:)([^)\s]+)/g)].map(([, to = '']) => to)
  expect(links.filter((link) => !isThere(page, link))).toEqual([])
})
