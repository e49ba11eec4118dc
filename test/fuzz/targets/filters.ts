/** Filters, by the grammar of RFC 7644 §3.4.2.2 and beside it: in URLs, in searches, in PATCH paths. */
import fc from 'fast-check'
import { OPERATORS } from '../../../src/scim/filter.ts'
import { PATCH_OP, SEARCH_REQUEST, USER } from '../../../src/scim/urn.ts'
import { openLab, PERSON } from '../lab.ts'
import { mutatedText, odd } from '../mutate.ts'
import type { Target } from '../target.ts'

const NAMES = [
  ...['userName', 'USERNAME', 'id', 'externalId', 'active', 'name.givenName', 'emails', 'groups'],
  ...['emails.value', 'meta.created', 'meta.lastModified', 'password', 'members', 'displayName'],
  ...[
    `${USER}:userName`,
    'manager',
    'x509Certificates.value',
    'schemas',
    'nobody',
    'addresses.type',
  ],
]
const VALUES = [
  '"a"',
  '""',
  'true',
  'False',
  'null',
  '1',
  '-0.5e10',
  '1e999',
  '"2020-01-01T00:00:00Z"',
]
const name = fc.constantFrom(...NAMES)
const literal = fc.oneof(
  fc.constantFrom(...VALUES, `"${PERSON}"`),
  fc.string({ unit: 'binary', maxLength: 8 }).map((text) => JSON.stringify(text)),
)
const operator = fc.constantFrom(...Object.keys(OPERATORS), 'EQ')
const comparison = fc.oneof(
  fc.tuple(name, operator, literal).map((parts) => parts.join(' ')),
  name.map((one) => `${one} pr`),
)
const part = fc
  .tuple(
    fc.constantFrom('type', 'value', 'primary', 'display', '$ref', 'country'),
    operator,
    literal,
  )
  .map((parts) => parts.join(' '))

export const { filter } = fc.letrec<{ filter: string; element: string }>((tie) => ({
  element: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    part,
    fc.tuple(tie('element'), fc.constantFrom('and', 'or'), tie('element')).map((p) => p.join(' ')),
    tie('element').map((inner) => `not (${inner})`),
  ),
  filter: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    comparison,
    fc
      .tuple(fc.constantFrom('emails', 'addresses', 'members', 'groups', 'roles'), tie('element'))
      .map(([whole, inner]) => `${whole}[${inner}]`),
    fc
      .tuple(fc.constantFrom('emails', 'phoneNumbers'), tie('element'), operator, literal)
      .map(([whole, inner, compared, value]) => `${whole}[${inner}].value ${compared} ${value}`),
    fc.tuple(tie('filter'), fc.constantFrom('and', 'or'), tie('filter')).map((p) => p.join(' ')),
    tie('filter').map((inner) => `(${inner})`),
    tie('filter').map((inner) => `not (${inner})`),
  ),
}))

type Way = 'url' | 'search' | 'all' | 'path'

export const filters: Target<{ readonly way: Way; readonly text: string; readonly more: unknown }> =
  {
    name: 'filters',
    async open() {
      const lab = await openLab('filters')
      const person = {
        schemas: [USER],
        userName: PERSON,
        emails: [{ value: PERSON, type: 'work' }],
      }
      const made = await lab.ask({ method: 'POST', path: '/Users', body: JSON.stringify(person) })
      const { id } = JSON.parse(made.text) as { id: string }
      const text = fc.oneof(
        { arbitrary: filter, weight: 3 },
        { arbitrary: mutatedText(filter), weight: 4 },
        { arbitrary: fc.string({ unit: 'binary' }), weight: 1 },
      )
      return {
        cases: fc.record({
          way: fc.constantFrom<Way>('url', 'search', 'all', 'path'),
          text,
          more: odd,
        }),
        async run({ way, text: written, more }) {
          if (way === 'url') {
            const query = new URLSearchParams({ filter: written.toWellFormed() })
            await lab.ask({ method: 'GET', path: `/Users?${query}` })
          } else if (way === 'path') {
            const whole = written.includes('[') ? written : `emails[${written}]`
            const Operations = [{ op: 'replace', path: whole, value: more }]
            const body = JSON.stringify({ schemas: [PATCH_OP], Operations })
            await lab.ask({ method: 'PATCH', path: `/Users/${id}`, body })
          } else {
            const body = JSON.stringify({ schemas: [SEARCH_REQUEST], filter: written })
            const path = way === 'all' ? '/.search' : '/Users/.search'
            await lab.ask({ method: 'POST', path, body })
          }
        },
      }
    },
  }
