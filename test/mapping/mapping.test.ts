import { describe, expect, test } from 'vitest'
import { example } from '../../adapters/example/index.ts'
import { Mapping } from '../../src/mapping/mapping.ts'
import { same } from '../../src/mapping/same.ts'
import { user } from '../scim/definitions.ts'

const mapping = new Mapping(user, example.resources.User, undefined)
const object = {
  id: '1',
  attributes: { login: 'a@x.io', first_name: '', last_name: 'B', job_title: 'Chef' },
  active: false,
}

describe('a mapping', () => {
  test('shows nothing for what the app holds as null or as an empty text', () => {
    expect(mapping.toScim(object)).toEqual({
      userName: 'a@x.io',
      name: { familyName: 'B' },
      title: 'Chef',
      active: false,
    })
  })

  test('sends what the client changed, and nothing that only the app changed', async () => {
    const before = mapping.toScim(object)
    const moved = { ...object, attributes: { ...object.attributes, job_title: 'Boss' } }
    const after = { ...before, name: { familyName: 'C' } }
    expect(await mapping.delta(before, after, moved)).toEqual({
      set: { last_name: 'C' },
      unset: [],
    })
  })

  test('clears what the client removed, where the app can', async () => {
    const before = mapping.toScim(object)
    const { title: _, ...untitled } = before
    expect(await mapping.delta(before, untitled, object)).toEqual({ set: {}, unset: ['job_title'] })
    const { name: __, ...nameless } = before
    expect(await mapping.delta(before, nameless, object)).toEqual({ set: {}, unset: [] })
  })

  test('sends nothing where the app holds the wanted value already', async () => {
    const before = { ...mapping.toScim(object), title: 'Cook' }
    expect(await mapping.delta(before, { ...before, title: 'Chef' }, object)).toEqual({
      set: {},
      unset: [],
    })
  })

  test('refuses a path or an attribute that does not exist', () => {
    expect(() => new Mapping(user, example.resources.User, { nope: 'login' })).toThrow('nope')
    expect(() => new Mapping(user, example.resources.User, { title: 'nope' })).toThrow('nope')
  })
})

describe('sameness', () => {
  test('takes arrays as sets and objects without order', () => {
    expect(same([{ a: 1, b: 2 }, 'x'], ['x', { b: 2, a: 1 }])).toBe(true)
    expect(same(['x', 'x'], ['x'])).toBe(false)
    expect(same('a', 'A')).toBe(false)
    expect(same(undefined, null)).toBe(false)
  })
})
