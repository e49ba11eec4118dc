/** The catalogue of events, the page that tells it, and the sources that log them. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { EVENTS, FORMS } from '../../src/log/events.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const page = readFileSync(path.join(ROOT, 'docs/logs.md'), 'utf8')
const sources = globSync(['src/**/*.ts', 'src/**/*.tsx', 'adapters/*/index.ts'], { cwd: ROOT }).map(
  (file) => ({ file, text: readFileSync(path.join(ROOT, file), 'utf8') }),
)

test('docs/logs.md has the table of events as they are', () => {
  const rows = Object.entries(EVENTS).map(([event, { level, says, fields }]) => {
    const names = Object.keys(fields).map((name) => `\`${name}\``)
    return `| \`${event}\` | ${level} | ${says} | ${names.join(', ')} |`
  })
  const told = page
    .split('\n')
    .filter((line) => /^\| `[a-z.-]+` \| (?:info|warn|error) \|/.test(line))
  expect(told).toEqual(rows)
})

test('docs/logs.md says what each field may hold', () => {
  const fields = Object.values(EVENTS).flatMap((event) => Object.entries<unknown>(event.fields))
  const told = new Map(
    [...page.matchAll(/^\| ((?:`\w+`(?:, )?)+) \| (?!info|warn|error)(.+) \|$/gm)].flatMap(
      ([, names = '', says = '']) =>
        [...names.matchAll(/\w+/g)].map(([name]) => [name, says] as const),
    ),
  )
  expect([...told.keys()].sort()).toEqual([...new Set(fields.map(([name]) => name))].sort())
  for (const [name, form] of fields) {
    const words = Array.isArray(form) ? form.filter(Boolean) : []
    for (const word of words) expect(told.get(name), name).toContain(`\`${word}\``)
  }
})

test('every event of the catalogue is logged somewhere, and nothing prints past it', () => {
  const others = sources.filter(({ file }) => !file.startsWith('src/log/'))
  const text = others.map((source) => source.text).join('\n')
  expect(Object.keys(EVENTS).filter((event) => !text.includes(`'${event}'`))).toEqual([])
  // The types refuse an event of another name; a line of its own would pass them by.
  const printing = others.filter((source) =>
    /\bconsole\.(?:log|debug|info|warn|error)\(/.test(source.text),
  )
  expect(printing.map(({ file }) => file)).toEqual(['src/worker.ts'])
})

test('no form lets an address of mail through', () => {
  const fits = Object.entries(FORMS).filter(([, form]) => form.test('ada.lund@example.com'))
  expect(fits).toEqual([])
})
