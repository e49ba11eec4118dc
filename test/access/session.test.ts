/** The console's session, and the pages that may write by it. */
import { describe, expect, test } from 'vitest'
import { originOf } from '../../src/access/same-origin.ts'
import {
  mintSession,
  NO_SESSION_COOKIE,
  proveSession,
  readSession,
  SESSION_MS,
  sessionCookie,
  sessionIn,
} from '../../src/access/session.ts'
import { hashToken } from '../../src/access/tokens.ts'

const NOW = 1_770_000_000_000
const claim = { tokenId: crypto.randomUUID(), expiresAt: NOW + SESSION_MS }
const key = { tokenHash: await hashToken('psa_one'), secret: 'a secret of the Worker' }

describe('a session', () => {
  test('is good until its end', async () => {
    const value = await mintSession(claim, key)
    expect(readSession(value)).toEqual(claim)
    expect(await proveSession(value, key, claim.expiresAt - 1)).toBe(true)
    expect(await proveSession(value, key, claim.expiresAt)).toBe(false)
  })

  test('is bound to one token: another one, or another secret, knows nothing of it', async () => {
    const value = await mintSession(claim, key)
    const otherToken = { ...key, tokenHash: await hashToken('psa_two') }
    expect(await proveSession(value, otherToken, NOW)).toBe(false)
    expect(await proveSession(value, { ...key, secret: 'another' }, NOW)).toBe(false)
  })

  test('cannot be stretched, moved to another token, or made by who reads the database', async () => {
    const value = await mintSession(claim, key)
    const [id = '', end = '', mac = ''] = value.split('.')
    const forged = [
      `${id}.${Number(end) + 1}.${mac}`,
      `${crypto.randomUUID()}.${end}.${mac}`,
      `${id}.${end}.${'A'.repeat(43)}`,
      await mintSession(claim, { ...key, secret: key.tokenHash }),
    ]
    for (const one of forged) expect(await proveSession(one, key, NOW), one).toBe(false)
    for (const one of ['', id, `${id}.${end}`, `${id}.${end}.`, `${value}.x`, `${value}\n`]) {
      expect(await proveSession(one, key, NOW), one).toBe(false)
    }
  })

  test('is not to be had without a secret of the Worker', async () => {
    const without = { ...key, secret: '' }
    await expect(mintSession(claim, without)).rejects.toThrow('secret')
    expect(await proveSession(await mintSession(claim, key), without, NOW)).toBe(false)
  })

  test('is a cookie of this host that no script reads and no other site sends', async () => {
    const value = await mintSession(claim, key)
    expect(sessionCookie(value, claim, NOW)).toBe(
      `__Host-postern=${value}; Max-Age=43200; Path=/; Secure; HttpOnly; SameSite=Strict`,
    )
    expect(NO_SESSION_COOKIE).toContain('__Host-postern=; Max-Age=0; Path=/; Secure')
    expect(sessionIn(`a=1; __Host-postern=${value}; b=2`)).toBe(value)
    expect(sessionIn(`__Host-postern=${value}; __Host-postern=x`)).toBeUndefined()
    expect(sessionIn('x__Host-postern=1')).toBeUndefined()
    expect(sessionIn(null)).toBeUndefined()
  })
})

test.each([
  [{ 'sec-fetch-site': 'same-origin' }, 'same'],
  [{ 'sec-fetch-site': 'none' }, 'same'],
  [{ 'sec-fetch-site': 'same-site' }, 'other'],
  [{ 'sec-fetch-site': 'cross-site', origin: 'https://gw.example' }, 'other'],
  [{ origin: 'https://gw.example' }, 'same'],
  [{ origin: 'https://gw.example.evil.example' }, 'other'],
  [{ origin: 'null' }, 'other'],
  [{}, 'none'],
])('a request with %j comes from a page of: %s', (headers, from) => {
  expect(originOf(new Headers(headers as Record<string, string>), 'https://gw.example')).toBe(from)
})
