import fc from 'fast-check'
import { expect, test } from 'vitest'
import { printCsv } from '../../cli/csv.ts'
import { parseGraph, parsePortal } from '../../src/admin/exported-users.ts'
import { parseCsv } from '../../src/admin/parse-csv.ts'

test('quoted cells hold separators, line ends and doubled quotes (RFC 4180 §2)', () => {
  expect(parseCsv('a,b\r\n"x,y","say ""hi""\r\nthere"\r\n')).toEqual([
    ['a', 'b'],
    ['x,y', 'say "hi"\r\nthere'],
  ])
})

test('a byte order mark, bare line feeds, empty lines and a missing last line end are no matter', () => {
  expect(parseCsv('\uFEFFa,b\n\n1,\n,2')).toEqual([
    ['a', 'b'],
    ['1', ''],
    ['', '2'],
  ])
  expect(parseCsv('')).toEqual([])
})

test('semicolons separate where the first line has no comma', () => {
  expect(parseCsv('a;b\r\n1,5;2')).toEqual([
    ['a', 'b'],
    ['1,5', '2'],
  ])
})

test('a quote that is never closed is an error', () => {
  expect(() => parseCsv('a\r\n"open')).toThrow(SyntaxError)
})

test('what is printed is read back as it was, formulas apart', () => {
  const cell = fc.string().filter((text) => !/^[=+\-@\t\r]/.test(text))
  fc.assert(
    fc.property(fc.array(fc.record({ a: cell, b: cell }), { minLength: 1 }), (rows) => {
      const read = parseCsv(printCsv(['a', 'b'], rows))
      expect(read).toEqual([['a', 'b'], ...rows.map(({ a, b }) => [a, b])])
    }),
  )
})

test('a cell that a spreadsheet would compute is printed as text', () => {
  expect(printCsv(['a'], [{ a: '=HYPERLINK("x")' }])).toBe('a\r\n"\'=HYPERLINK(""x"")"\r\n')
})

test('the portal’s template names its properties in brackets, and blocks sign-in by Yes', () => {
  const text =
    'version:v1.0\r\n' +
    'Name [displayName] Required,User name [userPrincipalName] Required,' +
    'Block sign in (Yes/No) [accountEnabled] Required,First name [givenName]\r\n' +
    'Chris Green,chris@contoso.com,No,Chris\r\n' +
    'Dana Reed,dana@contoso.com,Yes,\r\n'
  expect(parsePortal(text)).toEqual([
    {
      displayName: 'Chris Green',
      userPrincipalName: 'chris@contoso.com',
      accountEnabled: true,
      givenName: 'Chris',
    },
    { displayName: 'Dana Reed', userPrincipalName: 'dana@contoso.com', accountEnabled: false },
  ])
})

test('headers in plain words are understood', () => {
  expect(parsePortal('Object Id,User principal name,Last name\n1,a@b.example,Moss\n')).toEqual([
    { id: '1', Userprincipalname: 'a@b.example', surname: 'Moss' },
  ])
})

test('Graph answers with a value, or az with an array; what nothing can match by is left out', () => {
  const user = { id: '1', userPrincipalName: 'a@b.example', mail: null, businessPhones: ['+44'] }
  const read = { id: '1', userPrincipalName: 'a@b.example', businessPhones: ['+44'] }
  const more = { ...user, assignedLicenses: [{ skuId: 'x' }] }
  expect(parseGraph(JSON.stringify({ value: [more] }))).toEqual([read])
  expect(parseGraph(JSON.stringify([more]))).toEqual([read])
  expect(() => parseGraph('{"users":[]}')).toThrow(SyntaxError)
  expect(() => parseGraph('["ada"]')).toThrow(SyntaxError)
})
