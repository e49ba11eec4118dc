/** Functions for expressions: values of our own, results by Microsoft's reference of them. */
import { describe, expect, test } from 'vitest'
import { evaluate } from '../../src/mapping/expression.ts'
import { FUNCTIONS, type Given } from '../../src/mapping/functions.ts'

const call = (name: string, ...given: Given[]): Given => FUNCTIONS[name]?.(...given)
const nothing = undefined

describe('functions by Entra’s names', () => {
  test.each<[string, Given[], Given]>([
    ['Append', ['ilse@nordlicht.example', '.sbx'], 'ilse@nordlicht.example.sbx'],
    ['Append', [nothing, '.sbx'], nothing],
    ['Join', [' ', 'Ilse', nothing, 'Vargaard'], 'Ilse Vargaard'],
    ['Join', [', ', '', 'Doe', ['J', 'K']], 'Doe, J, K'],
    ['Mid', ['Vargaard', 2, 3], 'arg'],
    ['Mid', ['Vargaard', 6, 50], 'ard'],
    ['Left', ['Haddad', -1], 'Haddad'],
    ['Left', ['Haddad', 0], ''],
    ['Left', [nothing, 3], ''],
    ['Left', ['Haddad', 99], 'Haddad'],
    ['Right', ['Haddad', 3], 'dad'],
    ['Right', ['Haddad', 0], ''],
    ['InStr', ['Haddad', 'DAD', nothing, 'vbTextCompare'], 4],
    ['InStr', ['Haddad', 'DAD'], 0],
    ['InStr', ['Haddad', 'd', 5], 6],
    ['Item', [['a', 'b'], 1], 'a'],
    ['Item', ['a', 1], 'a'],
    ['Item', [['a'], 2], nothing],
    ['First', [['a', 'b']], 'a'],
    ['Word', ['paint,weld;test', 2, ',;'], 'weld'],
    ['Word', ['paint', 0, ','], ''],
    ['Word', ['a,,b', 2, ','], 'b'],
    ['NormalizeDiacritics', ['Sørensen-Łęcka ß'], 'Soerensen-Lecka ss'],
    ['NormalizeDiacritics', ['Ährenäöü'], 'Ahrenaou'],
    ['StripSpaces', ['a b\tc'], 'ab\tc'],
    ['Trim', ['  a b '], 'a b'],
    ['ToLower', ['IlSE'], 'ilse'],
    ['ToUpper', ['istanbul', 'tr-TR'], 'İSTANBUL'],
    ['ToUpper', ['istanbul'], 'ISTANBUL'],
    ['Not', [nothing], 'True'],
    ['Not', ['True'], 'False'],
    ['Not', ['anything'], 'True'],
    ['Not', [true], false],
    ['Coalesce', [nothing, '', 'z'], ''],
    ['Coalesce', [null, nothing], nothing],
    ['IsPresent', [''], false],
    ['IsNullOrEmpty', [nothing], true],
    ['IsNull', [''], false],
    ['IsString', [1], false],
    ['IIF', [nothing, 'a', 'b'], 'b'],
    ['IIF', ['True', 'a', 'b'], 'a'],
    ['And', [true, 'true'], true],
    ['Or', [false, nothing], false],
    ['CBool', [2], true],
    ['CBool', ['x'], false],
    ['CStr', [12], '12'],
    ['Switch', ['a', 'none', 'A', '1'], 'none'],
    ['Switch', ['True', nothing, 'False', 'True', 'True', 'False'], 'False'],
    ['Switch', [nothing, 'none', '', 'empty'], 'empty'],
    [
      'Replace',
      ['noor@old.example', '@old.example', null, null, '@new.example'],
      'noor@new.example',
    ],
    ['Replace', ['77', '<u>', null, null, null, null, 'x-<u>-y'], 'x-77-y'],
    ['Replace', ['a$b', '$', null, null, '$&'], 'a$&b'],
    ['ConvertToBase64', ['hi'], 'aABpAA=='],
    ['ConvertToUTF8Hex', ['hi'], '6869'],
    ['BitAnd', ['&HF', '&HF7'], 7],
    ['Split', ['a,b', ','], ['a', 'b']],
    ['Count', [['a', 'b']], 2],
    ['Count', [nothing], 0],
    ['RemoveDuplicates', [['a', 'b', 'a']], ['a', 'b']],
    ['PCase', ["O'DELL-VARGAARD", " '-"], "O'Dell-Vargaard"],
    ['PCase', ['ilse van dam'], 'Ilse Van Dam'],
    ['CDate', ['2026-03-01T02:00:00+02:00'], '3/1/2026 12:00:00 AM'],
    ['DateDiff', ['d', '3/1/2026 12:00:00 AM', '2026-03-09'], 8],
    ['DateDiff', ['m', '2026-03-01', '2025-12-31'], -3],
    ['DateAdd', ['ww', 2, '2026-03-01'], '3/15/2026 12:00:00 AM'],
    ['DateAdd', ['m', 1, '2026-01-31'], '2/28/2026 12:00:00 AM'],
    [
      'FormatDateTime',
      ['20260714090807.6Z', null, 'yyyyMMddHHmmss.fZ', 'yyyy-MM-dd'],
      '2026-07-14',
    ],
    [
      'FormatDateTime',
      ['2026-07-14T21:08:07Z', null, null, "d MMM yy h:mm tt 'o'"],
      '14 Jul 26 9:08 PM o',
    ],
    ['FormatDateTime', [nothing, null, null, 'yyyy'], nothing],
    ['NumFromDate', ['2026-03-01'], '134167968000000000'],
    ['DateFromNum', ['134167968000000000'], '3/1/2026 12:00:00 AM'],
  ])('%s of %j is %j', (name, given, made) => {
    expect(call(name, ...given)).toEqual(made)
  })

  test.each<[string, Given[]]>([
    ['Replace', ['a', null, 'a+', null, 'b']],
    ['Replace', ['a', '', null, null, 'b']],
    ['Mid', ['a', 0, 1]],
    ['Item', [['a'], 0]],
    ['Switch', ['a', 'b', 'c']],
    ['Split', ['a', '']],
    ['CDate', ['tomorrow']],
    ['FormatDateTime', ['2026-02-31', null, 'yyyy-MM-dd', 'yyyy']],
    ['FormatDateTime', ['2026-02-01', null, null, 'yyyy-QQ']],
    ['DateAdd', ['fortnight', 1, '2026-03-01']],
    ['BitAnd', ['x', 1]],
    ['Append', [['a'], 'b']],
    ['ToUpper', ['a', 'not a culture']],
  ])('%s of %j is a fault that says so', (name, given) => {
    expect(() => call(name, ...given)).toThrow(expect.objectContaining({ name: 'FunctionFault' }))
  })

  test('each of them can be called in an expression', async () => {
    for (const name of Object.keys(FUNCTIONS)) {
      await evaluate(`$exists($${name})`, {})
    }
  })
})
