/** The rest of a request: methods, paths, queries, header fields. */
import fc from 'fast-check'
import { PATCH_OP, USER } from '../../../src/scim/urn.ts'
import { openLab, PERSON, type Sent } from '../lab.ts'
import { mutatedText } from '../mutate.ts'
import type { Target } from '../target.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'get']
const PARAMETERS = [
  ...['filter', 'startIndex', 'count', 'cursor', 'sortBy', 'sortOrder', 'attributes', 'COUNT'],
  ...['excludedAttributes', 'aadOptscim062020', '__proto__', ''],
]
const VALUES = [
  ...['', '0', '-1', '1', '99999999999999999999', '1e3', '0x10', ' 5 ', '5,5', 'descending'],
  ...['userName', 'name.givenName', 'emails[type eq "work"].value', 'members', 'id,id,id', ',,,'],
  ...[
    'userName pr',
    'active eq true',
    'meta.created gt "2020-01-01T00:00:00Z"',
    `${USER}:userName`,
  ],
]
const HEADERS = [
  ...['accept', 'content-type', 'content-encoding', 'if-match', 'if-none-match', 'range', 'expect'],
  ...['x-forwarded-host', 'forwarded', 'origin', 'x-http-method-override', 'cookie', 'host', 'te'],
  ...['content-length', 'transfer-encoding', 'cf-connecting-ip', 'authorization', 'referer', 'via'],
]
const HEADER_VALUES = [
  ...['*', 'W/"', '"a", W/"b"', 'W/""', 'text/html', 'application/json;charset=utf-16', 'gzip'],
  ...['*/*;q=0', 'bytes=0-', '100-continue', 'DELETE', 'evil.example', 'host=evil.example', '-1'],
]

interface Case {
  readonly method: string
  readonly path: string
  readonly query: readonly (readonly [string, string])[]
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
}

export const requests: Target<Case> = {
  name: 'requests',
  async open() {
    const lab = await openLab('requests')
    const person = { schemas: [USER], userName: PERSON }
    const made = await lab.ask({ method: 'POST', path: '/Users', body: JSON.stringify(person) })
    const { id } = JSON.parse(made.text) as { id: string }
    const part = fc.oneof(
      fc.constantFrom(
        'Users',
        'users',
        'Groups',
        'Schemas',
        'Bulk',
        '.search',
        'Me',
        'ResourceTypes',
      ),
      fc.constantFrom(
        'ServiceProviderConfig',
        USER,
        id,
        '__proto__',
        '',
        '.',
        '..',
        'x'.repeat(3_000),
      ),
      fc.constantFrom('%00', '%2F', '%E0%A4', '%', '%C0%80', '%ff', '%25', '%2e%2e', ';a=b', '@'),
      fc.string({ unit: 'binary' }).map((text) => encodeURIComponent(text.toWellFormed())),
    )
    const visible = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    })
    return {
      cases: fc.record({
        method: fc.constantFrom(...METHODS),
        path: fc.oneof(
          fc.array(part, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`),
          fc.constantFrom(`/Users/${id}`, '/Users', '/Groups', `/Schemas/${USER}`),
        ),
        query: fc.array(
          fc.tuple(
            fc.oneof(fc.constantFrom(...PARAMETERS), fc.string()),
            fc.oneof(mutatedText(fc.constantFrom(...VALUES)), fc.string({ unit: 'binary' })),
          ),
          { maxLength: 4 },
        ),
        headers: fc.array(
          fc.tuple(
            fc.oneof(fc.constantFrom(...HEADERS), fc.constantFrom('x-a', 'x-request-id')),
            fc.oneof(fc.constantFrom(...HEADER_VALUES), visible),
          ),
          { maxLength: 3 },
        ),
        body: fc.constantFrom(
          '',
          '{}',
          '[]',
          JSON.stringify(person),
          `{"schemas":["${PATCH_OP}"]}`,
        ),
      }),
      async run({ method, path, query, headers, body }) {
        const url = `${path}${query.length > 0 ? `?${new URLSearchParams(query.map(([a, b]) => [a.toWellFormed(), b.toWellFormed()]))}` : ''}`
        const { pathname } = new URL(lab.scim.baseUrl + url)
        // Dots lead out of the base: what is there is no SCIM.
        fc.pre(pathname.startsWith(new URL(lab.scim.baseUrl).pathname))
        // The one person is kept: other cases need it.
        fc.pre(method !== 'DELETE' || !path.includes(id))
        const carries = !['GET', 'HEAD', 'get'].includes(method) && body !== ''
        const sent: Sent = {
          method,
          path: url,
          headers: Object.fromEntries(headers),
          ...(carries && { body }),
        }
        fc.pre(canBeSent(sent))
        await lab.ask(sent)
      },
    }
  },
}

function canBeSent({ method, headers = {} }: Sent): boolean {
  try {
    new Request('https://x.example/', { method, headers })
    return true
  } catch {
    return false
  }
}
