import { expect, test } from 'vitest'
import { AdapterFailure } from '../../src/adapter/failure.ts'
import { leavesItsPlace } from '../../src/adapter/path-part.ts'
import { manifestWith, ok, openApp } from './manifest/app.ts'

test.each([
  '.',
  '..',
  '../admin',
  'a/../../admin',
  'a\\..\\admin',
  '..;jsessionid=1',
  '%2e%2e',
  '..%2fadmin',
  '%252e%252e%252fadmin',
  'a\u0000',
  'a\r\nHost: evil.example',
  '%0d%0a',
  '\u007f',
])('%j as a part of a path leads elsewhere', (part) => {
  expect(leavesItsPlace(part)).toBe(true)
})

test.each([
  'ann',
  '...',
  '.ann',
  'ann..lee',
  'a/b',
  'ann@example.com',
  '100%',
  '%zz',
  'a;b',
  'ÄÖ 山',
  'cn=Ann,ou=People',
])('%j stays where it is put', (part) => {
  expect(leavesItsPlace(part)).toBe(false)
})

test.each(['..', '../admin', 'x/../../admin', '..\\admin', '%2e%2e/admin', 'a\nb'])(
  'a native id, or what a client searches for, of %j sends nothing: invalid',
  async (value) => {
    const lookup = { method: 'GET', path: '/by-login/{value}', attribute: 'login', exact: true }
    const { User, asked } = openApp(
      manifestWith({
        lookups: [{ ...lookup, caseExact: false, includesInactive: true, lagMs: 0 }],
        remove: { method: 'DELETE', path: '/users/{id}', kind: 'hard' },
      }),
      () => ok([]),
    )
    for (const work of [User.get(value), User.find('login', value), User.remove?.(value)]) {
      const error = await work?.catch((e: unknown) => e)
      expect(error).toBeInstanceOf(AdapterFailure)
      expect(error).toMatchObject({ code: 'invalid', effect: 'none' })
    }
    expect(asked).toEqual([])
  },
)

test.each(['a\r\nX-Admin: true', 'a\nb', 'a\u0000', '山'])(
  'a value of %j stands in no header: nothing is sent, and no credential is blamed',
  async (value) => {
    const { User, asked } = openApp(
      manifestWith({
        get: { method: 'GET', path: '/me', headers: { 'x-user': '{id}' } },
      }),
      () => ok({ id: 1, login: 'ann' }),
    )
    const error = await User.get(value).catch((e: unknown) => e)
    expect(error).toMatchObject({ code: 'invalid', effect: 'none' })
    expect(asked).toEqual([])
  },
)

test('a token endpoint that leads elsewhere is not followed: the secret goes nowhere else', async () => {
  const { User, asked } = openApp(
    manifestWith(
      {},
      {
        auth: {
          ...{ kind: 'oauth2', tokenUrl: 'https://login.example/token', clientId: 'gate' },
          ...{ secret: 'key', place: 'body' },
        },
      },
    ),
    () => new Response(null, { status: 307, headers: { location: 'https://evil.example/token' } }),
  )
  const error = await User.get('7').catch((e: unknown) => e)
  expect(error).toBeInstanceOf(AdapterFailure)
  expect(asked.map(({ url }) => url.host)).toEqual(['login.example'])
})
