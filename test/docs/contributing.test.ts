/** CONTRIBUTING.md: every script and every dependency has its line, and the version is one. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

const read = (file: string): string =>
  readFileSync(path.join(import.meta.dirname, '../..', file), 'utf8')
const page = read('CONTRIBUTING.md')
const { version, scripts, dependencies } = JSON.parse(read('package.json')) as {
  readonly version: string
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
}

test.each(Object.keys(dependencies))('%s is argued', (name) => {
  const rows = page.split('\n').filter((line) => line.startsWith('| `'))
  expect(rows.some((row) => row.split(' | ', 1)[0]?.includes(`\`${name}\``))).toBe(true)
})

test.each(Object.keys(scripts))('npm run %s is somewhere to be read', (name) => {
  const pages = [page, read('README.md'), read('docs/deploy.md')].join()
  expect(pages).toMatch(new RegExp(`npm (?:run )?${name}\\b`))
})

test('package.json, its lock and the changelog have one version', () => {
  const lock = JSON.parse(read('package-lock.json'))
  const [, newest] = /^## (\d+\.\d+\.\d+)/m.exec(read('CHANGELOG.md')) ?? []
  expect([lock.version, lock.packages[''].version, newest]).toEqual([version, version, version])
})
