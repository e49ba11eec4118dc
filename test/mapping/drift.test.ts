/** Drift: what the app made of the client's word against what it holds now. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { example } from '../../adapters/example/index.ts'
import type { Attributes, NativeObject } from '../../src/adapter/contract.ts'
import { accepted, driftOf, isReactivation } from '../../src/mapping/drift.ts'
import { Mapping } from '../../src/mapping/mapping.ts'
import { toShadow } from '../../src/mapping/shadow.ts'
import { firstWords } from '../../src/mapping/words.ts'
import type { Resource } from '../../src/scim/schema.ts'
import { user } from '../scim/definitions.ts'

const mapping = new Mapping(user, example.resources.User, undefined)
const object = (attributes: Attributes, active = true): NativeObject => ({
  id: '1',
  attributes,
  active,
})
const shadowOf = (sent: Resource, made: NativeObject) =>
  toShadow(user, mapping, 1, sent, made, firstWords(sent))
const paths = (sent: Resource, made: NativeObject, now: NativeObject, version = 1) =>
  driftOf(mapping, version, shadowOf(sent, made), now).map(({ place }) => place.key)

const SENT = { userName: 'A@x.io', title: 'Chef', active: true }
const MADE = { login: 'a@x.io', job_title: 'Chef' }

describe('drift', () => {
  test('is none while the app holds what it made, whatever that is', () => {
    const values = fc.record({ login: fc.string(), job_title: fc.string(), phone: fc.string() })
    fc.assert(
      fc.property(values, fc.boolean(), (made, active) => {
        expect(paths(SENT, object(made, active), object(made, active))).toEqual([])
      }),
    )
  })

  test('names values that moved: rewritten ones, those held as sent, and the switch', () => {
    const now = object({ login: 'b@x.io', job_title: 'Boss' }, false)
    expect(paths(SENT, object(MADE), now)).toEqual(['userName', 'title', 'active'])
  })

  test('names a value that was cleared in the app, and one that the client had taken away', () => {
    expect(paths(SENT, object(MADE), object({ login: 'a@x.io', job_title: '' }))).toEqual(['title'])
    const shadow = { kept: {}, echo: {}, held: { title: null }, mapping: 1 }
    expect(driftOf(mapping, 1, shadow, object(MADE))).toMatchObject([{ sent: null, held: 'Chef' }])
  })

  test('is none in what the client never spoke of', () => {
    const made = object({ ...MADE, org_unit: 'Default' })
    expect(paths(SENT, made, object({ ...MADE, org_unit: 'Moved', phone: '1' }))).toEqual([])
  })

  test('is none under another mapping than that of the last write', () => {
    expect(paths(SENT, object(MADE), object({}), 2)).toEqual([])
  })

  test('is none where the app alone writes', () => {
    const { attributes } = example.resources.User
    const spec = {
      ...example.resources.User,
      attributes: { ...attributes, job_title: { type: 'string', write: 'never' } as const },
    }
    const own = new Mapping(user, spec, undefined)
    const shadow = toShadow(user, own, 1, SENT, object(MADE), firstWords(SENT))
    expect(driftOf(own, 1, shadow, object({ login: 'a@x.io', job_title: 'Boss' }))).toEqual([])
  })

  test('takes several values as a set', () => {
    const spec = {
      ...example.resources.User,
      attributes: {
        ...example.resources.User.attributes,
        mails: { type: 'object', multiValued: true, write: 'always' } as const,
      },
    }
    const many = new Mapping(user, spec, { userName: 'login', emails: 'mails' })
    const [home, work] = [
      { type: 'home', value: 'h@x.io' },
      { type: 'work', value: 'w@x.io' },
    ]
    const sent = { userName: 'a@x.io', emails: [home, work], active: true } as Resource
    const made = object({ login: 'a@x.io', mails: [home, work] as never })
    const shadow = toShadow(user, many, 1, sent, made, firstWords(sent))
    const turned = object({ login: 'a@x.io', mails: [work, home] as never })
    expect(driftOf(many, 1, shadow, turned)).toEqual([])
    const fewer = object({ login: 'a@x.io', mails: [work] as never })
    expect(driftOf(many, 1, shadow, fewer).map(({ place }) => place.key)).toEqual(['emails'])
  })

  test('is a reactivation only where the client had switched off what the app switched on', () => {
    const off = { ...SENT, active: false }
    const [back] = driftOf(mapping, 1, shadowOf(off, object(MADE, false)), object(MADE, true))
    const [gone] = driftOf(mapping, 1, shadowOf(SENT, object(MADE)), object(MADE, false))
    expect([back, gone].map((drift) => drift && isReactivation(drift))).toEqual([true, false])
  })

  test('is over once the app’s value is accepted', () => {
    const shadow = shadowOf(SENT, object(MADE))
    const now = object({ login: 'b@x.io', job_title: 'Boss' })
    const drift = driftOf(mapping, 1, shadow, now)
    const after = accepted(shadow, drift.slice(0, 1))
    expect(driftOf(mapping, 1, after, now).map(({ place }) => place.key)).toEqual(['title'])
  })
})
