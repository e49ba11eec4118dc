import { expect, test } from 'vitest'
import { parseLinks } from '../../cli/moving/links-file.ts'

const LINKS = [
  { type: 'User', id: 'v1', nativeId: '1', externalId: 'e,1' },
  { id: 'v2', nativeId: '2' },
]

test.each([
  ['CSV', 'type,id,nativeId,externalId\r\nUser,v1,1,"e,1"\r\n,v2,2,\r\n'],
  ['CSV of a spreadsheet', '\uFEFFType;ID;NativeID;ExternalID\nUser;v1;1;e,1\n;v2;2;\n'],
  ['a JSON array', JSON.stringify(LINKS, null, 2)],
  ['an object with items', JSON.stringify({ items: LINKS }, null, 2)],
  ['an object with items, on one line', JSON.stringify({ items: LINKS })],
  ['NDJSON', LINKS.map((link) => `${JSON.stringify(link)}\n`).join('')],
])('%s is read', (_, text) => {
  expect(parseLinks(text)).toEqual(LINKS)
})

test.each([
  ['a column that an import does not know', 'id,nativeId,mail\n1,2,3'],
  ['a column that is missing', 'type,id\nUser,1'],
  ['a line that is no JSON', '{"id":"1"}\n{"id":'],
  ['an entry that is no object', '[1]'],
  ['no list', '{"links":[]\n}'],
])('%s is said', (_, text) => {
  expect(() => parseLinks(text)).toThrow(SyntaxError)
})

test('one link alone, on one line, is one link', () => {
  expect(parseLinks('{"id":"1","nativeId":"2"}')).toEqual([{ id: '1', nativeId: '2' }])
})
