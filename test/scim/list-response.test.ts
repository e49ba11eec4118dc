import { describe, expect, it } from 'vitest'
import { parsePaging, sortResources, toListResponse } from '../../src/scim/list-response.ts'
import { defineResources } from '../../src/scim/schemas.ts'
import { ENTERPRISE_USER } from '../../src/scim/urn.ts'

describe('parsePaging', () => {
  it.each([
    [{}, 1, 100],
    [{ startindex: '6', count: '5' }, 6, 5],
    [{ startindex: '0' }, 1, 100],
    [{ startindex: '-7', count: '3' }, 1, 3],
    [{ count: '0' }, 1, 0],
    [{ count: '-2' }, 1, 0],
    [{ count: '100000' }, 1, 100],
    [{ startindex: 3, count: 4 }, 3, 4],
    [{ count: '' }, 1, 100],
  ])('reads %j', (parameters, startIndex, count) => {
    expect(parsePaging(parameters, 100)).toEqual({ kind: 'index', startIndex, count })
  })

  it.each([
    [{ count: 'many' }, 'invalidValue'],
    [{ count: '1.5' }, 'invalidValue'],
    [{ startindex: 'x' }, 'invalidValue'],
    [{ startindex: ['1'] }, 'invalidValue'],
    [{ count: 'many', cursor: '' }, 'invalidCount'],
    [{ cursor: 4 }, 'invalidCursor'],
  ])('refuses %j as %s', (parameters, scimType) => {
    expect(() => parsePaging(parameters, 100)).toThrow(expect.objectContaining({ scimType }))
  })

  it('pages by cursor where there is one, even an empty one', () => {
    const first = { kind: 'cursor', cursor: '', count: 5 }
    expect(parsePaging({ cursor: '', count: '5' }, 100)).toEqual(first)
    expect(parsePaging({ cursor: 'abc', startindex: '3' }, 100)).toMatchObject({ cursor: 'abc' })
  })
})

describe('toListResponse', () => {
  it('counts in integers and shows Resources always', () => {
    expect(toListResponse({ resources: [], totalResults: 9, startIndex: 40 })).toEqual({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
      totalResults: 9,
      itemsPerPage: 0,
      startIndex: 40,
      Resources: [],
    })
  })

  it('shows nextCursor only when given', () => {
    const page = { resources: [{ id: '1' }], totalResults: 2 }
    expect(toListResponse({ ...page, nextCursor: 'n' })).toMatchObject({ nextCursor: 'n' })
    expect(Object.keys(toListResponse(page))).not.toContain('startIndex')
  })

  it('leaves out a total that nobody knows', () => {
    const page = toListResponse({ resources: [], nextCursor: 'n' })
    expect(Object.keys(page).join(' ')).toBe('schemas itemsPerPage nextCursor Resources')
  })
})

describe('sortResources', () => {
  const user = defineResources().get('User')
  if (!user) throw new Error('no User')
  const people = [
    { id: '1', userName: 'bo', emails: [{ value: 'z' }, { value: 'a', primary: true }] },
    { id: '2', userName: 'Al', emails: [{ value: 'b' }], [ENTERPRISE_USER]: { department: 'Y' } },
    { id: '3', userName: 'al', name: { familyName: 'Q' }, [ENTERPRISE_USER]: { department: 'x' } },
    { id: '4', userName: 'CY' },
  ]
  const ids = (by?: string, order?: string) =>
    sortResources(user, people, by, order).map((r) => r['id'])

  it.each([
    ['userName', undefined, '2314'],
    ['userName', 'descending', '4123'],
    ['emails', 'ascending', '1234'],
    ['emails.value', 'Descending', '3421'],
    ['name.familyName', undefined, '3124'],
    ['name.familyName', 'descending', '1243'],
    [`${ENTERPRISE_USER}:department`, undefined, '3214'],
    ['department', undefined, '3214'],
    ['nothing', undefined, '1234'],
    [undefined, undefined, '1234'],
  ])('by %s %s', (by, order, expected) => {
    expect(ids(by, order).join('')).toBe(expected)
  })
})
