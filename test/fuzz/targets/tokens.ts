/** What strangers show: bearer tokens and JWTs, credentials of clients, admin tokens. None of them is right. */
import fc from 'fast-check'
import { expect } from 'vitest'
import { ORIGIN } from '../../support/gateway.ts'
import { expectScim, openLab } from '../lab.ts'
import { mutatedOf, mutatedText, odd } from '../mutate.ts'
import type { Target } from '../target.ts'

const encoded = (value: unknown) => {
  const bytes = new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')
}

const ISSUER = 'https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/'
const claims = mutatedOf(
  fc.constant({
    ...{ iss: ISSUER, aud: ['8adf8e6e-67b2-4cf2-a259-e3dc5476c621', 'api://postern'], sub: 's' },
    ...{
      tid: '72f988bf-86f1-41af-91ab-2d7cd011db47',
      exp: 4_000_000_000,
      nbf: 0,
      iat: 0,
      jti: 'j',
    },
  }),
)
const header = mutatedOf(
  fc.constantFrom(
    { alg: 'RS256', kid: 'k', typ: 'JWT' },
    { alg: 'none' },
    { alg: 'HS256', kid: '../../etc/passwd' },
    { alg: 'ES256', jwk: { kty: 'EC' }, crit: ['b64'], b64: false },
  ),
)
const signature = fc.oneof(fc.constantFrom('', 'AAAA', '!'), fc.string({ unit: 'binary-ascii' }))
const jwt = fc
  .tuple(header, claims, signature)
  .map(([head, body, signed]) => `${encoded(head)}.${encoded(body)}.${signed}`)
const basic = fc
  .tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }))
  .map(([id, secret]) => `Basic ${encoded(`${id}:${secret}`.toWellFormed())}`)

interface Case {
  readonly where: 'scim' | 'token' | 'admin'
  readonly shown: string
  readonly form: readonly (readonly [string, string])[]
  readonly raw: string
}

export const tokens: Target<Case> = {
  name: 'tokens',
  async open() {
    const lab = await openLab('tokens')
    const { name, token } = lab.scim
    // A client that trusts somebody, so that signed tokens are looked into.
    for (const kind of ['token', 'assertion']) {
      const { status } = await lab.send({
        method: 'POST',
        path: `${ORIGIN}/admin/api/connections/${name}/clients`,
        headers: {
          authorization: `Bearer ${await adminToken()}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({
          kind,
          ...(kind === 'assertion' && { clientId: 'entra' }),
          trust: {
            tenantId: '72f988bf-86f1-41af-91ab-2d7cd011db47',
            ...(kind === 'assertion' && { audiences: ['api://postern'] }),
          },
        }),
      })
      expect(status).toBe(201)
    }
    const almost = mutatedText(fc.constant(token))
    const shown = fc.oneof(
      fc.tuple(fc.constantFrom('Bearer ', 'bearer  ', 'Bearer', ' Bearer '), fc.oneof(almost, jwt)),
      fc.tuple(basic),
      fc.tuple(fc.constant('Bearer '), fc.string({ maxLength: 40 })),
      fc.tuple(fc.constantFrom('Bearer ', 'Basic ', 'Digest '), fc.constant('x'.repeat(20_000))),
      fc.tuple(fc.string()),
    )
    const names = [
      ...['grant_type', 'client_id', 'client_secret', 'client_assertion', 'client_assertion_type'],
      ...['scope', 'audience', '__proto__'],
    ]
    const written = fc.oneof(
      jwt,
      fc.constantFrom('client_credentials', 'assertion', 'token', 'scim', 'scim:read'),
      fc.constant('urn:ietf:params:oauth:client-assertion-type:jwt-bearer'),
      odd.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))),
    )
    const assertion = fc.tuple(jwt).map(([signed]): [string, string][] => [
      ['grant_type', 'client_credentials'],
      ['client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'],
      ['client_assertion', signed],
    ])
    return {
      cases: fc.record({
        where: fc.constantFrom('scim', 'token', 'admin'),
        shown: shown.map((parts) => parts.join('')),
        form: fc.oneof(
          fc.array(fc.tuple(fc.constantFrom(...names), written), { maxLength: 5 }),
          assertion,
        ),
        raw: fc.oneof(fc.constant(''), fc.string({ unit: 'binary-ascii' })),
      }),
      async run({ where, shown: credential, form, raw }) {
        // White space around a header is none of its value (RFC 9110 §5.5).
        fc.pre(isHeader(credential) && credential.trim().replace(/^bearer +/i, '') !== token)
        const headers = { authorization: credential }
        if (where === 'scim') {
          const answered = await lab.send({ method: 'GET', path: '/Users', headers })
          expectScim('GET', answered)
          // 503: the keys of an issuer who is trusted cannot be read.
          expect([401, 431, 503], answered.text).toContain(answered.status)
          return
        }
        if (where === 'admin') {
          const path = `${ORIGIN}/admin/api/connections`
          const answered = await lab.send({ method: 'GET', path, headers })
          expect([401, 429, 431], answered.text).toContain(answered.status)
          expect(answered.headers.get('content-type')).toBe('application/problem+json')
          return
        }
        const pairs = form.map(([key, value]) => [key, value.toWellFormed()] as [string, string])
        const answered = await lab.send({
          method: 'POST',
          path: `${ORIGIN}/scim/${name}/oauth/token`,
          headers: {
            ...(credential.startsWith('Basic') && headers),
            'content-type': 'application/x-www-form-urlencoded',
          },
          body: `${new URLSearchParams(pairs)}${raw}`,
        })
        expect([400, 401, 413, 431, 503], answered.text).toContain(answered.status)
        expect(answered.headers.get('content-type')).toBe('application/json')
        expect(JSON.parse(answered.text)).toHaveProperty('error')
        expect(answered.text).not.toContain('access_token')
      },
    }
  },
}

async function adminToken(): Promise<string> {
  const { env } = await import('cloudflare:workers')
  return env.POSTERN_ADMIN_TOKEN
}

function isHeader(value: string): boolean {
  try {
    new Headers({ authorization: value })
    return true
  } catch {
    return false
  }
}
