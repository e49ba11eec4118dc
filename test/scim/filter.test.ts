import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalities, OPERATORS, printFilter } from '../../src/scim/filter.ts'
import { parseFilter } from '../../src/scim/parse-filter.ts'
import type { Profile } from '../../src/scim/schema.ts'
import { ENTERPRISE_USER } from '../../src/scim/urn.ts'
import { BADGE, outcome, user } from './definitions.ts'
import { filterText } from './filter-arbitrary.ts'

const print = (text: string, profile: Profile = 'strict') =>
  printFilter(parseFilter(user, text, profile))
const refused = (text: string, profile: Profile = 'tolerant') =>
  outcome(() => parseFilter(user, text, profile))

describe('parseFilter, RFC 7644 §3.4.2.2', () => {
  it.each([
    // figure 2 of the RFC, where the attributes are ours
    ['userName eq "bjensen"', 'userName eq "bjensen"'],
    ['name.familyName co "O\'Malley"', 'name.familyName co "O\'Malley"'],
    ['urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"', 'userName sw "J"'],
    ['title pr', 'title pr'],
    ['meta.lastModified gt "2011-05-13T04:42:34Z"', 'meta.lastModified gt "2011-05-13T04:42:34Z"'],
    ['title pr and userType eq "Employee"', 'title pr and userType eq "Employee"'],
    ['title pr or userType eq "Intern"', 'title pr or userType eq "Intern"'],
    [
      'userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")',
      'userType eq "Employee" and (emails.value co "example.com" or emails.value co "example.org")',
    ],
    [
      'userType ne "Employee" and not (emails co "example.com")',
      'userType ne "Employee" and not (emails.value co "example.com")',
    ],
    [
      'emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]',
      'emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]',
    ],
    ['USERNAME Eq "x" AND active EQ true', 'userName eq "x" and active eq true'],
    ['NOT(active eq true)', 'not (active eq true)'],
    ['((userName eq "x"))', 'userName eq "x"'],
    ['displayName eq "Ilse \\"Bil\\" \\u00e9"', 'displayName eq "Ilse \\"Bil\\" é"'],
    ['title eq null', 'title eq null'],
    [`${BADGE}:seats ge -1.0e2`, `${BADGE}:seats ge -100`],
    [`${ENTERPRISE_USER}:manager.value eq "u"`, `${ENTERPRISE_USER}:manager.value eq "u"`],
    [`${ENTERPRISE_USER.toLowerCase()}:DEPARTMENT pr`, `${ENTERPRISE_USER}:department pr`],
    [`${BADGE}:costPools[value eq "P0"]`, `${BADGE}:costPools[value eq "P0"]`],
    ['  userName   eq\t"x"  ', 'userName eq "x"'],
  ])('%s', (text, canonical) => {
    expect(print(text)).toBe(canonical)
    expect(print(text, 'tolerant')).toBe(canonical)
  })

  it('and binds before or, not before and', () => {
    const parsed = parseFilter(user, 'title pr or active eq true and not (title pr)', 'strict')
    expect(parsed).toMatchObject({
      kind: 'or',
      filters: [{ kind: 'present' }, { kind: 'and', filters: [{}, { kind: 'not' }] }],
    })
  })
})

// Table 3 of RFC 7644 §3.4.2.2, without `pr`.
const OF_THE_RFC = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le']

it.each(Object.keys(OPERATORS))(
  '%s is an operator of the strict profile only where the RFC has it',
  (operator) => {
    const expected = OF_THE_RFC.includes(operator) ? 'works' : 'invalidFilter'
    expect(refused(`title ${operator} "x"`, 'strict')).toBe(expected)
    expect(refused(`title ${operator} "x"`, 'tolerant')).toBe('works')
  },
)

describe('parseFilter, tolerant', () => {
  it.each([
    ['emails[type eq "work"].value eq "x"', 'emails[type eq "work" and value eq "x"]'],
    ['emails[type eq "work"] eq "x"', 'emails[type eq "work" and value eq "x"]'],
    ['emails[type eq "work"].display pr', 'emails[type eq "work" and display pr]'],
    [
      'emails[type eq "work" or type eq "home"].value eq "x"',
      'emails[(type eq "work" or type eq "home") and value eq "x"]',
    ],
    [
      'emails[type eq "work"].value ne "x"',
      'emails[type eq "work" and value ne "x"] or not (emails[type eq "work"])',
    ],
    ['externalId eq ivargaard', 'externalId eq "ivargaard"'],
    ['externalId eq 0042', 'externalId eq "0042"'],
    ['employeeNumber eq 42', `${ENTERPRISE_USER}:employeeNumber eq "42"`],
    ['active eq "True"', 'active eq true'],
    ['active eq FALSE', 'active eq false'],
    ['meta.lastModified ge 2020-01-01T00:00:00Z', 'meta.lastModified ge "2020-01-01T00:00:00Z"'],
    ['id eq "a" and manager eq "b"', `id eq "a" and ${ENTERPRISE_USER}:manager.value eq "b"`],
    [`${ENTERPRISE_USER}.department eq "x"`, `${ENTERPRISE_USER}:department eq "x"`],
    [`${BADGE}:seats eq "7"`, `${BADGE}:seats eq 7`],
  ])('%s is read as %s; the strict profile refuses it', (text, canonical) => {
    expect(print(text, 'tolerant')).toBe(canonical)
    expect(refused(text, 'strict')).toBe('invalidFilter')
  })
})

describe('parseFilter refuses with invalidFilter', () => {
  it.each([
    '',
    '   ',
    'userName',
    'userName eq',
    'userName like "x"',
    'userName eq "x',
    'userName eq "\\x"',
    'userName eq "x" and',
    'userName eq "x" userName eq "y"',
    'and userName pr',
    'not userName pr',
    '(userName pr',
    'userName pr)',
    'emails[type eq "work"',
    'emails[]',
    'emails[type eq "work"]]',
    'emails[emails[type eq "work"]]',
    'emails[shoe eq "work"]',
    'emails.value[type eq "work"]',
    'emails[type eq "work"].shoe eq "x"',
    'shoeSize eq "43"',
    'urn:example:2.0:User:shoeSize eq "43"',
    'name eq "x"',
    'name.shoe eq "x"',
    ENTERPRISE_USER,
    `${ENTERPRISE_USER} pr`,
    'active gt true',
    'active co "t"',
    'active eq "maybe"',
    'active eq 1',
    `${BADGE}:photo gt "AA=="`,
    `${BADGE}:seats eq "many"`,
    `${BADGE}:seats co 1`,
    'meta.created gt "yesterday"',
    'userName gt null',
    'password eq "x"',
    'password pr',
  ])('%j', (text) => {
    expect(refused(text, 'tolerant')).toBe('invalidFilter')
    expect(refused(text, 'strict')).toBe('invalidFilter')
  })

  it.each(['userName eq 42', 'userName eq true', 'manager eq "x"'])('%s in strict', (text) => {
    expect(refused(text, 'strict')).toBe('invalidFilter')
  })

  it('and says where, and what was expected', () => {
    expect(() => parseFilter(user, 'userName like "x"', 'strict')).toThrow(
      'At position 10: expected an operator (eq ne co sw ew gt ge lt le pr), found another word.',
    )
  })

  it.each([
    ['deep parentheses', `${'('.repeat(8_000)}title pr${')'.repeat(8_000)}`],
    ['deep negation', `${'not('.repeat(4_000)}title pr${')'.repeat(4_000)}`],
    ['many conditions', Array(1_500).fill('title pr').join(' or ')],
    ['a long text', `userName eq "${'x'.repeat(20_000)}"`],
    ['open brackets', 'emails['.repeat(2_000)],
  ])('%s, quickly', (_, text) => {
    const start = Date.now()
    expect(refused(text)).toBe('invalidFilter')
    expect(Date.now() - start).toBeLessThan(500)
  })

  it('parentheses nest fifty deep', () => {
    expect(refused(`${'('.repeat(50)}title pr${')'.repeat(50)}`)).toBe('works')
    expect(refused(`${'('.repeat(51)}title pr${')'.repeat(51)}`)).toBe('invalidFilter')
  })
})

describe('equalities', () => {
  const of = (text: string) => equalities(parseFilter(user, text, 'tolerant'))

  it.each([
    ['userName eq "x"', [{ path: 'userName', value: 'x' }]],
    [
      'userName eq "x" and active eq true',
      [
        { path: 'userName', value: 'x' },
        { path: 'active', value: true },
      ],
    ],
    [
      'emails[type eq "work"].value eq "x"',
      [
        { path: 'emails[type eq "work"].value', value: 'x' },
        { path: 'emails.value', value: 'x' },
      ],
    ],
    [
      'emails[value eq "x" and type eq "work"]',
      [
        { path: 'emails[type eq "work"].value', value: 'x' },
        { path: 'emails.value', value: 'x' },
      ],
    ],
    ['emails eq "x"', [{ path: 'emails.value', value: 'x' }]],
    ['manager eq "u"', [{ path: `${ENTERPRISE_USER}:manager.value`, value: 'u' }]],
    [`${BADGE}:costPools[value eq "P0"]`, [{ path: `${BADGE}:costPools`, value: 'P0' }]],
    ['emails[type eq "work" or value eq "x"]', []],
    ['userName eq "x" or title pr', []],
    ['not (userName eq "x")', []],
    ['userName ne "x"', []],
    ['title eq null', []],
    ['userName sw "x" and externalId eq "e"', [{ path: 'externalId', value: 'e' }]],
  ])('%s', (text, expected) => {
    expect(of(text)).toEqual(expected)
  })
})

describe('printFilter', () => {
  it('gives text in RFC grammar that parses to the same filter', () => {
    fc.assert(
      fc.property(filterText, (text) => {
        const parsed = parseFilter(user, text, 'tolerant')
        const printed = printFilter(parsed)
        expect(parseFilter(user, printed, 'strict')).toEqual(parsed)
        expect(printFilter(parseFilter(user, printed, 'strict'))).toBe(printed)
      }),
      { numRuns: 500 },
    )
  })

  it('any text is a filter or an error of SCIM, no other', () => {
    const soup = fc
      .array(
        fc.constantFrom(
          'userName',
          'emails',
          ' eq ',
          ' and ',
          ' not ',
          '(',
          ')',
          '[',
          ']',
          '"x"',
          '"',
          '.value',
          ' ',
          '\\',
          'null',
          '7',
        ),
      )
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), soup),
        fc.constantFrom<Profile>('tolerant', 'strict'),
        (text, p) => {
          outcome(() => parseFilter(user, text, p))
        },
      ),
      { numRuns: 3_000 },
    )
  })
})
