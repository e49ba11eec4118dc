import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { getAt, type Path, parsePath, printPath, removeAt, setAt } from '../../src/scim/path.ts'
import type { Profile, Resource } from '../../src/scim/schema.ts'
import { ENTERPRISE_USER } from '../../src/scim/urn.ts'
import { BADGE, frozen, outcome, user } from './definitions.ts'

function path(text: string, profile: Profile = 'tolerant'): Path {
  const parsed = parsePath(user, text, profile)
  if (parsed.kind === 'unknown') throw new Error(`unknown: ${text}`)
  return parsed
}

const kind = (text: string, profile: Profile) => parsePath(user, text, profile).kind

describe('parsePath', () => {
  it.each([
    ['USERNAME', 'userName'],
    ['Name.FamilyName', 'name.familyName'],
    ['urn:ietf:params:scim:schemas:core:2.0:User:title', 'title'],
    ['URN:ietf:params:scim:schemas:core:2.0:user:name.givenName', 'name.givenName'],
    [`${ENTERPRISE_USER}:Department`, `${ENTERPRISE_USER}:department`],
    [`${ENTERPRISE_USER}:manager.value`, `${ENTERPRISE_USER}:manager.value`],
    [ENTERPRISE_USER.toLowerCase(), ENTERPRISE_USER],
    ['emails[Type EQ "work"].Value', 'emails[type eq "work"].value'],
    [
      'emails[type eq "work" and not (primary eq true or value pr)]',
      'emails[type eq "work" and not (primary eq true or value pr)]',
    ],
    [`${BADGE}:costPools[value eq "P0"]`, `${BADGE}:costPools[value eq "P0"]`],
    [`${ENTERPRISE_USER}:manager[value eq "u"]`, `${ENTERPRISE_USER}:manager[value eq "u"]`],
    ['addresses[type eq "a]\\"[b"].formatted', 'addresses[type eq "a]\\"[b"].formatted'],
  ])('in both profiles %s is %s', (text, canonical) => {
    expect(printPath(path(text, 'strict'))).toBe(canonical)
    expect(printPath(path(text, 'tolerant'))).toBe(canonical)
  })

  it.each([
    ['department', `${ENTERPRISE_USER}:department`],
    ['manager', `${ENTERPRISE_USER}:manager`],
    [`${ENTERPRISE_USER}.manager.value`, `${ENTERPRISE_USER}:manager.value`],
    ['emails[primary eq "True"].value', 'emails[primary eq true].value'],
    [`${BADGE}:costPools.value`, `${BADGE}:costPools`],
  ])('only the tolerant profile reads %s as %s', (text, canonical) => {
    expect(printPath(path(text, 'tolerant'))).toBe(canonical)
    expect(() => path(text, 'strict')).toThrow()
  })

  it.each([
    'shoeSize',
    'name.shoeSize',
    'urn:ietf:params:scim:schemas:core:2.0:User:role',
    'urn:example:unheard:2.0:User:attr',
    'urn:ietf:params:scim:schemas:extension:enterprise:2.0User:department',
    'shoes[type eq "left"].size',
    'emails[shoe eq "left"].value',
    'emails[type eq "work"].shoe',
  ])('%s is well-formed and unknown', (text) => {
    expect(kind(text, 'tolerant')).toBe('unknown')
    expect(kind(text, 'strict')).toBe('unknown')
  })

  it.each([
    '',
    'user name',
    'emails[',
    'emails[]',
    'emails[type eq "work"',
    'emails[type eq "work".value',
    'emails[type eq "work"]value',
    'emails[type eq "work"].',
    'emails[type eq "work"].value.more',
    'emails[type eq "work"] .value',
    'emails.value[type eq "work"]',
    'userName[value eq "x"]',
    'shoes[type eq',
    'name..givenName',
    '.name',
    'name.',
    `${ENTERPRISE_USER}[value eq "x"]`,
    `a${'b'.repeat(20_000)}`,
  ])('%j is malformed', (text) => {
    expect(['invalidPath', 'invalidFilter']).toContain(outcome(() => kind(text, 'tolerant')))
    expect(['invalidPath', 'invalidFilter']).toContain(outcome(() => kind(text, 'strict')))
  })

  it('a bracket that is not closed is invalidPath, a filter that is wrong is invalidFilter', () => {
    expect(outcome(() => path('emails[type eq "work".value'))).toBe('invalidPath')
    expect(outcome(() => path('emails[type is "work"].value'))).toBe('invalidFilter')
  })

  it('takes or refuses any text, with a ScimError alone', () => {
    const soup = fc
      .array(
        fc.constantFrom('emails', 'name', '[', ']', '.', ' eq ', '"', '"work"', 'urn:', ':', '\\'),
      )
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), soup),
        fc.constantFrom<Profile>('tolerant', 'strict'),
        (text, p) => {
          outcome(() => parsePath(user, text, p))
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it.each([
    ['letters', 'a'.repeat(1_000_000)],
    ['colons', 'a:'.repeat(500_000)],
    ['dots', 'a.'.repeat(500_000)],
    ['brackets', `emails${'['.repeat(16_000)}`],
    ['closing brackets', `shoes[${'].a'.repeat(5_000)}!`],
  ])('a long text of %s is refused quickly', (_, text) => {
    const start = Date.now()
    outcome(() => parsePath(user, text, 'tolerant'))
    expect(Date.now() - start).toBeLessThan(500)
  })
})

describe('values at paths', () => {
  const resource: Resource = frozen({
    userName: 'ilse',
    name: { givenName: 'Ilse' },
    emails: [
      { type: 'home', value: 'h@x.example' },
      { type: 'work', value: 'w@x.example', primary: true },
    ],
    [ENTERPRISE_USER]: { manager: { value: 'u1' } },
  })

  it.each([
    ['userName', 'ilse'],
    ['name.givenName', 'Ilse'],
    ['name.familyName', undefined],
    ['emails[type eq "work"].value', 'w@x.example'],
    ['emails[type eq "other"].value', undefined],
    ['emails[type eq "home"]', { type: 'home', value: 'h@x.example' }],
    ['emails.value', ['h@x.example', 'w@x.example']],
    ['phoneNumbers.value', undefined],
    [`${ENTERPRISE_USER}:manager.value`, 'u1'],
    [`${ENTERPRISE_USER}:manager[value eq "u1"].value`, 'u1'],
    [`${BADGE}:badgeId`, undefined],
    [ENTERPRISE_USER, { manager: { value: 'u1' } }],
  ])('%s holds %j', (text, value) => {
    expect(getAt(resource, path(text))).toEqual(value)
  })

  it('a value set where a filter matches nothing makes an element with what the filter demands', () => {
    const at = path('emails[type eq "other" and primary eq false].value')
    expect(setAt(resource, at, 'o@x.example')['emails']).toEqual([
      { type: 'home', value: 'h@x.example' },
      { type: 'work', value: 'w@x.example', primary: true },
      { type: 'other', primary: false, value: 'o@x.example' },
    ])
  })

  it('a value set where a filter matches changes that element alone', () => {
    const after = setAt(resource, path('emails[type eq "WORK"].value'), 'n@x.example')
    expect(after['emails']).toEqual([
      { type: 'home', value: 'h@x.example' },
      { type: 'work', value: 'n@x.example', primary: true },
    ])
  })

  it('an array set at a sub-attribute of a multi-valued attribute keeps elements it names', () => {
    const after = setAt(resource, path('emails.value'), ['w@x.example', 'n@x.example'])
    expect(after['emails']).toEqual([
      { type: 'work', value: 'w@x.example', primary: true },
      { value: 'n@x.example' },
    ])
  })

  it('what is left empty goes, what the path did not make stays', () => {
    expect(removeAt(resource, path('name.givenName'))).not.toHaveProperty('name')
    expect(removeAt(resource, path(`${ENTERPRISE_USER}:manager.value`))).not.toHaveProperty([
      ENTERPRISE_USER,
    ])
    expect(removeAt(resource, path('emails[type eq "home"].value'))['emails']).toHaveLength(1)
    expect(removeAt(resource, path('emails[type eq "work"].value'))['emails']).toContainEqual({
      type: 'work',
      primary: true,
    })
  })

  it('a value that is removed and set again gives the resource back', () => {
    for (const text of ['userName', 'name.givenName', `${ENTERPRISE_USER}:manager.value`]) {
      const at = path(text)
      const value = getAt(resource, at) ?? null
      expect(setAt(removeAt(resource, at), at, value)).toEqual(resource)
    }
    const at = path('emails[type eq "work"].value')
    expect(setAt(removeAt(resource, at), at, 'w@x.example')).toEqual(resource)
  })

  it.each(['userName', 'name.givenName', 'emails[type eq "fax"].value', `${BADGE}:badgeId`])(
    'what is set at %s is what is there, and removing it leaves nothing there',
    (text) => {
      const after = setAt(resource, path(text), 'new')
      expect(getAt(after, path(text))).toBe('new')
      expect(getAt(removeAt(after, path(text)), path(text))).toBeUndefined()
    },
  )
})
