/** From an API file to a manifest that works its app: what is proposed, and what is asked. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseDocument } from '../../../cli/adapter/openapi/document.ts'
import { proposeManifest } from '../../../cli/adapter/propose/manifest.ts'
import type { AnyPort } from '../../../src/adapter/contract.ts'
import { createHttpClient } from '../../../src/adapter/http.ts'
import { compileManifest } from '../../../src/adapter/manifest/compile.ts'
import { manifestSchema } from '../../../src/adapter/manifest/schema.ts'
import type { Fake } from '../../adapters/unverified/fake.ts'
import * as gitlab from '../../adapters/unverified/gitlab-fake.ts'
import * as mattermost from '../../adapters/unverified/mattermost-fake.ts'
import { httpKit } from '../../support/http-kit.ts'
import { answered, OUT } from './answers.ts'
import { clinic, ledger } from './small-apps.ts'

const FIXTURES = path.join(import.meta.dirname, 'fixtures')

async function scaffold(file: string): Promise<unknown> {
  const text = await readFile(path.join(FIXTURES, file), 'utf8')
  const proposal = proposeManifest('probe', parseDocument(text, file))
  if (!proposal) throw new Error(`${file} shows no people`)
  return proposal.manifest
}

function open(manifest: unknown, app: Fake, secret: string, settings: object = {}) {
  const adapter = compileManifest(manifestSchema.parse(manifest))
  const given = adapter.settings.parse({ url: 'https://app.example', ...settings })
  const http = createHttpClient({
    baseUrl: adapter.baseUrl(given),
    fetch: app.fetch,
    now: () => 0,
    leftMs: () => 1_000,
    maxBytes: 1_000_000,
    allowInsecure: false,
    otherUrls: adapter.otherUrls?.(given) ?? [],
  })
  const ports = adapter.connect(
    httpKit({ http, settings: given, secret: () => secret }),
  ) as Readonly<Record<string, AnyPort>>
  const port = (type: string): AnyPort => {
    const found = ports[type]
    if (!found) throw new Error(`no ${type}`)
    return found
  }
  return { User: port('User'), Group: port('Group') }
}

async function make(port: AnyPort, attributes: Readonly<Record<string, string>>) {
  const made = await port.create?.({ attributes, active: true, idempotencyKey: 'k' })
  if (made?.kind !== 'created') throw new Error(`it was ${JSON.stringify(made)}`)
  return made.object
}

async function ids(port: AnyPort): Promise<string[]> {
  const found: string[] = []
  let cursor: string | undefined
  do {
    const page = await port.list({ pageSize: 2, ...(cursor !== undefined && { cursor }) })
    found.push(...page.items.map(({ id }) => id))
    cursor = page.next
  } while (cursor !== undefined)
  return found.sort()
}

/** What every adapter has to do, whatever the app: each person is made by these attributes. */
async function work(
  { User, Group }: ReturnType<typeof open>,
  naming: string,
  people: readonly [first: Record<string, string>, second: Record<string, string>],
  change: Record<string, string>,
  team: { readonly id: string } | Record<string, string>,
) {
  const one = await make(User, people[0])
  const two = await make(User, people[1])
  expect(one.active).toBe(true)
  const again = await User.create?.({ attributes: people[0], active: true, idempotencyKey: 'k' })
  expect(again?.kind).toBe('exists')
  const name = people[0][naming] ?? ''
  const hits = await User.find(naming, name.toUpperCase())
  expect(hits.map(({ id }) => id)).toEqual([one.id])
  await User.update?.(one.id, { set: change, unset: [] })
  await User.setActive?.(one.id, false)
  expect(await User.get(one.id)).toMatchObject({
    active: false,
    attributes: { ...people[0], ...change },
  })
  expect(await ids(User)).toEqual(expect.arrayContaining([one.id, two.id]))
  await User.setActive?.(one.id, true)
  expect(await User.get(one.id)).toMatchObject({ active: true })
  const group = 'id' in team ? team : await make(Group, team)
  const { id = '' } = group
  const members = async () => (await Group.members?.(id, { pageSize: 10 }))?.items.map((m) => m.id)
  const before = (await members()) ?? []
  const first = { type: 'User', id: one.id }
  if (Group.addMembers) {
    await Group.addMembers(id, [first])
    expect(await Group.addMembers(id, [first])).toMatchObject({
      kind: expect.stringMatching(/^(unchanged|ok)$/),
    })
  } else await Group.replaceMembers?.(id, [first], undefined)
  expect(await members()).toEqual([...before, one.id])
  if (Group.removeMembers) {
    await Group.removeMembers(id, [first])
    expect(await Group.removeMembers(id, [first])).toMatchObject({ kind: 'unchanged' })
  } else await Group.replaceMembers?.(id, [], undefined)
  expect(await members()).toEqual(before)
  expect(await User.get(`${two.id.slice(0, -1)}9`)).toBe(null)
  return two.id
}

const NOBODY = { status: 404, at: '/message', contains: 'Not Found', means: 'absent' }

describe('an API file and its answers make a manifest that works', () => {
  test('page numbers, calls that block, members with a level: an API like GitLab’s', async () => {
    const manifest = answered(
      await scaffold('forge.openapi.json'),
      {
        auth: OUT,
        check: OUT,
        'rules.0': NOBODY,
        'resources.User.idsReused': false,
        'resources.User.list': OUT,
        'resources.User.lookups.0.exact': true,
        'resources.User.lookups.0.caseExact': false,
        'resources.User.lookups.0.includesInactive': true,
        'resources.User.lookups.0.lagMs': 0,
        'resources.User.lookups.1.caseExact': false,
        'resources.User.lookups.1.includesInactive': true,
        'resources.User.lookups.1.lagMs': 0,
        'resources.User.create': OUT,
        'resources.User.create.rules.0': {
          status: 409,
          at: '/message',
          contains: 'has already been taken',
          means: { exists: {} },
        },
        'resources.User.update.send': 'changed',
        'resources.User.remove.kind': 'hard',
        'resources.Group.idsReused': false,
        'resources.Group.lookups.0.caseExact': false,
        'resources.Group.lookups.0.lagMs': 0,
        'resources.Group.create.body.json.path': '{attributes.name}',
        'resources.Group.create.rules.0': {
          status: 400,
          at: '/message',
          contains: 'has already been taken',
          means: { exists: {} },
        },
        'resources.Group.update.send': 'changed',
        'resources.Group.remove.kind': 'hard',
        'resources.Group.membership': OUT,
        'resources.Group.membership.add.body.json.access_level': 30,
      },
      {
        'resources.User.create.body.json': { '...': '{attributes}', force_random_password: true },
        'resources.Group.membership.add.rules': [
          { status: 409, at: '/message', contains: 'already exists', means: 'unchanged' },
        ],
        'resources.Group.membership.remove.rules': [
          { status: 404, at: '/message', equals: '404 Not Found', means: 'unchanged' },
        ],
      },
    )
    const ports = open(manifest, gitlab.gitlab(), gitlab.TOKEN)
    const last = await work(
      ports,
      'username',
      [
        { username: 'ann', name: 'Ann', email: 'ann@x.example' },
        { username: 'ben', name: 'Ben', email: 'ben@x.example' },
      ],
      { name: 'Ann B.', job_title: 'Nurse' },
      { name: 'ward' },
    )
    await ports.User.remove?.(last)
    expect(await ports.User.get(last)).toBe(null)
  })

  test('times for off, a look-up by path, a partial update beside the PUT, a needed password: an API like Mattermost’s', async () => {
    const code = (id: string, means: unknown, status = 404) => ({
      status,
      at: '/id',
      equals: id,
      means,
    })
    const manifest = answered(
      await scaffold('chat.openapi.json'),
      {
        check: OUT,
        'rules.0': code('app.user.missing_account.const', 'absent'),
        'resources.User.idsReused': false,
        'resources.User.list': OUT,
        'resources.User.lookups.0.caseExact': false,
        'resources.User.lookups.0.includesInactive': true,
        'resources.User.lookups.0.lagMs': 0,
        'resources.User.create.rules.0': code(
          'app.user.save.username_exists.app_error',
          { exists: {} },
          400,
        ),
        'resources.User.update.send': 'changed',
        'resources.User.remove.kind': 'soft',
        'resources.Group.idsReused': false,
        'resources.Group.lookups.0': OUT,
        'resources.Group.create.body.json.name': '{attributes.display_name}',
        'resources.Group.create.body.json.type': 'I',
        'resources.Group.create.rules.0': code(
          'app.team.save.existing.app_error',
          { exists: {} },
          400,
        ),
        'resources.Group.update.send': 'changed',
        'resources.Group.remove.kind': 'soft',
        'resources.Group.membership': OUT,
      },
      {
        'resources.Group.membership.remove.rules': [
          code('app.team.get_member.missing.app_error', 'unchanged'),
        ],
      },
    )
    const ports = open(manifest, mattermost.mattermost(), mattermost.TOKEN)
    const last = await work(
      ports,
      'username',
      [
        { username: 'ann', first_name: 'Ann', email: 'ann@x.example' },
        { username: 'ben', first_name: 'Ben', email: 'ben@x.example' },
      ],
      { position: 'Nurse' },
      { display_name: 'ward' },
    )
    await ports.User.remove?.(last)
    expect(await ports.User.get(last)).toMatchObject({ active: false })
  })

  test('wrappers, rows that show little, ids in a Location, lists in the group: Swagger 2', async () => {
    const manifest = answered(await scaffold('clinic.swagger.json'), {
      check: OUT,
      'rules.0': { status: 404, at: '/errorCode', equals: 'NO_SUCH', means: 'absent' },
      'resources.User.idsReused': false,
      'resources.User.list': OUT,
      'resources.User.lookups.0.exact': true,
      'resources.User.lookups.0.caseExact': false,
      'resources.User.lookups.0.includesInactive': true,
      'resources.User.lookups.0.lagMs': 0,
      'resources.User.active': OUT,
      'resources.User.create.rules.0': {
        status: 422,
        at: '/errorCode',
        equals: 'TWICE',
        means: { exists: {} },
      },
      'resources.User.update.send': 'full',
      'resources.User.remove.kind': 'hard',
      'resources.Group.idsReused': false,
      'resources.Group.list': OUT,
      'resources.Group.create.rules.0': {
        status: 422,
        at: '/errorCode',
        equals: 'TWICE',
        means: { exists: {} },
      },
      'resources.Group.update.send': 'changed',
      'resources.Group.remove.kind': 'hard',
      'resources.Group.membership': OUT,
    })
    const ports = open(manifest, clinic(), 's3cret', { user: 'boss' })
    const last = await work(
      ports,
      'loginName',
      [
        { loginName: 'ann', surname: 'Ax', contact_emailAddress: 'ann@x.example' },
        { loginName: 'ben', surname: 'Bo', contact_emailAddress: 'ben@x.example' },
      ],
      { forename: 'Ann' },
      { label: 'Ward' },
    )
    await ports.User.remove?.(last)
    expect(await ports.User.get(last)).toBe(null)
  })

  test('cursors, a status, client credentials, a setting in the path: YAML', async () => {
    const manifest = answered(await scaffold('ledger.openapi.yaml'), {
      'auth.tokenUrl': '{config.url}/v2/oauth/token',
      check: OUT,
      'rules.0': { status: 404, at: '/type', equals: 'urn:ledger:missing', means: 'absent' },
      'resources.User.idsReused': false,
      'resources.User.list': OUT,
      'resources.User.lookups.0.exact': true,
      'resources.User.lookups.0.caseExact': false,
      'resources.User.lookups.0.includesInactive': true,
      'resources.User.lookups.0.lagMs': 0,
      'resources.User.active.off.1': 'PENDING',
      'resources.User.create.rules.0': {
        status: 409,
        at: '/type',
        equals: 'urn:ledger:taken',
        means: { exists: {} },
      },
      'resources.Group.idsReused': false,
      'resources.Group.lookups.0': OUT,
    })
    const ports = open(manifest, ledger(), 's3cret', { clientId: 'c', accountId: 'a-7' })
    await work(
      ports,
      'email',
      [
        { email: 'ann@x.example', familyName: 'Ax' },
        { email: 'ben@x.example', familyName: 'Bo' },
      ],
      { department: 'Books' },
      { id: 't-1' },
    )
  })
})

describe('what API files may hold', () => {
  const tiny = (more: object, paths: object = {}) =>
    JSON.stringify({
      openapi: '3.0.0',
      info: {},
      paths: { '/users': { get: { responses: {} } }, ...paths },
      ...more,
    })

  test('references that go in circles, or out of the file, end', () => {
    const a = { $ref: '#/components/schemas/A' }
    const text = tiny(
      {
        components: {
          schemas: { A: { allOf: [a, { properties: { boss: a, login: { type: 'string' } } }] } },
        },
      },
      {
        '/users/{id}': {
          get: { responses: { 200: { content: { 'application/json': { schema: a } } } } },
          put: { requestBody: { $ref: 'https://elsewhere.example/body.json' }, responses: {} },
        },
      },
    )
    const { manifest } = proposeManifest('probe', parseDocument(text, 'x')) ?? {}
    expect(manifest).toMatchObject({ resources: { User: { naming: 'login' } } })
  })

  test('a path that takes the name is read by the name, also where objects have a number', () => {
    const one = { properties: { id: { type: 'integer' }, login: { type: 'string' } } }
    const text = JSON.stringify({
      swagger: '2.0',
      responses: { User: { schema: one }, List: { schema: { type: 'array', items: one } } },
      paths: {
        '/admin/users': { get: { responses: { 200: { $ref: '#/responses/List' } } } },
        '/admin/users/{username}': { delete: { responses: {} } },
        '/users/{username}': { get: { responses: { 200: { $ref: '#/responses/User' } } } },
      },
    })
    const { manifest } = proposeManifest('probe', parseDocument(text, 'x')) ?? {}
    expect(manifest).toMatchObject({
      resources: {
        User: {
          id: '/login',
          naming: 'login',
          get: { path: '/users/{id}' },
          list: { path: '/admin/users' },
          remove: { method: 'DELETE', path: '/admin/users/{id}' },
        },
      },
    })
  })

  test('a time of being off, and a mark of the dead, are understood', () => {
    const one = {
      properties: {
        id: { type: 'integer' },
        login: { type: 'string' },
        deactivated_at: { type: 'string', format: 'date-time' },
        deleted: { type: 'boolean' },
      },
    }
    const answer = { 200: { content: { 'application/json': { schema: one } } } }
    const text = tiny(
      {},
      {
        '/users/{id}': { get: { responses: answer } },
        '/users/{id}/deactivate': { post: { responses: {} } },
        '/users/{id}/activate': { post: { responses: {} } },
      },
    )
    const { manifest } = proposeManifest('probe', parseDocument(text, 'x')) ?? {}
    expect(manifest).toMatchObject({
      resources: {
        User: {
          active: {
            at: '/deactivated_at',
            on: null,
            otherwise: false,
            enable: { method: 'POST', path: '/users/{id}/activate' },
          },
          absentWhen: [{ at: '/deleted', equals: true }],
        },
      },
    })
  })

  test.each([
    ['no people', JSON.stringify({ openapi: '3.0.0', paths: { '/cars': { get: {} } } })],
    [
      'paths that are none',
      JSON.stringify({ swagger: '2.0', paths: { users: null, '/users': 7 } }),
    ],
  ])('%s are no proposal', (_, text) => {
    expect(proposeManifest('probe', parseDocument(text, 'x'))).toBe(undefined)
  })

  test.each([
    ['{', 'neither JSON nor YAML'],
    ['[]', 'no OpenAPI'],
    ['{ "openapi": "2.0" }', 'no OpenAPI'],
    [
      'a: &a [x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c]',
      'neither',
    ],
  ])('%s is refused', (text, message) => {
    expect(() => parseDocument(text, 'x')).toThrow(message)
  })
})

describe('the command', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'postern-new-'))
  })
  afterAll(() => rm(folder, { recursive: true }))
  const postern = (...args: string[]) =>
    promisify(execFile)(
      process.execPath,
      [path.join(import.meta.dirname, '../../../cli/postern.mjs'), ...args],
      { cwd: folder },
    )

  test('writes a file once, says what is next, and check and test name each open question', async () => {
    const { stdout } = await postern('adapter', 'new', 'my-desk')
    expect(stdout).toContain('my-desk.manifest.json')
    expect(stdout).toContain('npx postern manifests check my-desk.manifest.json')
    await expect(postern('adapter', 'new', 'my-desk')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is there already'),
    })
    for (const words of [
      ['manifests', 'check'],
      ['adapter', 'test'],
    ]) {
      await expect(postern(...words, './my-desk.manifest.json')).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/open questions\n {2}auth\n {6}How does the app take/),
      })
    }
  })

  test('faults beside open questions are named first, and a program gets both', async () => {
    const { manifest } = proposeManifest(
      'probe',
      parseDocument(await readFile(path.join(FIXTURES, 'ledger.openapi.yaml'), 'utf8'), 'x'),
    ) ?? { manifest: {} }
    const file = path.join(folder, 'wrong.json')
    await writeFile(file, JSON.stringify({ ...manifest, contract: 9 }))
    const run = postern('manifests', 'check', file, '--json')
    const { stdout } = await run.catch((error: { stdout: string }) => error)
    const { faults, questions } = JSON.parse(stdout)
    expect(faults.map(({ path: at }: { path: string }) => at)).toEqual(['contract'])
    expect(questions).toHaveLength(13)
  })
})
