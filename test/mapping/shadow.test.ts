/** The echo rule as a law: what was sent is read back, whatever the app makes of it. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { example } from '../../adapters/example/index.ts'
import type { Attributes, NativeObject } from '../../src/adapter/contract.ts'
import { Mapping } from '../../src/mapping/mapping.ts'
import { parseShadow, printShadow, toShadow, toView } from '../../src/mapping/shadow.ts'
import type { Resource } from '../../src/scim/schema.ts'
import { user } from '../scim/definitions.ts'

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
const mapping = new Mapping(user, example.resources.User, undefined)

const text = fc.string({ minLength: 1, maxLength: 6 }).map((s) => ` ${s}`)
// An element with nothing but its type says nothing, and is not kept.
const address = fc
  .record(
    { type: fc.constantFrom('work', 'home', 'other'), value: text, primary: fc.boolean() },
    { requiredKeys: ['type'] },
  )
  .filter((element) => Object.keys(element).length > 1)
const resources: fc.Arbitrary<Resource> = fc
  .record(
    {
      userName: text,
      externalId: text,
      nickName: text,
      title: text,
      name: fc.record(
        { givenName: text, familyName: text, middleName: text },
        { requiredKeys: ['givenName'] },
      ),
      emails: fc.uniqueArray(address, { minLength: 1, maxLength: 3, selector: (a) => a.type }),
      phoneNumbers: fc.uniqueArray(address, {
        minLength: 1,
        maxLength: 3,
        selector: (a) => a.type,
      }),
      [ENTERPRISE]: fc.record(
        { department: text, costCenter: text },
        { requiredKeys: ['costCenter'] },
      ),
    },
    { requiredKeys: ['userName'] },
  )
  .map((resource) => ({ ...resource, active: true }) as Resource)

/** Apps that rewrite, forget or refuse values, each in its own way. */
const rewrites = fc.constantFrom<(value: string) => string | null>(
  (value) => value,
  (value) => value.toLowerCase(),
  (value) => value.trim(),
  (value) => value.slice(0, 2),
  () => null,
  () => '',
  () => 'something else',
)

function held(sent: Attributes, rewrite: (value: string) => string | null): NativeObject {
  const attributes = Object.fromEntries(
    Object.entries(sent).map(([name, value]) => [name, rewrite(String(value))]),
  )
  return { id: '1', attributes, active: true }
}

const elements = (resource: Resource): Resource =>
  Object.fromEntries(
    Object.entries(resource).map(([name, value]) => [
      name,
      // RFC 7643 §2.4: the order of values has no meaning.
      Array.isArray(value)
        ? [...value].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
        : value,
    ]),
  )

describe('what is remembered of a write', () => {
  test('gives back what was sent, for any resource and any app that rewrites values', () => {
    fc.assert(
      fc.property(resources, rewrites, (sent, rewrite) => {
        const object = held(mapping.toApp(sent), rewrite)
        const shadow = parseShadow(printShadow(toShadow(user, mapping, 1, sent, object)))
        expect(elements(toView(mapping, 1, object, shadow))).toEqual(elements(sent))
      }),
    )
  })

  test('leads to no difference when the same is sent again', () => {
    fc.assert(
      fc.property(resources, rewrites, (sent, rewrite) => {
        const object = held(mapping.toApp(sent), rewrite)
        const shadow = toShadow(user, mapping, 1, sent, object)
        const before = toView(mapping, 1, object, shadow)
        expect(mapping.delta(before, sent, object)).toEqual({ set: {}, unset: [] })
      }),
    )
  })

  test('yields to the app where its value has moved since', () => {
    fc.assert(
      fc.property(resources, rewrites, text, (sent, rewrite, moved) => {
        const object = held(mapping.toApp(sent), rewrite)
        const shadow = toShadow(user, mapping, 1, sent, object)
        const login = `moved${moved}`
        const now = { ...object, attributes: { ...object.attributes, login } }
        expect(toView(mapping, 1, now, shadow)['userName']).toBe(login)
      }),
    )
  })

  test('is void under another mapping, but for what the app has no place for', () => {
    const sent = { userName: 'A@x.io', nickName: 'N', title: ' T', active: true }
    const object = held(mapping.toApp(sent), (value) => value.trim().toLowerCase())
    const shadow = toShadow(user, mapping, 1, sent, object)
    expect(toView(mapping, 2, object, shadow)).toEqual({
      userName: 'a@x.io',
      nickName: 'N',
      title: 't',
      active: true,
    })
  })

  test('holds no secret', () => {
    const sent = { userName: 'a@x.io', password: 'hunter2', active: true }
    const object = held(mapping.toApp(sent), (value) => value)
    expect(printShadow(toShadow(user, mapping, 1, sent, object))).not.toContain('hunter2')
  })

  test('is nothing but a version where the app shows what was sent', () => {
    const sent = { userName: 'a@x.io', title: 'T', active: true }
    const object = held(mapping.toApp(sent), (value) => value)
    expect(printShadow(toShadow(user, mapping, 7, sent, object))).toBe('{"mapping":7}')
  })
})
