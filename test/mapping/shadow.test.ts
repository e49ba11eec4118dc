/** The echo rule as a law: what was sent is read back, whatever the app makes of it. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { example } from '../../adapters/example/index.ts'
import type { Attributes, NativeObject } from '../../src/adapter/contract.ts'
import { Mapping } from '../../src/mapping/mapping.ts'
import { parseShadow, printShadow, toShadow, toView } from '../../src/mapping/shadow.ts'
import { firstWords, furtherWords } from '../../src/mapping/words.ts'
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

const shadowOf = (sent: Resource, object: NativeObject, version = 1) =>
  toShadow(user, mapping, version, sent, object, firstWords(sent))

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
        const object = held(mapping.pairsToApp(sent), rewrite)
        const shadow = parseShadow(printShadow(shadowOf(sent, object)))
        expect(elements(toView(mapping, 1, object, shadow))).toEqual(elements(sent))
      }),
    )
  })

  test('leads to no difference when the same is sent again', async () => {
    await fc.assert(
      fc.asyncProperty(resources, rewrites, async (sent, rewrite) => {
        const object = held(mapping.pairsToApp(sent), rewrite)
        const shadow = shadowOf(sent, object)
        const before = toView(mapping, 1, object, shadow)
        expect(await mapping.delta(before, sent, object)).toEqual({ set: {}, unset: [] })
      }),
    )
  })

  test('yields to the app where its value has moved since', () => {
    fc.assert(
      fc.property(resources, rewrites, text, (sent, rewrite, moved) => {
        const object = held(mapping.pairsToApp(sent), rewrite)
        const shadow = shadowOf(sent, object)
        const login = `moved${moved}`
        const now = { ...object, attributes: { ...object.attributes, login } }
        expect(toView(mapping, 1, now, shadow)['userName']).toBe(login)
      }),
    )
  })

  test('is void under another mapping, but for what the app has no place for', () => {
    const sent = { userName: 'A@x.io', nickName: 'N', title: ' T', active: true }
    const object = held(mapping.pairsToApp(sent), (value) => value.trim().toLowerCase())
    const shadow = shadowOf(sent, object)
    expect(toView(mapping, 2, object, shadow)).toEqual({
      userName: 'a@x.io',
      nickName: 'N',
      title: 't',
      active: true,
    })
  })

  test('holds no secret', () => {
    const sent = { userName: 'a@x.io', password: 'hunter2', active: true }
    const object = held(mapping.pairsToApp(sent), (value) => value)
    expect(printShadow(shadowOf(sent, object))).not.toContain('hunter2')
  })

  test('is one copy where the app shows what was sent', () => {
    const sent = { userName: 'a@x.io', title: 'T', active: true }
    const object = held(mapping.pairsToApp(sent), (value) => value)
    expect(printShadow(shadowOf(sent, object, 7))).toBe(
      '{"held":{"userName":"a@x.io","title":"T","active":true},"mapping":7}',
    )
  })

  test('leaves out what is too long to be kept twice, and the view does not miss it', () => {
    const sent = { userName: 'a@x.io', title: 'T'.repeat(3_000), active: true }
    const object = held(mapping.pairsToApp(sent), (value) => value)
    const shadow = shadowOf(sent, object)
    expect(printShadow(shadow).length).toBeLessThan(200)
    expect(toView(mapping, 1, object, shadow)).toEqual(sent)
  })
})

describe('what is remembered of an update', () => {
  const updated = (before: Resource, after: Resource, object: NativeObject, now: NativeObject) => {
    const shadow = shadowOf(before, object)
    const view = { before: toView(mapping, 1, object, shadow), after }
    return toShadow(
      user,
      mapping,
      1,
      after,
      now,
      furtherWords({ shadow, object }, view, () => false),
    )
  }
  const object = (attributes: Attributes): NativeObject => ({ id: '1', attributes, active: true })

  test('is the client’s word on what it changed, and what stood before on the rest', () => {
    const before = { userName: 'a@x.io', title: 'T', active: true }
    const after = { ...before, title: 'U', nickName: 'N' }
    const shadow = updated(
      before,
      after,
      object({ login: 'a@x.io', job_title: 'T' }),
      object({ login: 'a@x.io', job_title: 'U' }),
    )
    expect(shadow.held).toEqual({ userName: 'a@x.io', title: 'U', active: true })
    expect(shadow.kept).toEqual({ nickName: 'N' })
  })

  test('says nothing of what only the app has filled in', () => {
    const sent = { userName: 'a@x.io', active: true }
    const filled = object({ login: 'a@x.io', org_unit: 'Default' })
    const created = shadowOf(sent, filled)
    expect(created.held).toEqual({ userName: 'a@x.io', active: true })
    expect(toView(mapping, 1, filled, created)).toEqual(sent)
    const now = object({ login: 'a@x.io', org_unit: 'Default', job_title: 'U', phone: '1' })
    const shadow = updated(sent, { ...sent, title: 'U' }, filled, now)
    expect(Object.keys(shadow.held)).toEqual(['userName', 'title', 'active'])
  })

  test('remembers that the client took a value away', () => {
    const before = { userName: 'a@x.io', title: 'T', active: true }
    const shadow = updated(
      before,
      { userName: 'a@x.io', active: true },
      object({ login: 'a@x.io', job_title: 'T' }),
      object({ login: 'a@x.io' }),
    )
    expect(shadow.held['title']).toBeNull()
  })

  test('takes what the app derives from a change for what it makes of the client’s words', () => {
    const before = { userName: 'a@x.io', title: 'T', active: true }
    const now = object({ login: 'a.new@x.io', job_title: 'U' })
    const shadow = updated(
      before,
      { ...before, title: 'U' },
      object({ login: 'a@x.io', job_title: 'T' }),
      now,
    )
    expect(shadow.echo).toEqual({ userName: { sent: 'a@x.io', app: 'a.new@x.io' } })
    expect(toView(mapping, 1, now, shadow)['userName']).toBe('a@x.io')
  })
})
