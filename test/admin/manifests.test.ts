/** Manifests through the whole gateway: put, used by a connection, upgraded, taken back. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import fernhollow from '../../examples/legacy-app/fernhollow.manifest.json' with { type: 'json' }
import { type Answer, admin } from '../support/gateway.ts'
import { openIsolate } from '../support/isolate.ts'
import { DESK_KEY, openDesk } from '../support/open-desk.ts'
import { match, person } from '../support/world.ts'

// biome-ignore lint/suspicious/noExplicitAny: tests change documents as they like
type Document = any

let serial = 0
/** A manifest of its own for each test: all share one D1. */
function fresh(change: (document: Document) => void = () => {}): {
  name: string
  document: Document
} {
  serial += 1
  const name = `desk-${serial}-${crypto.randomUUID().slice(0, 8)}`
  const document = { ...structuredClone(fernhollow), name } as Document
  change(document)
  return { name, document }
}

const changed = (document: Document, change: (document: Document) => void): Document => {
  const copy = structuredClone(document)
  change(copy)
  return copy
}

async function put(name: string, document: unknown): Promise<Answer> {
  return admin('PUT', `/manifests/${name}`, document)
}

function paths(answer: Answer): string[] {
  return (answer.body.errors ?? []).map((error: { path: string }) => error.path).sort()
}

/** A gateway whose connection goes by the manifest, with a clock that the test moves. */
async function connected(manifest: { name: string; document: Document }, more: object = {}) {
  expect((await put(manifest.name, manifest.document)).status).toBe(201)
  const desk = openDesk()
  const clock = { now: Date.now() }
  const isolate = openIsolate(clock, desk.fetch)
  const name = `c-${crypto.randomUUID()}`
  const answer = await admin('POST', '/connections', {
    name,
    adapter: manifest.name,
    settings: { url: 'http://desk.test' },
    secrets: { apiKey: DESK_KEY },
    ...more,
  })
  const scim = { baseUrl: answer.body.scimBaseUrl as string, token: answer.body.token as string }
  return {
    name,
    desk,
    clock,
    answer,
    ask: (method: string, path: string, body?: unknown) => isolate.scim(scim, method, path, body),
  }
}

describe('putting a manifest', () => {
  test('is 201, then 200; the same again is no new revision', async () => {
    const { name, document } = fresh()
    const created = await put(name, document)
    expect(created.status).toBe(201)
    expect(created.body).toMatchObject({ name, version: '1.0.0', revision: 1 })
    expect((await put(name, document)).body).toMatchObject({ revision: 1 })
    const next = await put(name, { ...document, version: '1.1.0' })
    expect(next.status).toBe(200)
    expect(next.body).toMatchObject({ name, version: '1.1.0', revision: 2 })
    const shown = await admin('GET', `/manifests/${name}`)
    expect(shown.body.manifest).toEqual({ ...document, version: '1.1.0' })
    expect(shown.body.versions.map((v: Document) => [v.revision, v.version])).toEqual([
      [2, '1.1.0'],
      [1, '1.0.0'],
    ])
    const { items } = (await admin('GET', '/manifests')).body
    expect(items.map((item: Document) => item.name)).toContain(name)
  })

  test('an invalid one is 422 with every path, and nothing is stored', async () => {
    const { name, document } = fresh((d) => {
      d.resources.User.naming = 'nick'
      d.resources.User.get.path = '/api/{config.apiKey}/{who}'
      d.resources.Group.list.pager = { kind: 'pages' }
      d.surprise = true
    })
    const first = await put(name, document)
    expect(first.status).toBe(422)
    expect(paths(first)).toEqual(['resources.Group.list.pager.kind', 'surprise'])
    delete document.surprise
    document.resources.Group.list.pager = { kind: 'none' }
    const second = await put(name, document)
    expect(paths(second)).toEqual([
      'resources.User.get.path',
      'resources.User.get.path',
      'resources.User.naming',
    ])
    expect((await admin('GET', `/manifests/${name}`)).status).toBe(404)
  })

  test('its mapping is checked as one of a connection is', async () => {
    const { name, document } = fresh((d) => {
      d.resources.User.mapping = { nick: 'phone' }
      d.resources.User.mapping['=job_title'] = { from: 'title &' }
      d.resources.Group.mapping.displayName = { app: 'title', values: { a: 'b' } }
    })
    expect(paths(await put(name, document))).toEqual([
      'resources.User.mapping.=job_title.from',
      'resources.User.mapping.nick',
    ])
  })

  test('its name is that of the URL, and none that is built in', async () => {
    const { name, document } = fresh()
    expect(paths(await put(`${name}-x`, document))).toEqual(['name'])
    for (const taken of ['example', 'sandbox']) {
      expect((await put(taken, { ...document, name: taken })).status).toBe(409)
    }
  })

  test.each([
    ['text', 400],
    [[], 422],
    [null, 422],
    [{ contract: 1, resources: { __proto__: null } }, 422],
  ])('%j is refused', async (body, status) => {
    expect((await put('odd', body === 'text' ? 'text' : body)).status).toBe(status)
  })
})

describe('a connection that goes by a manifest', () => {
  test('is checked against it: settings, secrets, mapping', async () => {
    const manifest = fresh()
    await put(manifest.name, manifest.document)
    const refused = await admin('POST', '/connections', {
      name: `c-${crypto.randomUUID()}`,
      adapter: manifest.name,
      settings: { url: 'no url', more: 1 },
      mapping: { User: { title: 'nothing' } },
    })
    expect(paths(refused)).toEqual([
      'mapping.User.title',
      'secrets.apiKey',
      'settings.more',
      'settings.url',
    ])
  })

  test('finds, creates, changes and disables people, and does nothing twice', async () => {
    const { ask, desk } = await connected(fresh())
    expect((await ask('GET', match('userName', 'ann@x.example'))).body.totalResults).toBe(0)
    const created = await ask('POST', '/Users', person('ann.b@x.example', { title: 'Clerk' }))
    expect([created.status, created.body.title]).toEqual([201, 'Clerk'])
    const path = `/Users/${created.body.id}`
    const off = {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'replace', value: { active: false, title: 'Chief' } }],
    }
    expect((await ask('PATCH', path, off)).status).toBe(200)
    const [account] = desk.store.accountsBy('login', 'ann.b@x.example')
    expect(account).toMatchObject({ state: 'suspended', job_title: 'Chief' })
    const { changes } = desk.counters
    await ask('PATCH', path, off)
    expect(desk.counters.changes).toBe(changes)
  })
})

describe('an upgrade', () => {
  test('of what native ids are is refused while links exist, and not before', async () => {
    const manifest = fresh()
    const { ask } = await connected(manifest)
    const next = changed(manifest.document, (d) => {
      d.resources.User.id = '/login'
      d.resources.User.fingerprint = '/updated_on'
    })
    const early = await put(manifest.name, next)
    expect(early.status).toBe(200)
    expect((await put(manifest.name, manifest.document)).status).toBe(200)
    await ask('POST', '/Users', person('ann@x.example'))
    const late = await put(manifest.name, next)
    expect(late.status).toBe(409)
    expect(paths(late)).toEqual(['resources.User.fingerprint', 'resources.User.id'])
    const teamsOnly = changed(manifest.document, (d) => {
      d.resources.Group.id = '/title'
    })
    expect((await put(manifest.name, teamsOnly)).status).toBe(200)
  })

  test('that would break a connection is refused, and names it', async () => {
    const manifest = fresh()
    const { name } = await connected(manifest, {
      mapping: { User: { userName: 'login', title: 'job_title' } },
    })
    const next = changed(manifest.document, (d) => {
      d.config.region = { label: 'Region' }
      delete d.resources.User.attributes.job_title
      delete d.resources.User.mapping.title
    })
    const refused = await put(manifest.name, next)
    expect(refused.status).toBe(409)
    expect(paths(refused)).toEqual([
      `connections.${name}.mapping.User.title`,
      `connections.${name}.settings.region`,
    ])
  })

  test('of a path holds for every isolate within five seconds, and the roll-back as well', async () => {
    const manifest = fresh()
    const { ask, clock } = await connected(manifest)
    const { id } = (await ask('POST', '/Users', person('ann@x.example'))).body
    const broken = changed(manifest.document, (d) => {
      d.version = '2.0.0'
      d.resources.User.get.path = '/api/nowhere/{id}'
    })
    expect((await put(manifest.name, broken)).body.revision).toBe(2)
    clock.now += 5_001
    expect((await ask('GET', `/Users/${id}`)).status).toBe(503)
    const back = await admin('POST', `/manifests/${manifest.name}/rollback`, { version: '1.0.0' })
    expect(back.body).toMatchObject({ version: '1.0.0', revision: 1 })
    clock.now += 5_001
    expect((await ask('GET', `/Users/${id}`)).status).toBe(200)
    // What comes next does not take the number of what was left.
    expect(
      (await put(manifest.name, { ...manifest.document, version: '3.0.0' })).body.revision,
    ).toBe(3)
  })

  test('of attributes makes what was seen of the app count no more (decision 0003)', async () => {
    const manifest = fresh()
    const { name } = await connected(manifest)
    const version = async () => (await admin('GET', `/connections/${name}`)).body.mappingVersion
    const before = await version()
    await put(manifest.name, { ...manifest.document, title: 'Another title' })
    expect(await version()).toBe(before)
    await put(
      manifest.name,
      changed(manifest.document, (d) => {
        delete d.resources.User.mapping.title
      }),
    )
    expect(await version()).toBe(before + 1)
  })

  test('a roll-back is checked as an upgrade is; to what was never there it is 422', async () => {
    const manifest = fresh((d) => {
      d.resources.User.id = '/login'
    })
    const right = changed(manifest.document, (d) => {
      d.resources.User.id = '/account_no'
    })
    const { ask, clock } = await connected(manifest)
    await put(manifest.name, right)
    clock.now += 5_001
    await ask('POST', '/Users', person('ann@x.example'))
    const back = (body: object) => admin('POST', `/manifests/${manifest.name}/rollback`, body)
    const refused = await back({ revision: 1 })
    expect([refused.status, paths(refused)]).toEqual([409, ['resources.User.id']])
    expect((await back({ revision: 9 })).status).toBe(422)
    expect((await back({})).status).toBe(422)
    expect((await admin('POST', '/manifests/nobody/rollback', { revision: 1 })).status).toBe(404)
  })

  test('of two administrators at once, both are kept, one after the other', async () => {
    const { name, document } = fresh()
    await put(name, document)
    const answers = await Promise.all(
      ['1.0.1', '1.0.2', '1.0.3'].map((version) => put(name, { ...document, version })),
    )
    const revisions = answers.filter((a) => a.status === 200).map((a) => a.body.revision)
    expect(revisions.length).toBeGreaterThan(0)
    const { versions } = (await admin('GET', `/manifests/${name}`)).body
    expect(new Set(versions.map((v: Document) => v.revision)).size).toBe(versions.length)
  })
})

describe('deleting', () => {
  test('is refused while a connection uses it, and names it', async () => {
    const manifest = fresh()
    const { name } = await connected(manifest)
    const refused = await admin('DELETE', `/manifests/${manifest.name}`)
    expect(refused.status).toBe(409)
    expect(refused.body.detail).toContain(name)
    await admin('DELETE', `/connections/${name}`)
    expect((await admin('DELETE', `/manifests/${manifest.name}`)).status).toBe(204)
    expect((await admin('DELETE', `/manifests/${manifest.name}`)).status).toBe(404)
    const { results } = await env.DB.prepare('SELECT * FROM manifest_revision WHERE name = ?')
      .bind(manifest.name)
      .all()
    expect(results).toEqual([])
  })
})
