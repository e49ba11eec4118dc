import { describe, expect, it } from 'vitest'
import {
  type ProjectionParameters,
  parseProjection,
  project,
  wants,
} from '../../src/scim/projection.ts'
import {
  attribute,
  type JsonObject,
  type Profile,
  ResourceDefinition,
} from '../../src/scim/schema.ts'
import { defineResources } from '../../src/scim/schemas.ts'
import { ENTERPRISE_USER, USER } from '../../src/scim/urn.ts'

function definition(name: string) {
  const found = defineResources().get(name)
  if (!found) throw new Error(`no ${name}`)
  return found
}

/** No built-in attribute is `returned: request`: an extension declares one. */
const DESK = 'urn:example:params:scim:schemas:desk'
const desk = {
  id: DESK,
  name: 'Desk',
  description: '',
  attributes: [
    attribute({ name: 'history', type: 'string', returned: 'request' }),
    attribute({ name: 'room', type: 'string' }),
  ],
}
const { type, core, extensions } = definition('User')
const user = new ResourceDefinition(type, core, [...extensions, desk])
const group = definition('Group')

const ilse: JsonObject = {
  schemas: [USER, ENTERPRISE_USER],
  id: '1',
  userName: 'ilse',
  password: 'secret',
  name: { givenName: 'Ilse', familyName: 'Vargaard' },
  emails: [{ value: 'i@x.example', type: 'work' }, { type: 'home' }],
  groups: [{ value: 'g1' }],
  [ENTERPRISE_USER]: { department: 'C', manager: { value: 'u1' } },
  [DESK]: { history: 'moved twice', room: '4' },
  meta: { resourceType: 'User' },
}

function shown(parameters: ProjectionParameters, profile: Profile = 'tolerant') {
  return project(user, ilse, parseProjection(user, parameters, profile))
}

describe('project', () => {
  it('shows by default all but what is returned on request or never', () => {
    const { password: _, ...rest } = ilse
    expect(shown({})).toEqual({ ...rest, [DESK]: { room: '4' } })
    expect(shown({ attributes: ' , ' })).toEqual(shown({}))
  })

  it('shows what is returned on request where it is named', () => {
    expect(shown({ attributes: `${DESK}:history` })[DESK]).toEqual({ history: 'moved twice' })
  })

  it('shows with "attributes" those named, schemas and id', () => {
    expect(shown({ attributes: 'USERNAME,password,groups,nothing' })).toEqual({
      schemas: ilse['schemas'],
      id: '1',
      userName: 'ilse',
      groups: [{ value: 'g1' }],
    })
    expect(shown({ attributes: 'nothing' })).toEqual({ schemas: ilse['schemas'], id: '1' })
  })

  it('shows named sub-attributes alone', () => {
    expect(shown({ attributes: 'name.givenName, emails.value' })).toMatchObject({
      name: { givenName: 'Ilse' },
      emails: [{ value: 'i@x.example' }],
    })
    expect(shown({ attributes: 'name.givenName,name' })).toMatchObject({ name: ilse['name'] })
  })

  it.each([
    ['manager', { manager: { value: 'u1' } }],
    [`${ENTERPRISE_USER}:manager`, { manager: { value: 'u1' } }],
    [`${ENTERPRISE_USER}:manager.value`, { manager: { value: 'u1' } }],
    [ENTERPRISE_USER, { department: 'C', manager: { value: 'u1' } }],
  ])('finds extension attributes by %s', (attributes, block) => {
    expect(shown({ attributes })[ENTERPRISE_USER]).toEqual(block)
  })

  it('finds core attributes behind the core URN', () => {
    expect(shown({ attributes: `${USER}:userName` })).toHaveProperty('userName', 'ilse')
  })

  it('hides with "excludedAttributes" those named, never schemas and id', () => {
    const excludedAttributes = `id,schemas,emails,name.familyName,${ENTERPRISE_USER}`
    expect(shown({ excludedAttributes })).toEqual({
      schemas: ilse['schemas'],
      id: '1',
      userName: 'ilse',
      name: { givenName: 'Ilse' },
      groups: ilse['groups'],
      [DESK]: { room: '4' },
      meta: ilse['meta'],
    })
    expect(shown({ excludedAttributes: 'groups' })).not.toHaveProperty('groups')
  })

  it('takes arrays, as a SearchRequest gives them', () => {
    expect(shown({ attributes: ['userName'] })).toHaveProperty('userName')
  })

  it('of both parameters "attributes" decides; strict refuses', () => {
    const both = { attributes: 'userName', excludedAttributes: 'userName' }
    expect(shown(both)).toHaveProperty('userName')
    expect(() => shown(both, 'strict')).toThrow(/not both/)
  })
})

describe('wants', () => {
  it.each<[ProjectionParameters, boolean]>([
    [{}, true],
    [{ excludedAttributes: 'members' }, false],
    [{ excludedAttributes: 'Members' }, false],
    [{ excludedAttributes: 'members.display' }, true],
    [{ attributes: 'displayName' }, false],
    [{ attributes: 'members.value' }, true],
  ])('says for %j whether members need loading: %s', (parameters, expected) => {
    const projection = parseProjection(group, parameters, 'tolerant')
    expect(wants(projection, 'members')).toBe(expected)
    const attribute = group.coreAttribute('members')
    if (!attribute) throw new Error('no members')
    const ref = { urn: undefined, attribute, subAttribute: undefined }
    expect(wants(projection, ref)).toBe(expected)
  })

  it('answers for sub-attributes, for attributes on request, and for names it does not know', () => {
    const projection = parseProjection(group, { attributes: 'members.value' }, 'tolerant')
    expect(wants(projection, 'members.display')).toBe(false)
    expect(wants(projection, 'nothing')).toBe(false)
    const history = `${DESK}:history`
    expect(wants(parseProjection(user, {}, 'tolerant'), history)).toBe(false)
    expect(wants(parseProjection(user, { attributes: history }, 'tolerant'), history)).toBe(true)
  })
})
