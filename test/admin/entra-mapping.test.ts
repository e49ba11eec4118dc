/** What is recommended for Entra suits what each adapter maps, so that nobody's create fails for it. */
import { describe, expect, test } from 'vitest'
import { adapters } from '../../adapters/index.ts'
import gitlab from '../../adapters/unverified/gitlab.manifest.json'
import grafana from '../../adapters/unverified/grafana.manifest.json'
import mattermost from '../../adapters/unverified/mattermost.manifest.json'
import moodle from '../../adapters/unverified/moodle.manifest.json'
import type { Adapter } from '../../src/adapter/contract.ts'
import { compileAny, parseAnyManifest } from '../../src/adapter/manifest/kinds.ts'
import { appOf, isOneWay, type MappingEntry } from '../../src/adapter/mapping-entry.ts'
import { attributesForEntra, toObjectMappings } from '../../src/admin/entra-mapping.ts'

const BY_USER_NAME = [{ scim: 'userName' }]
const of = (mapped: Readonly<Record<string, MappingEntry>>, match = BY_USER_NAME) =>
  attributesForEntra(mapped, match, true)
const targets = (mapped: Readonly<Record<string, MappingEntry>>) =>
  of(mapped).people.map(({ target }) => target)

const all = new Map<string, Adapter>(adapters)
for (const document of [gitlab, grafana, mattermost, moodle]) {
  const manifest = parseAnyManifest(document).data
  if (manifest) all.set(manifest.name, compileAny(manifest))
}

describe.each([...all])('of %s', (_, { resources }) => {
  const spec = resources['User']
  const mapping = spec?.mapping ?? {}
  const { people, withoutSource } = of(mapping)

  test('every attribute that the app demands is made of what Entra sends', () => {
    const offered = people.map(({ target }) => target.replace(/\[[^\]]*\]/, '').toLowerCase())
    const told = Object.entries(mapping).flatMap(([key, entry]) => {
      const path = key.replace(/\[[^\]]*\]/, '').toLowerCase()
      const isTold = isOneWay(entry) || offered.includes(path)
      return isTold ? [appOf(key, entry)] : []
    })
    const required = Object.entries(spec?.attributes ?? {}).filter(([, one]) => one.required)
    for (const [name] of required) expect(told).toContain(name)
  })

  test('all that is mapped is offered, or named as what has no source', () => {
    const named = [...people.map(({ target }) => target), ...withoutSource]
    for (const key of Object.keys(mapping).filter((one) => !one.startsWith('='))) {
      const [attribute = ''] = key.split(/[.[]/, 1)
      expect(named.some((one) => one === key || one.startsWith(attribute))).toBe(true)
    }
    expect(people.filter(({ isMatching }) => isMatching)).toHaveLength(1)
  })
})

test('a list of mail addresses in the app is given Entra’s one', () => {
  expect(targets({ userName: 'login', 'emails.value': 'mails' })).toContain(
    'emails[type eq "work"].value',
  )
})

test('roles are asked for by the expression that says all of them', () => {
  const { people, groups } = of({ userName: 'name', 'roles.value': 'tags' })
  expect(people).toContainEqual({
    ...{ source: 'appRoleAssignments', target: 'roles', isMatching: false, inApp: true },
  })
  const { objectMappings } = toObjectMappings({ people, groups, withoutSource: [] })
  expect(objectMappings[0]?.attributeMappings.at(-1)?.source).toMatchObject({
    expression: 'AssertiveAppRoleAssignmentsComplex([appRoleAssignments])',
    type: 'Function',
  })
  expect(targets({ userName: 'name' })).not.toContain('roles')
})

test('what Entra has no source for is named, and is no part of the file', () => {
  const { people, withoutSource } = of({ userName: 'login', nickName: 'nick', '=x': { value: 1 } })
  expect(withoutSource).toEqual(['nickName'])
  expect(people.map(({ target }) => target)).not.toContain('nickName')
})

test('a match rule that Entra’s mapping cannot match by leaves userName to it', () => {
  const matching = (scim: string) =>
    of({ userName: 'login' }, [{ scim }]).people.filter(({ isMatching }) => isMatching)
  expect(matching('nickName')).toMatchObject([{ target: 'userName' }])
  expect(matching('EMAILS[type eq "work"].value')).toMatchObject([
    { target: 'emails[type eq "work"].value', inApp: false },
  ])
})

test('an app that knows no groups is given no mapping of groups', () => {
  const attributes = attributesForEntra({ userName: 'login' }, BY_USER_NAME, false)
  expect(attributes.groups).toEqual([])
  expect(toObjectMappings(attributes).objectMappings.map(({ name }) => name)).toEqual([
    'Provision Microsoft Entra ID Users',
  ])
})
