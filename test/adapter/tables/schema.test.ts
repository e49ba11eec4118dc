import { describe, expect, test } from 'vitest'
import mariadb from '../../../examples/database-app/mariadb.manifest.json' with { type: 'json' }
import postgres from '../../../examples/database-app/postgres.manifest.json' with { type: 'json' }
import {
  compileAny,
  movedByAny,
  parseAnyManifest,
  readsAnyOtherwise,
} from '../../../src/adapter/manifest/kinds.ts'
import { MINIMAL } from '../manifest/app.ts'

const PEOPLE = {
  table: 'users',
  id: { column: 'id', type: 'integer' },
  idsReused: false,
  attributes: { login: { required: true, unique: true } },
  naming: 'login',
  lookups: ['login'],
  mapping: { userName: 'login' },
}
const manifest = (user: object = {}, more: object = {}) => ({
  contract: 1,
  kind: 'sql',
  name: 'probe',
  version: '1.0.0',
  dialect: 'postgres',
  ...more,
  resources: { User: { ...PEOPLE, ...user }, ...('Group' in more && { Group: more.Group }) },
})

function parse(document: object) {
  const { Group: _, ...rest } = document as { Group?: unknown }
  const parsed = parseAnyManifest(rest)
  if (!parsed.success) throw parsed.error
  return parsed.data
}

function faults(document: object): string[] {
  const { Group: _, ...rest } = document as { Group?: unknown }
  const parsed = parseAnyManifest(rest)
  return parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
}

describe('a manifest of tables', () => {
  test('needs no more than a table, an id and what people are found by', () => {
    expect(faults(manifest())).toEqual([])
    const { resources, secrets } = compileAny(parse(manifest()))
    expect(secrets).toEqual(['password'])
    expect(resources['User']?.capabilities).toMatchObject({
      lookups: [
        { attribute: 'login', exact: true, caseExact: false, includesInactive: true, lagMs: 0 },
      ],
      list: { maxPage: 100, order: 'stable', skip: true },
      create: 'none',
      update: 'none',
      active: 'none',
      remove: 'none',
      membership: 'none',
    })
  })

  test('declares what its members say, and has those methods', () => {
    for (const document of [postgres, mariadb]) {
      const { capabilities } = compileAny(parse(document)).resources['Group'] ?? {}
      expect(capabilities).toMatchObject({
        create: 'sync',
        update: 'delta',
        remove: 'hard',
        membership: 'add-remove',
        members: { batch: 200, single: false },
      })
    }
  })

  test.each([
    [{ table: 'users; DROP' }, 'resources.User.table: must be the name of a table'],
    [{ table: 'a.b.c' }, 'resources.User.table: must be the name of a table'],
    [
      { id: { column: 'id"', type: 'integer' } },
      'resources.User.id.column: must be the name of a column',
    ],
    [{ where: { 'a b': 1 } }, 'resources.User.where.a b'],
    [{ naming: 'name' }, 'resources.User.naming: "name" is not declared'],
    [{ lookups: [] }, 'resources.User.lookups: must hold "login"'],
    [{ mapping: { userName: 'nick' } }, 'resources.User.mapping.userName: "nick" is not declared'],
    [
      { attributes: { ...PEOPLE.attributes, nick: { column: 'login' } } },
      'resources.User.attributes.nick: has the same column as "login"',
    ],
    [
      { attributes: { ...PEOPLE.attributes, id: {} } },
      'resources.User.attributes.id.write: must be "create" or "never"',
    ],
    [{ active: { column: 'state', on: 'on' } }, 'resources.User.active: needs "on" and "off"'],
    [
      { active: { column: 'state', on: 'on', off: ['on'] } },
      'resources.User.active.off: is the same as "on"',
    ],
    [
      { active: { column: 'gone_at', offSince: true, on: 1, off: 0 } },
      'resources.User.active: "offSince" stands alone',
    ],
    [{ remove: { kind: 'soft' } }, 'resources.User.remove.mark: is needed'],
    [
      { remove: { kind: 'soft', mark: { column: 'gone_at', offSince: true } } },
      'resources.User.active: is needed',
    ],
    [{ create: { set: { login: 'x' } } }, 'resources.User.create.set.login: is an attribute'],
    [
      { members: { kind: 'column', column: 'team_id' } },
      'resources.User.members: belongs to "Group"',
    ],
  ])('says what is wrong, and where: %o', (user, said) => {
    expect(faults(manifest(user))[0]).toContain(said)
    expect(faults(manifest(user)).length).toBeLessThanOrEqual(2)
  })

  test('is told from one of requests, and another kind from both', () => {
    expect(faults({ ...manifest(), kind: 'nosql' })).toEqual([expect.stringContaining('kind')])
    expect(parseAnyManifest(MINIMAL).success).toBe(true)
    expect(parseAnyManifest([]).success).toBe(false)
    expect(parseAnyManifest(null).success).toBe(false)
  })

  test('says by its reach what a connection holds', () => {
    const socket = compileAny(parse(manifest()))
    expect(
      socket.settings.safeParse({ url: 'postgres://db.app.example/app', user: 'g' }).success,
    ).toBe(true)
    expect(
      socket.settings.safeParse({ url: 'mysql://db.app.example/app', user: 'g' }).success,
    ).toBe(false)
    const pooled = compileAny(parse(manifest({}, { reach: 'hyperdrive' })))
    expect(pooled.secrets).toEqual([])
    expect(pooled.baseUrl(pooled.settings.parse({ binding: 'CRM' }))).toBe('hyperdrive:CRM')
    expect(pooled.settings.safeParse({ binding: 'a b' }).success).toBe(false)
  })
})

describe('another version of a manifest of tables', () => {
  const from = parse(postgres)
  const changed = (change: (document: typeof postgres) => void) => {
    const document = structuredClone(postgres)
    change(document)
    return parse(document)
  }
  const paths = (to: typeof from) => movedByAny(from, to).map(({ path }) => path.join('.'))

  test('moves what links go by, or does not', () => {
    expect(
      paths(
        changed((d) => {
          d.resources.User.table = 'people'
        }),
      ),
    ).toEqual(['resources.User.table'])
    expect(
      paths(
        changed((d) => {
          d.resources.User.id.column = 'uid'
        }),
      ),
    ).toEqual(['resources.User.id.column'])
    expect(
      paths(
        changed((d) => {
          d.resources.Group.members.table = 'memberships'
        }),
      ),
    ).toEqual(['resources.Group.members'])
    expect(
      paths(
        changed((d) => {
          d.resources.User.fingerprint = 'updated_at'
        }),
      ),
    ).toEqual(['resources.User.fingerprint'])
    expect(
      paths(
        changed((d) => {
          d.version = '1.1.0'
        }),
      ),
    ).toEqual([])
    expect(paths(parse(MINIMAL))).toEqual(['kind', 'kind'])
  })

  test('reads otherwise where attributes, the mapping, the switch or the scope are others', () => {
    const mapped = changed((d) => {
      d.resources.User.mapping['userName'] = 'email'
    })
    expect(readsAnyOtherwise(from, mapped)).toBe(true)
    expect(
      readsAnyOtherwise(
        from,
        changed((d) => {
          d.version = '2.0.0'
        }),
      ),
    ).toBe(false)
    expect(readsAnyOtherwise(from, parse(MINIMAL))).toBe(true)
  })
})
