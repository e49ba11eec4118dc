/** The numbers of docs/comparison.md. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import recorded from '../idp/entra-cases.json' with { type: 'json' }

const ROOT = path.join(import.meta.dirname, '../..')
const page = readFileSync(path.join(ROOT, 'docs/comparison.md'), 'utf8')

test('the command of the page counts the lines that the page says', () => {
  const [, command = '', file = ''] = /^(grep -c '') (examples\S+)$/m.exec(page) ?? []
  expect(command).toBe("grep -c ''")
  const counted = execFileSync('grep', ['-c', '', file], { cwd: ROOT, encoding: 'utf8' }).trim()
  const [, code, data] = /^\| Postern, .* \| (\d+) \| (\d+) \|$/m.exec(page) ?? []
  expect({ code, data }).toEqual({ code: '0', data: counted })
  expect(page.match(/\bthe 107 lines\b/i)?.[0].match(/\d+/)?.[0]).toBe(counted)
})

test('so does the whole manifest, and the exchanges that go through both', () => {
  const [, lines, whole = ''] = /\[(\d+) lines\]\(\.\.\/(\S+)\)/.exec(page) ?? []
  expect(readFileSync(path.join(ROOT, whole), 'utf8').split('\n').length - 1).toBe(Number(lines))
  const [, exchanges] = /The (\d+) recorded exchanges/.exec(page) ?? []
  const executable = (recorded.cases as { executable?: boolean }[]).filter((one) => one.executable)
  // One of them is about groups in groups, which the app does not have.
  expect(executable.length - 1).toBe(Number(exchanges))
})
