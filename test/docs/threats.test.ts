import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

const ROOT = path.join(import.meta.dirname, '../..')
const page = readFileSync(path.join(ROOT, 'docs/security.md'), 'utf8')
const [, section = ''] = page.split('## Threats, and what proves each defence')
const threats = (section.split('\n## ')[0] ?? '')
  .split('\n')
  .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
  .filter(([, , defence]) => defence && !['defence', '---'].includes(defence))

test.each(threats.map(([, threat = '', , proof = '']) => [threat, proof]))(
  '%s: each test that docs/security.md names is there',
  (_, proof) => {
    // `file`: “title”; “another title of the same file”
    const parts = [...proof.matchAll(/`([^`]+)`: ((?:“[^”]+”(?:; )?)+)/g)]
    expect(parts.map(([part]) => part).join('')).toBe(proof)
    expect(parts.length).toBeGreaterThan(0)
    for (const [, file = '', titles = ''] of parts) {
      const source = path.join(ROOT, 'test', `${file}.test.ts`)
      const text = existsSync(source) ? readFileSync(source, 'utf8') : `no file ${source}`
      for (const [, title = ''] of titles.matchAll(/“([^”]+)”/g)) expect(text).toContain(title)
    }
  },
)

test('every threat has a defence and a test', () => {
  expect(threats.length).toBeGreaterThan(30)
  expect(threats.filter(([, threat, , proof]) => !threat || !proof)).toEqual([])
})
