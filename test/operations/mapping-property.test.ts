/** For any mapping and any app that rewrites values: echo, and nothing sent twice. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AttributeSpec, Attributes } from '../../src/adapter/contract.ts'
import { openMemoryApp } from '../support/memory-app.ts'
import { idOf, openWorld, person } from '../support/world.ts'

const NAMES = { userName: 'login', 'name.givenName': 'first_name', 'name.familyName': 'last_name' }
const words = ['One', 'two', 'Three', ' four ', 'FIVE']
const word = fc.constantFrom(...words)
const table = Object.fromEntries(words.map((one, at) => [`v${at}`, one]))

const TEXT: AttributeSpec = { type: 'string', write: 'always' }
const STUBBORN: AttributeSpec = { ...TEXT, clearable: false }
const LIST: AttributeSpec = { ...TEXT, multiValued: true }

const options = fc.record(
  {
    values: fc.constant(table),
    default: fc.constant('v0'),
    apply: fc.constantFrom('always', 'create'),
    clear: fc.constantFrom('empty', 'keep'),
  },
  { requiredKeys: [] },
)

/** One attribute of the app, and how it is mapped; undefined: not at all. */
const slot = (path: string) =>
  fc.option(
    fc.record({
      path: fc.constant(path),
      spec: fc.constantFrom(TEXT, STUBBORN),
      more: fc.option(options, { nil: undefined }),
    }),
    { nil: undefined },
  )

const listSlot = fc.option(
  fc.record({
    path: fc.constantFrom('roles.value', 'roles[primary eq true].value', 'roles'),
    spec: fc.constantFrom(TEXT, LIST),
    more: fc.constant(undefined),
  }),
  { nil: undefined },
)

const mappings = fc
  .tuple(
    slot('title'),
    slot('nickName'),
    slot('emails[type eq "work"].value'),
    slot('urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department'),
    listSlot,
    fc.boolean(),
  )
  .map(([title, nick, mail, department, list, hasOneWay]) => {
    const slots = [title, nick, mail, department, list].filter((one) => one !== undefined)
    const entries = slots.map(({ path, more }, at) => [
      path,
      more ? { app: `a${at}`, ...more } : `a${at}`,
    ])
    const specs = slots.map(({ spec, path }, at) => {
      // A whole attribute needs an app that holds objects, and one element an app with one.
      if (path === 'roles') return [`a${at}`, { ...LIST, type: 'object' } as AttributeSpec] as const
      return [`a${at}`, path.includes('[') ? { ...spec, multiValued: false } : spec] as const
    })
    const oneWay = { from: '$Join("-", title, nickName, roles.value)' }
    return {
      attributes: { ...Object.fromEntries(specs), shown: TEXT },
      mapping: { ...NAMES, ...Object.fromEntries(entries), ...(hasOneWay && { '=shown': oneWay }) },
    }
  })

const role = fc.record({ value: word, type: fc.constant('T') })
const people = fc.record(
  {
    title: word,
    nickName: word,
    emails: fc.tuple(word).map(([value]) => [{ type: 'work', value }]),
    'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': fc.record({ department: word }),
    roles: fc
      .uniqueArray(role, { minLength: 1, maxLength: 3, selector: ({ value }) => value })
      .map((all) => all.map((one, at) => ({ ...one, primary: at === 0 }))),
  },
  { requiredKeys: [] },
)

const rewrites = fc.constantFrom(
  (value: string) => value,
  (value: string) => value.trim(),
  (value: string) => value.toLowerCase(),
)

function deeply(rewrite: (value: string) => string) {
  const through = (value: Attributes[string]): Attributes[string] => {
    if (Array.isArray(value)) return value.map(through).reverse()
    return typeof value === 'string' ? rewrite(value) : value
  }
  return through
}

/** Elements in no order (RFC 7643 §2.4), and without what the server states. */
function plain(body: Record<string, unknown>) {
  const { id: _, meta: __, schemas: ___, ...rest } = body
  const sorted = Object.entries(rest).map(([name, value]) => [
    name,
    Array.isArray(value)
      ? value.map((one) => JSON.stringify(one, Object.keys(one).sort())).sort()
      : value,
  ])
  return Object.fromEntries(sorted)
}

describe('for any mapping of pairs, any person and any app that rewrites values', () => {
  test('what is created is read back as it was sent, and a second identical PUT sends nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        mappings,
        people,
        people,
        rewrites,
        async (given, first, second, rewrite) => {
          const app = openMemoryApp(given.attributes, deeply(rewrite))
          const { ask } = await openWorld({ ...app, mapping: { User: given.mapping } })
          const id = idOf(await ask('POST', '/Users', person('a.b@x.io', first)))
          for (const sent of [person('a.b@x.io', first), person('a.b@x.io', second)]) {
            expect((await ask('PUT', `/Users/${id}`, sent)).status).toBe(200)
            const shown = (await ask('GET', `/Users/${id}`)).body
            expect(plain(shown)).toEqual(plain(sent))
            const calls = app.told.length
            expect((await ask('PUT', `/Users/${id}`, sent)).status).toBe(200)
            expect(app.told).toHaveLength(calls)
          }
        },
      ),
      { numRuns: 25 },
    )
  }, 60_000)
})
