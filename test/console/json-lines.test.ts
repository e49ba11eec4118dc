/** Where in a text something is wrong: for whoever has to mend it. */
import { expect, test } from 'vitest'
import { readJsonLines } from '../../src/console/forms/json-lines.ts'

const TEXT = `{
  "name": "desk",
  "resources": {
    "User": { "id": "/id",
      "lookups": [
        { "attribute": "login" },
        { "attribute": "mail" }
      ],
      "urn:a:2.0:User": "x"
    }
  },
  "last": [[1, -2.5e3, true, null, "\\u0041\\n"]]
}
`

test('what a text says is what JSON.parse says', () => {
  expect(readJsonLines(TEXT)).toMatchObject({ ok: true, value: JSON.parse(TEXT) })
})

test.each([
  ['name', 2],
  ['resources.User.id', 4],
  ['resources.User.lookups.1.attribute', 7],
  ['resources.User.urn:a:2.0:User', 9],
  ['resources.User.nope', 4],
  ['resources.User.lookups.1.nope.deeper', 7],
  ['last.0.4', 12],
  ['nope', 1],
  ['', 1],
])('%j stands on line %i, or what is around it does', (path, line) => {
  const read = readJsonLines(TEXT)
  expect(read.ok && read.lines.of(path)).toBe(line)
})

test.each([
  ['{\n"a": 1,\n}', 3, 'name in double quotes'],
  ['{\n"a" 1}', 2, 'colon'],
  ['{"a": 1\n"b": 2}', 2, 'comma'],
  ['[1,\n2', 2, 'comma'],
  ['{"a": tru}', 1, 'no value of JSON'],
  ['{"a":\n', 2, 'ends too early'],
  ['', 1, 'ends too early'],
  ['{"a": "b\n"}', 1, 'does not end'],
  ['{"a": 1,\n"a": 2}', 2, 'twice'],
  ['{}\n{}', 2, 'behind the end'],
  ['{"a": 01}', 1, 'no value of JSON'],
  ["{'a': 1}", 1, 'name in double quotes'],
  ['['.repeat(200), 1, 'nests deeper'],
])('%j is no JSON on line %i', (text, line, message) => {
  const read = readJsonLines(text)
  expect(read).toMatchObject({ ok: false, fault: { line } })
  expect(!read.ok && read.fault.message).toContain(message)
})
