import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Attribute, attribute, type Json, type Profile } from '../../src/scim/schema.ts'
import { ENTERPRISE_USER_SCHEMA, GROUP_SCHEMA, USER_SCHEMA } from '../../src/scim/schemas.ts'
import {
  coerceValue,
  compareValues,
  equalValues,
  isUnassigned,
  keepOnePrimary,
  parseDateTime,
} from '../../src/scim/values.ts'

function named(name: string): Attribute {
  const all = [USER_SCHEMA, GROUP_SCHEMA, ENTERPRISE_USER_SCHEMA].flatMap((s) => s.attributes)
  const found = all.find((a) => a.name === name)
  if (!found) throw new Error(`no attribute ${name}`)
  return found
}

const simple = (type: Attribute['type'], extra: Partial<Attribute> = {}) =>
  attribute({ name: 'a', type, ...extra })

function refusal(a: Attribute, value: Json, profile: Profile) {
  try {
    coerceValue(a, value, profile)
  } catch (error) {
    return error
  }
  return undefined
}

const invalidValue = (detail: RegExp) =>
  expect.objectContaining({ scimType: 'invalidValue', message: expect.stringMatching(detail) })

describe('coerceValue, tolerant', () => {
  it.each(['True', 'true', 'TRUE'])('reads the boolean %s in any letter case', (text) => {
    expect(coerceValue(named('active'), text, 'tolerant')).toBe(true)
    expect(coerceValue(named('active'), 'False', 'tolerant')).toBe(false)
  })

  it('refuses what is no boolean, naming the attribute and the type', () => {
    const error = refusal(named('active'), 'yes please', 'tolerant')
    expect(error).toEqual(invalidValue(/"active" must be .* boolean/))
  })

  it('reads numbers from strings and strings from numbers', () => {
    expect(coerceValue(simple('integer'), '42', 'tolerant')).toBe(42)
    expect(coerceValue(simple('decimal'), '-1.5', 'tolerant')).toBe(-1.5)
    expect(coerceValue(simple('string'), 42, 'tolerant')).toBe('42')
    expect(refusal(simple('integer'), '4.5', 'tolerant')).toEqual(invalidValue(/integer/))
    expect(refusal(simple('integer'), 2 ** 60, 'tolerant')).toEqual(invalidValue(/integer/))
  })

  it('unwraps a scalar that the old Microsoft library put into an array', () => {
    const wrapped = [{ $ref: null, value: 'Ilse' }]
    expect(coerceValue(named('displayName'), wrapped, 'tolerant')).toBe('Ilse')
    expect(coerceValue(named('active'), [{ $ref: null, value: 'False' }], 'tolerant')).toBe(false)
    expect(refusal(named('displayName'), ['a', 'b'], 'tolerant')).toEqual(invalidValue(/string/))
  })

  it('maps value objects to the scalars of a simple multi-valued attribute', () => {
    const pools = simple('string', { multiValued: true })
    expect(coerceValue(pools, [{ value: '1' }, '2'], 'tolerant')).toEqual(['1', '2'])
    expect(coerceValue(pools, 'P1', 'tolerant')).toEqual(['P1'])
  })

  it.each([
    ['bare string', 'u1'],
    ['object', { value: 'u1' }],
    ['array with a null $ref', [{ $ref: null, value: 'u1' }]],
    ['names in another case', { Value: 'u1' }],
  ])('reads manager given as %s', (_, given) => {
    expect(coerceValue(named('manager'), given, 'tolerant')).toEqual({ value: 'u1' })
  })

  it('leaves out readOnly sub-attributes, such as manager.displayName', () => {
    const given = { value: 'u1', displayName: 'Ilse' }
    expect(coerceValue(named('manager'), given, 'strict')).toEqual({ value: 'u1' })
  })

  it('reads a role from the JSON in its value, and keeps what is no JSON object', () => {
    const role = '{"id":"3f9a","value":"dispatch","displayName":"Dispatcher"}'
    const ignored: string[] = []
    const roles = coerceValue(named('roles'), [{ value: role }], 'tolerant', { ignored })
    expect(roles).toEqual([{ value: 'dispatch' }])
    expect(ignored).toEqual(['roles.id', 'roles.displayName'])
    expect(coerceValue(named('roles'), [role], 'tolerant')).toEqual([{ value: 'dispatch' }])
    for (const text of ['{not json', '{"a":1}', '["x"]', 'dispatch']) {
      expect(coerceValue(named('roles'), [{ value: text }], 'tolerant')).toEqual([{ value: text }])
    }
  })

  it('takes a member as a bare string and drops a null $ref', () => {
    expect(coerceValue(named('members'), 'u1', 'tolerant')).toEqual([{ value: 'u1' }])
    const members = [{ $ref: null, value: 'u1' }, { value: 'u1' }, { value: 'u2' }]
    expect(coerceValue(named('members'), members, 'tolerant')).toEqual([
      { value: 'u1' },
      { value: 'u2' },
    ])
  })

  it('drops elements that were emptied down to their labels', () => {
    const emails = [{ type: 'work', primary: true, value: '' }]
    expect(coerceValue(named('emails'), emails, 'tolerant')).toBeUndefined()
    const roles = [{ primary: true, display: 'Dispatcher' }]
    expect(coerceValue(named('roles'), roles, 'tolerant')).toEqual(roles)
  })

  it('keeps the last of several primary values', () => {
    const emails = [
      { value: 'a', primary: true },
      { value: 'b', primary: 'True' },
    ]
    expect(coerceValue(named('emails'), emails, 'tolerant')).toEqual([
      { value: 'a', primary: false },
      { value: 'b', primary: true },
    ])
  })

  it('keeps the text of a dateTime, and takes a date alone', () => {
    const text = '2026-03-09T00:00:00.0000000+02:00'
    expect(coerceValue(simple('dateTime'), text, 'tolerant')).toBe(text)
    expect(coerceValue(simple('dateTime'), '2026-03-09', 'tolerant')).toBe('2026-03-09')
    expect(refusal(simple('dateTime'), 'March', 'tolerant')).toEqual(invalidValue(/dateTime/))
  })
})

describe('coerceValue, strict', () => {
  it.each<[string, Json]>([
    ['active', 'False'],
    ['displayName', 42],
    ['displayName', [{ value: 'x' }]],
    ['emails', { value: 'a@x.example' }],
    ['emails', ['a@x.example']],
    ['manager', 'u1'],
    ['manager', [{ value: 'u1' }]],
  ])('refuses %s given as %j', (name, value) => {
    expect(refusal(named(name), value, 'strict')).toEqual(invalidValue(new RegExp(`"${name}" `)))
  })

  it('refuses a second primary value', () => {
    const emails = [
      { value: 'a', primary: true },
      { value: 'b', primary: true },
    ]
    expect(refusal(named('emails'), emails, 'strict')).toEqual(invalidValue(/primary/))
  })

  it('keeps JSON text and the empty string as they are', () => {
    const roles = [{ value: '{"value":"x"}' }]
    expect(coerceValue(named('roles'), roles, 'strict')).toEqual(roles)
    expect(coerceValue(named('title'), '', 'strict')).toBe('')
  })

  it('wants a time in a dateTime and base64 in a binary', () => {
    expect(refusal(simple('dateTime'), '2026-03-09', 'strict')).toEqual(invalidValue(/dateTime/))
    expect(refusal(simple('binary'), 'not base64!', 'strict')).toEqual(invalidValue(/base64/))
  })
})

it('refuses lone surrogates in both profiles', () => {
  for (const profile of ['tolerant', 'strict'] as const) {
    expect(refusal(named('title'), 'a\ud800', profile)).toEqual(invalidValue(/"title"/))
  }
})

it('refuses one sub-attribute under two letter cases', () => {
  expect(refusal(named('name'), { givenName: 'a', GivenName: 'b' }, 'tolerant')).toMatchObject({
    scimType: 'invalidSyntax',
  })
})

describe('isUnassigned', () => {
  it('holds for null, [], {} and what has only those inside', () => {
    for (const value of [null, [], {}, [null], [{}], { a: null, b: [] }]) {
      expect(isUnassigned(value, 'strict')).toBe(true)
    }
    for (const value of [false, 0, 'x', { a: 0 }]) expect(isUnassigned(value, 'strict')).toBe(false)
  })

  it('holds for "" in the tolerant profile only', () => {
    expect(isUnassigned({ value: '' }, 'tolerant')).toBe(true)
    expect(isUnassigned('', 'strict')).toBe(false)
  })

  it('does not follow a body that is nested to exhaust the stack', () => {
    const bomb = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`)
    expect(isUnassigned(bomb, 'tolerant')).toBe(false)
    expect(refusal(named('displayName'), bomb, 'tolerant')).toEqual(invalidValue(/string/))
  })
})

describe('equalValues', () => {
  it('follows caseExact', () => {
    expect(equalValues(named('userName'), 'ILSE', 'ilse')).toBe(true)
    expect(equalValues(simple('string', { caseExact: true }), 'ILSE', 'ilse')).toBe(false)
    expect(equalValues(simple('reference'), 'urn:A', 'urn:a')).toBe(false)
  })

  it('compares dateTimes by instant, down to the seventh digit', () => {
    const [a, b] = ['2026-01-01T00:00:00.1000000Z', '2026-01-01T02:00:00.1+02:00']
    expect(equalValues(simple('dateTime'), a, b)).toBe(true)
    expect(equalValues(simple('dateTime'), '2026-01-01T00:00:00.1000001Z', a)).toBe(false)
  })

  it('compares multi-values as sets and complex values by their parts', () => {
    const emails = [{ value: 'a', type: 'work' }, { value: 'b' }]
    const other = [{ value: 'B' }, { type: 'Work', value: 'A' }]
    expect(equalValues(named('emails'), emails, other)).toBe(true)
    expect(equalValues(named('emails'), emails, [{ value: 'a' }, { value: 'b' }])).toBe(false)
    expect(equalValues(named('emails'), undefined, [])).toBe(false)
  })
})

it('compareValues orders strings by caseExact, dateTimes by instant, complex values by value', () => {
  expect(compareValues(named('userName'), 'b', 'A')).toBeGreaterThan(0)
  expect(compareValues(simple('string', { caseExact: true }), 'b', 'A')).toBeGreaterThan(0)
  expect(compareValues(simple('string', { caseExact: true }), 'B', 'a')).toBeLessThan(0)
  expect(compareValues(simple('integer'), 10, 9)).toBeGreaterThan(0)
  expect(
    compareValues(simple('dateTime'), '0001-01-03T00:00:00.0000000Z', '2026-01-01T00:00:00Z'),
  ).toBeLessThan(0)
  expect(compareValues(named('emails'), { value: 'a' }, { value: 'b' })).toBeLessThan(0)
})

it('keepOnePrimary leaves a list with one primary alone', () => {
  const emails = [{ value: 'a' }, { value: 'b', primary: true }]
  expect(keepOnePrimary(named('emails'), emails, 'strict')).toBe(emails)
})

describe('parseDateTime', () => {
  it.each([
    ['0001-01-03T00:00:00.0000000Z', Date.UTC(2001, 0, 3) - 730_485 * 86_400_000],
    ['2031-06-02T17:05:09.1234567Z', Date.UTC(2031, 5, 2, 17, 5, 9) + 123.4567],
    ['2026-03-09T24:00:00Z', Date.UTC(2026, 2, 10)],
    ['2024-02-29T00:00:00-05:30', Date.UTC(2024, 1, 29, 5, 30)],
    ['2026-03-09T08:00:00', Date.UTC(2026, 2, 9, 8)],
  ])('reads %s', (text, ms) => {
    expect(parseDateTime(text)).toBeCloseTo(ms, 2)
  })

  it.each([
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01T25:00:00Z',
    '2026-01-01T24:00:01Z',
    '2026-01-01T00:00:00+15:00',
    '2026-1-1',
    '',
    'now',
  ])('does not read %j', (text) => {
    expect(parseDateTime(text)).toBeUndefined()
  })

  it('agrees with Date on what Date prints', () => {
    const dates = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    })
    fc.assert(fc.property(dates, (date) => parseDateTime(date.toISOString()) === date.getTime()))
  })
})

it('coercing a coerced value changes nothing', () => {
  const attributes = [...USER_SCHEMA.attributes, ...ENTERPRISE_USER_SCHEMA.attributes]
  fc.assert(
    fc.property(
      fc.constantFrom(...attributes),
      fc.jsonValue(),
      fc.constantFrom<Profile>('tolerant', 'strict'),
      (a, value, profile) => {
        let once: Json | undefined
        try {
          once = coerceValue(a, value as Json, profile)
        } catch {
          return
        }
        if (once !== undefined) expect(coerceValue(a, once, profile)).toEqual(once)
      },
    ),
    { numRuns: 1000 },
  )
})
