import { DN } from 'ldapts'
import { describe, expect, test } from 'vitest'
import {
  childOf,
  foldDn,
  isBelow,
  parentOf,
  parseDn,
  writeRdn,
} from '../../../src/adapter/ldap/dn.ts'

const BASE = 'ou=people,dc=example,dc=com'

describe('a distinguished name', () => {
  test.each([
    'ada',
    'ada, dc=evil',
    'a+cn=admin',
    '#04024869',
    ' leading and trailing ',
    '"quoted" <x> \\ ; = ,',
    'Ünïcødé 名 🜚',
    'nul\0here',
    'line\nbreak',
    '\\',
    ' ',
    'a\\',
    'a\\,b',
    'ada@example.com',
  ])('holds any value, and nothing that the value says: %j', (value) => {
    const dn = childOf(BASE, [{ type: 'uid', value }])
    expect(parseDn(dn)).toEqual([[{ type: 'uid', value }], ...(parseDn(BASE) ?? [])])
    expect(parentOf(dn)).toBe(BASE)
    expect(dn).not.toContain('\0')
  })

  test('is read as others write it', () => {
    expect(parseDn('UID = ada , OU=People')).toEqual([
      [{ type: 'UID', value: 'ada' }],
      [{ type: 'OU', value: 'People' }],
    ])
    expect(parseDn('cn=Ada\\2C Quill+uid=a\\+b,dc=x')?.[0]).toEqual([
      { type: 'cn', value: 'Ada, Quill' },
      { type: 'uid', value: 'a+b' },
    ])
    expect(parseDn('cn=L\\C3\\B6we,dc=x')?.[0]).toEqual([{ type: 'cn', value: 'Löwe' }])
    expect(parseDn(new DN({ cn: 'a,b', dc: 'x' }).toString())?.[0]).toEqual([
      { type: 'cn', value: 'a,b' },
    ])
  })

  test.each(['', 'ada', 'ada,dc=x', '=x', 'c n=x', 'cn=#04024869'])('%j is none', (text) => {
    expect(parseDn(text)).toBeUndefined()
  })

  test('is the same in any way of writing it', () => {
    expect(foldDn('UID=Ada , OU=people')).toBe(foldDn('uid=ada,ou=People'))
    expect(foldDn('cn=A+uid=b,dc=x')).toBe(foldDn('UID=B+cn=a,dc=x'))
    expect(foldDn('cn=a\\2cb,dc=x')).toBe(foldDn('cn=a\\,b,dc=x'))
    expect(foldDn('cn=a\\,b,dc=x')).not.toBe(foldDn('cn=a,cn=b,dc=x'))
  })

  test('is below a base by whole names', () => {
    expect(isBelow(`uid=a,OU=People,DC=example,dc=com`, BASE)).toBe(true)
    expect(isBelow(BASE, BASE)).toBe(true)
    expect(isBelow('uid=a,xou=people,dc=example,dc=com', BASE)).toBe(false)
    expect(isBelow('uid=a\\,ou=people,dc=example,dc=com', BASE)).toBe(false)
  })

  test('of several parts is written as one', () => {
    expect(
      writeRdn([
        { type: 'cn', value: 'a+b' },
        { type: 'uid', value: 'c' },
      ]),
    ).toBe('cn=a\\2bb+uid=c')
  })
})
