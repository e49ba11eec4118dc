/** Bodies: resources made from the schema that is served, and then made wrong; and any bytes. */
import fc from 'fast-check'
import type { Attribute, Json, JsonObject } from '../../../src/scim/schema.ts'
import { BULK_REQUEST, GROUP, PATCH_OP, SEARCH_REQUEST, USER } from '../../../src/scim/urn.ts'
import { NORDLICHT } from '../../idp/nordlicht.ts'
import { type Lab, openLab, PERSON, PLANTED_PASSWORD } from '../lab.ts'
import { mutatedOf, mutatedText, odd } from '../mutate.ts'
import type { Target } from '../target.ts'

interface Case {
  readonly method: string
  readonly path: string
  readonly body: string | Uint8Array
}

const text = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('work', 'home', 'a@x.example'))

/** A value that fits the attribute. */
function valueFor(attribute: Attribute): fc.Arbitrary<Json> {
  const one = (): fc.Arbitrary<Json> => {
    switch (attribute.type) {
      case 'boolean':
        return fc.boolean()
      case 'integer':
        return fc.integer()
      case 'decimal':
        return fc.double({ noNaN: true, noDefaultInfinity: true })
      case 'dateTime':
        return fc.constantFrom('2020-01-01T00:00:00Z', '2024-02-29T23:59:59.999+14:00')
      case 'binary':
        return fc.constantFrom('', 'AAAA', '_-8=')
      case 'complex':
        return objectOf(attribute.subAttributes ?? [])
      case 'string':
      case 'reference':
        return text
    }
  }
  return attribute.multiValued ? fc.array(one(), { maxLength: 3 }) : one()
}

function objectOf(attributes: readonly Attribute[]): fc.Arbitrary<JsonObject> {
  const members = attributes.map((a) => [a.name, valueFor(a)] as const)
  return fc.record(Object.fromEntries(members), { requiredKeys: [] }) as fc.Arbitrary<JsonObject>
}

/** Paths that the schema has, in the forms that clients write. */
function pathsOf(attributes: readonly Attribute[], prefix = ''): string[] {
  return attributes.flatMap((a) => {
    const whole = `${prefix}${a.name}`
    const parts = (a.subAttributes ?? []).flatMap((sub) => [
      `${whole}.${sub.name}`,
      ...(a.multiValued
        ? [`${whole}[${sub.name} eq "work"].value`, `${whole}[${sub.name} pr]`]
        : []),
    ])
    return [whole, ...parts]
  })
}

interface Served {
  readonly id: string
  readonly attributes: readonly Attribute[]
}

async function schemasOf(lab: Lab): Promise<ReadonlyMap<string, Served>> {
  const { text: said } = await lab.ask({ method: 'GET', path: '/Schemas' })
  const { Resources } = JSON.parse(said) as { Resources: Served[] }
  return new Map(Resources.map((schema) => [schema.id, schema]))
}

async function made(lab: Lab, path: string, body: object): Promise<string> {
  const { text: said } = await lab.ask({ method: 'POST', path, body: JSON.stringify(body) })
  return String((JSON.parse(said) as { id: string }).id)
}

function target(profile: 'tolerant' | 'strict'): Target<Case> {
  return {
    name: profile === 'tolerant' ? 'bodies' : 'bodies-strict',
    async open() {
      const connection = { extensions: [NORDLICHT], policy: { profile } } as unknown as JsonObject
      const lab = await openLab('bodies', connection)
      const id = await made(lab, '/Users', { schemas: [USER], userName: PERSON })
      const group = await made(lab, '/Groups', {
        schemas: [GROUP],
        displayName: 'G',
        members: [{ value: id }],
      })
      const schemas = await schemasOf(lab)
      const attributesOf = (urn: string) => schemas.get(urn)?.attributes ?? []
      const extension = NORDLICHT.schema.id
      const user = fc
        .tuple(objectOf(attributesOf(USER)), objectOf(attributesOf(extension)))
        .map(([core, more]): Json => {
          const schemasIn = [USER, extension]
          const password = PLANTED_PASSWORD
          return { schemas: schemasIn, userName: PERSON, password, ...core, [extension]: more }
        })
      const members = fc.array(fc.record({ value: fc.constantFrom(id, group, 'nobody', PERSON) }), {
        maxLength: 3,
      })
      const team = fc
        .tuple(objectOf(attributesOf(GROUP)), members)
        .map(([core, of]): Json => ({ schemas: [GROUP], displayName: 'G', ...core, members: of }))
      const paths = [
        ...pathsOf(attributesOf(USER)),
        ...pathsOf(attributesOf(GROUP)),
        ...pathsOf(attributesOf(extension), `${extension}:`),
        `members[value eq "${id}"]`,
        'emails[type eq "work" and primary eq true].value',
      ]
      const path = fc.oneof(fc.constantFrom(...paths), mutatedText(fc.constantFrom(...paths)))
      const value = fc.oneof(odd, user, team, members as fc.Arbitrary<Json>)
      const operation = fc.oneof(
        fc.record(
          { op: fc.constantFrom('add', 'replace', 'remove', 'Add'), path, value },
          { requiredKeys: ['op', 'value'] },
        ),
        fc.record({ op: fc.constantFrom('add', 'replace'), value }),
        fc.dictionary(path, value, { maxKeys: 3 }).map((keys) => ({ op: 'replace', value: keys })),
      )
      const patch = fc
        .array(operation, { maxLength: 4 })
        .map((Operations): Json => ({ schemas: [PATCH_OP], Operations: Operations as Json }))
      const place = fc.constantFrom('/Users', '/Groups', `/Users/${id}`, `/Groups/${group}`)
      const bulk = fc
        .array(
          fc.record(
            {
              method: fc.constantFrom('POST', 'PUT', 'PATCH'),
              path: fc.oneof(place, fc.constantFrom('/Users/bulkId:a', '/Groups/bulkId:b')),
              bulkId: fc.constantFrom('a', 'b', 'c'),
              data: fc.oneof(
                user,
                team,
                patch,
                fc.constant<Json>({ displayName: 'B', members: [{ value: 'bulkId:a' }] }),
              ),
            },
            { requiredKeys: ['method', 'path', 'data'] },
          ),
          { maxLength: 4 },
        )
        .map((Operations): Json => ({ schemas: [BULK_REQUEST], Operations: Operations as Json }))
      const search = fc
        .record({ filter: text, attributes: fc.array(path), sortBy: path, count: fc.integer() })
        .map((members): Json => ({ schemas: [SEARCH_REQUEST], ...members }))
      const of = (method: string, places: readonly string[], bodies: fc.Arbitrary<Json>) =>
        fc.record({
          method: fc.constant(method),
          path: fc.constantFrom(...places),
          body: mutatedOf(bodies).map((body) => JSON.stringify(body)),
        })
      const structured = fc.oneof(
        { arbitrary: of('POST', ['/Users'], user), weight: 3 },
        { arbitrary: of('POST', ['/Groups'], team), weight: 2 },
        { arbitrary: of('PUT', [`/Users/${id}`], user), weight: 3 },
        { arbitrary: of('PUT', [`/Groups/${group}`], team), weight: 2 },
        { arbitrary: of('PATCH', [`/Users/${id}`, `/Groups/${group}`], patch), weight: 5 },
        { arbitrary: of('POST', ['/Bulk'], bulk), weight: 2 },
        {
          arbitrary: of('POST', ['/.search', '/Users/.search', '/Groups/.search'], search),
          weight: 1,
        },
      )
      const raw = fc.record({
        method: fc.constantFrom('POST', 'PUT', 'PATCH'),
        path: fc.oneof(place, fc.constantFrom('/Bulk', '/.search')),
        body: fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          mutatedText(structured.map(({ body }) => body)),
        ),
      })
      return {
        cases: fc.oneof({ arbitrary: structured, weight: 5 }, { arbitrary: raw, weight: 2 }),
        run: async (sent) => {
          await lab.ask(sent)
        },
      }
    },
  }
}

export const bodies = target('tolerant')
export const bodiesStrict = target('strict')
