import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchesIfMatch, matchesIfNoneMatch, weakETag } from '../../src/scim/etag.ts'
import type { JsonObject } from '../../src/scim/schema.ts'

describe('weakETag', () => {
  it('is a weak entity tag of fixed length', () => {
    expect(weakETag({ id: '1' })).toMatch(/^W\/"[0-9a-z]{22}"$/)
  })

  it('does not depend on the order of members, nor on meta.version', () => {
    const a = { id: '1', name: { givenName: 'I', familyName: 'V' }, meta: { location: 'l' } }
    const b = {
      meta: { version: 'W/"x"', location: 'l' },
      name: { familyName: 'V', givenName: 'I' },
      id: '1',
    }
    expect(weakETag(a)).toBe(weakETag(b))
  })

  it('changes with any value', () => {
    const values = fc.uniqueArray(fc.jsonValue({ maxDepth: 2 }), {
      selector: (value) => JSON.stringify(value),
    })
    fc.assert(
      fc.property(values, (list) => {
        const tags = list.map((value) => weakETag({ id: '1', value } as JsonObject))
        // Members in another order are the same value
        const distinct = new Set(list.map((value) => JSON.stringify(sorted(value))))
        expect(new Set(tags).size).toBe(distinct.size)
      }),
    )
    const tags = Array.from({ length: 20_000 }, (_, n) => weakETag({ id: String(n), active: true }))
    expect(new Set(tags).size).toBe(20_000)
  })
})

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return { members: members.map(([name, part]) => [name, sorted(part)]) }
}

describe('If-Match and If-None-Match', () => {
  const version = 'W/"abc"'

  it.each(['*', ' * ', 'W/"abc"', '"abc"', 'abc', 'W/"x", W/"abc"', '"x","abc"', 'W/"a,b", "abc"'])(
    '%s names the version',
    (header) => {
      expect(matchesIfMatch(header, version)).toBe(true)
      expect(matchesIfNoneMatch(header, version)).toBe(true)
    },
  )

  it.each(['W/"0"', '"ABC"', '', '"a","bc"', '"abc,x"'])('%s does not', (header) => {
    expect(matchesIfMatch(header, version)).toBe(false)
    expect(matchesIfNoneMatch(header, version)).toBe(false)
  })

  it('without a header a write goes ahead and a read is answered', () => {
    expect(matchesIfMatch(undefined, version)).toBe(true)
    expect(matchesIfNoneMatch(null, version)).toBe(false)
  })
})
