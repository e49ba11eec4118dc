import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Filter } from '../../src/scim/filter.ts'
import { matches } from '../../src/scim/match.ts'
import { parseFilter } from '../../src/scim/parse-filter.ts'
import { foldCase, type Json, type JsonObject } from '../../src/scim/schema.ts'
import { ENTERPRISE_USER, USER } from '../../src/scim/urn.ts'
import { BADGE, user } from './definitions.ts'
import { filterText } from './filter-arbitrary.ts'

const ilse: JsonObject = {
  schemas: [USER, ENTERPRISE_USER, BADGE],
  id: 'Id-1',
  externalId: 'Ext-1',
  userName: 'Ilse.Vargaard@x.example',
  displayName: 'Ilse Vårgård',
  active: true,
  name: { familyName: 'Vargaard' },
  emails: [
    { type: 'home', value: 'h@x.example' },
    { type: 'work', value: 'w@x.example', primary: true },
  ],
  [ENTERPRISE_USER]: { department: 'Paint', manager: { value: 'M1' } },
  [BADGE]: { seats: 7, hiredOn: '2026-03-09T00:00:00+01:00', costPools: ['P0', 'P1'] },
  meta: { resourceType: 'User', lastModified: '2026-01-02T03:04:05.1234567Z' },
}

const holds = (text: string, resource = ilse) =>
  matches(parseFilter(user, text, 'tolerant'), resource)

describe('matches', () => {
  it.each([
    // letter case by caseExact
    'userName eq "ILSE.vargaard@X.example"',
    'displayName eq "ilse VÅRGÅRD"',
    'displayName eq "Ilse V\u0061\u030Argård"',
    'userName sw "ilse" and userName ew "EXAMPLE" and userName co "varg"',
    'id eq "Id-1"',
    'schemas eq "urn:ietf:params:scim:schemas:core:2.0:User"',
    // multi-values
    'emails eq "h@x.example"',
    'emails.type eq "WORK"',
    'emails.type ne "work"',
    'emails[type eq "work" and value sw "w@"]',
    'emails[type eq "work"].value eq "w@x.example"',
    'costPools eq "p1"',
    `${BADGE}:costPools[value eq "P1"]`,
    // unset
    'title ne "Welder"',
    'title eq null',
    'not (title pr)',
    'name.givenName ne "x"',
    'phoneNumbers.type ne "work"',
    'emails[type eq "fax"].value ne "x"',
    'active ne null',
    // present
    'emails pr and emails.primary pr and name pr and manager pr',
    // numbers and instants
    'seats gt 6 and seats le 7',
    'hiredOn eq "2026-03-08T23:00:00Z"',
    'meta.lastModified gt "2026-01-02T03:04:05.1234566Z"',
    'meta.lastModified lt "2026-01-02T03:04:05.1234568Z"',
    'meta.lastModified ge "0001-01-03T00:00:00.0000000Z"',
    'meta.lastModified sw "2026-01-02"',
    // references
    'id eq "Id-1" and manager eq "M1"',
    'manager[value eq "M1"]',
  ])('%s holds', (text) => {
    expect(holds(text)).toBe(true)
  })

  it.each([
    'id eq "id-1"',
    'externalId eq "ext-1"',
    'manager eq "m1"',
    'emails[type eq "home" and value sw "w@"]',
    'emails[type eq "home"].value eq "w@x.example"',
    'emails[type eq "home"] and emails[primary eq true and type eq "home"]',
    'userName ne "ilse.vargaard@x.example"',
    'title eq "Welder"',
    'title gt "a" or title le "a"',
    'title pr',
    'active eq false',
    'emails eq ""',
    'seats lt 7',
  ])('%s does not hold', (text) => {
    expect(holds(text)).toBe(false)
  })

  it.each([[null], [''], [[]], [{}], [[{}]], [{ a: null }]] as Json[][])(
    '%j is not present',
    (value) => {
      expect(holds('emails pr', { emails: value ?? null })).toBe(false)
    },
  )

  const word = fc.constantFrom('a', 'A', 'ab', 'b', 'É')
  const resource = fc.record(
    {
      userName: word,
      externalId: word,
      title: word,
      active: fc.boolean(),
      name: fc.record({ givenName: word }, { requiredKeys: [] }),
      emails: fc.array(
        fc.record(
          { type: word, value: word, display: word, primary: fc.boolean() },
          { requiredKeys: [] },
        ),
        { maxLength: 3 },
      ),
      meta: fc.record({
        created: fc.constantFrom(
          '2026-01-01T00:00:00Z',
          '2026-01-01T00:00:00.000+00:00',
          '2030-01-01T00:00:00Z',
        ),
      }),
      [ENTERPRISE_USER]: fc.record({ manager: fc.record({ value: word }) }, { requiredKeys: [] }),
      [BADGE]: fc.record(
        {
          seats: fc.constantFrom(0, 7),
          hiredOn: fc.constant('2026-01-01T01:00:00+01:00'),
          costPools: fc.array(word, { minLength: 1, maxLength: 2 }),
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  )

  it('agrees with a reading of the RFC that does one thing at a time', () => {
    fc.assert(
      fc.property(filterText, resource, (text, given) => {
        const filter = parseFilter(user, text, 'tolerant')
        const json = given as JsonObject
        expect(matches(filter, json)).toBe(naive(filter, json))
      }),
      { numRuns: 2_000 },
    )
  })
})

/** No preparation, no short cuts: values are collected first, then compared one by one. */
function naive(filter: Filter, resource: JsonObject): boolean {
  switch (filter.kind) {
    case 'and':
      return !filter.filters.some((f) => !naive(f, resource))
    case 'or':
      return filter.filters.filter((f) => naive(f, resource)).length > 0
    case 'not':
      return !naive(filter.filter, resource)
    case 'valuePath':
      return valuesOf(filter, resource).some(
        (element) => element !== undefined && naive(filter.filter, element as JsonObject),
      )
    case 'present':
      return valuesOf(filter, resource).some(filled)
    case 'compare':
      return valuesOf(filter, resource).some((value) => compares(filter, value))
  }
}

function filled(value: Json | undefined): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(filled)
  return value !== undefined && value !== null && value !== ''
}

function valuesOf(
  { ref }: Extract<Filter, { kind: 'compare' | 'present' | 'valuePath' }>,
  resource: JsonObject,
): (Json | undefined)[] {
  const holder = (ref.urn ? resource[ref.urn] : resource) as JsonObject | undefined
  const value = holder?.[ref.attribute.name]
  const list = Array.isArray(value) ? value : [value]
  const elements = list.length > 0 ? list : [undefined]
  const sub = ref.subAttribute?.name
  return sub ? elements.map((e) => (e as JsonObject | undefined)?.[sub]) : elements
}

function compares(filter: Extract<Filter, { kind: 'compare' }>, value: Json | undefined): boolean {
  const attribute = filter.ref.subAttribute ?? filter.ref.attribute
  const unset = !filled(value)
  if (filter.value === null) return filter.operator === 'eq' ? unset : !unset
  if (value === undefined) return filter.operator === 'ne'
  const key = (v: Json): string | number => {
    if (attribute.type === 'dateTime') return new Date(String(v)).getTime()
    if (typeof v === 'number' || typeof v === 'boolean') return Number(v)
    return attribute.caseExact ? String(v) : foldCase(String(v))
  }
  const [a, b] = [key(value), key(filter.value)]
  switch (filter.operator) {
    case 'eq':
      return a === b
    case 'ne':
      return a !== b
    case 'co':
      return String(a).includes(String(b))
    case 'sw':
      return String(a).startsWith(String(b))
    case 'ew':
      return String(a).endsWith(String(b))
    case 'gt':
      return a > b
    case 'ge':
      return a >= b
    case 'lt':
      return a < b
    case 'le':
      return a <= b
  }
}
