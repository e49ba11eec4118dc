import { describe, expect, test } from 'vitest'
import { bearerToken, equalTokens, hashToken, mintToken } from '../../src/access/tokens.ts'

describe('tokens', () => {
  test('a token is a prefix and 256 random bits, and its hash is what hashing it gives', async () => {
    const { token, hash } = await mintToken()
    expect(token).toMatch(/^pst_[A-Za-z0-9_-]{43}$/)
    expect(hash).toBe(await hashToken(token))
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect((await mintToken()).token).not.toBe(token)
  })

  test.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER   abc==', 'abc=='],
    ['Basic abc', undefined],
    ['Bearer', undefined],
    ['Bearer a b', undefined],
    ['', undefined],
    [undefined, undefined],
    [`Bearer ${'a'.repeat(20_000)}`, undefined],
  ])('of the header %j the token is %j', (header, token) => {
    expect(bearerToken(header)).toBe(token)
  })

  test('only the same token is equal, and an empty one equals nothing', async () => {
    expect(await equalTokens('abc', 'abc')).toBe(true)
    expect(await equalTokens('abd', 'abc')).toBe(false)
    expect(await equalTokens('ab', 'abc')).toBe(false)
    expect(await equalTokens('', '')).toBe(false)
  })
})
