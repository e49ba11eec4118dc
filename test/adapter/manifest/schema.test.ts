import { describe, expect, test } from 'vitest'
import fernhollow from '../../../examples/legacy-app/fernhollow.manifest.json' with { type: 'json' }
import { manifestSchema } from '../../../src/adapter/manifest/schema.ts'
import { MINIMAL, manifestWith } from './app.ts'

/** `path: message` of everything that is wrong. */
function faultsOf(manifest: unknown): string[] {
  const parsed = manifestSchema.safeParse(manifest)
  return parsed.success ? [] : parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`)
}

const GET = { method: 'GET', path: '/users/{id}' } as const
const absent = (rule: object) => ({ get: { ...GET, rules: [{ ...rule, means: 'absent' }] } })

describe('a manifest', () => {
  test.each([
    ['the example', fernhollow],
    ['the smallest', MINIMAL],
  ])('%s is valid', (_, manifest) => {
    expect(faultsOf(manifest)).toEqual([])
  })

  test.each<[string, Readonly<Record<string, unknown>>, string]>([
    [
      'a secret in a path',
      { get: { ...GET, path: '/u/{id}/{config.key}' } },
      'get.path: {config.key} is a secret',
    ],
    [
      'a secret in a body',
      {
        create: {
          method: 'POST',
          path: '/u',
          body: { json: { a: ['{attributes}', '{config.key}'] } },
        },
      },
      'create.body: {config.key} is a secret',
    ],
    [
      'a placeholder that nobody fills',
      { get: { ...GET, path: '/u/{name}' } },
      'get.path: nothing is called {name} here; there is {id}',
    ],
    [
      'a list of values in a path',
      { update: { method: 'PUT', path: '/u/{attributes}' } },
      'update.path: {attributes} is more than one value',
    ],
    ['a naming attribute that is not there', { naming: 'nick' }, 'naming: "nick" is not declared'],
    ['a mapping to nothing', { mapping: { title: 'job' } }, 'mapping.title: "job" is not declared'],
    [
      'an absent that a wrong base URL would give',
      absent({ status: 404 }),
      'get.rules.0: must say by "at" or "body"',
    ],
    ['a rule that always holds', absent({}), 'get.rules.0: must say when it holds'],
    ['a condition about nothing', absent({ at: '/x' }), 'get.rules.0.at: needs one of'],
    [
      'an answer that a read cannot have',
      { get: { ...GET, rules: [{ status: 409, means: 'stale' }] } },
      'get.rules.0.means: "stale" is no answer',
    ],
    [
      'a pager whose place is missing',
      { list: { method: 'GET', path: '/u', pager: { kind: 'page' } } },
      'list.pager: the request must place {page}',
    ],
    [
      'invitations that nobody follows',
      { create: { method: 'POST', path: '/u', body: { json: '{attributes}' }, mode: 'invite' } },
      'poll: is needed',
    ],
    ['a GET with a body', { get: { ...GET, body: { json: {} } } }, 'get.body: a GET carries none'],
    [
      'a header of HTTP itself',
      { get: { ...GET, headers: { Host: 'x' } } },
      'get.headers.Host: is set by Postern',
    ],
    ['a pointer into a prototype', { id: '/__proto__/x' }, 'id: must be a JSON Pointer'],
    [
      'members of people',
      {
        membership: {
          kind: 'add-remove',
          members: { ...GET, path: '/m', id: '/id' },
          add: { method: 'PUT', path: '/m' },
          remove: { method: 'DELETE', path: '/m' },
        },
      },
      'membership: belongs to "Group"',
    ],
    ['a typo', { getting: GET }, 'Unrecognized key'],
  ])('refuses %s, and says where and what to write', (_, user, fault) => {
    const faults = faultsOf(manifestWith(user))
    expect(faults.join('\n')).toContain(fault)
  })

  test.each<[string, Readonly<Record<string, unknown>>, string]>([
    [
      'an undeclared secret',
      { auth: { kind: 'bearer', secret: 'token' } },
      'config.token: must be declared',
    ],
    [
      'a base with a foreign part in its host',
      { base: 'https://{config.url}.example.com' },
      'base: "url" must be declared',
    ],
    ['a base that is no URL', { base: 'ftp://x' }, 'base: must be'],
    [
      'half a host name as a whole one',
      {
        base: 'https://{config.h}.example.com',
        config: { key: { label: 'k', secret: true }, h: { label: 'h', kind: 'host' } },
      },
      'base: "h" is a whole host name',
    ],
    [
      'a secret with a default',
      { config: { ...MINIMAL.config, key: { label: 'k', secret: true, default: 'x' } } },
      'config.key.default: a secret has no default',
    ],
    ['another contract', { contract: 2 }, 'contract:'],
    ['a name that no URL takes', { name: 'My App' }, 'name: must be'],
  ])('refuses %s', (_, more, fault) => {
    expect(faultsOf(manifestWith({}, more)).join('\n')).toContain(fault)
  })

  test('everything that is wrong is said at once', () => {
    const faults = faultsOf(manifestWith({ naming: 'nick', get: { ...GET, path: '/u/{name}' } }))
    expect(faults).toHaveLength(2)
  })
})
