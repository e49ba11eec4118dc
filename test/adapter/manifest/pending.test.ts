/** The example app where it invites people, or makes them by a job, through a manifest. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import fernhollow from '../../../examples/legacy-app/fernhollow.manifest.json' with { type: 'json' }
import { accept } from '../../../examples/legacy-app/later.ts'
import { admin } from '../../support/gateway.ts'
import { openIsolate } from '../../support/isolate.ts'
import { DESK_KEY, openDesk } from '../../support/open-desk.ts'
import { person } from '../../support/world.ts'

const { User, Group } = fernhollow.resources
const taken = User.create.rules
const get = { method: 'GET' } as const

const INVITES = {
  ticket: '/invitation_no',
  create: {
    ...User.create,
    mode: 'invite',
    pending: 'shown',
    rules: [
      ...taken,
      {
        status: 202,
        at: '/invitation',
        exists: true,
        means: {
          invited: {
            ticket: '/invitation/invitation_no',
            item: '/account',
            expiresAt: '/invitation/expires_on',
          },
        },
      },
    ],
  },
  poll: {
    ...get,
    path: '/api/invitations/{ticket}',
    id: '/account_no',
    rules: [
      { at: '/state', equals: 'open', means: 'running' },
      { at: '/state', equals: 'accepted', means: 'done' },
      { at: '/state', equals: ['withdrawn', 'expired'], means: 'expired' },
    ],
  },
  cancel: {
    method: 'DELETE',
    path: '/api/invitations/{ticket}',
    rules: [
      { status: 409, at: '/fault/state', equals: 'accepted', means: 'absent' },
      { status: 409, at: '/fault/code', equals: 'E_CLOSED', means: 'unchanged' },
    ],
  },
} as const

const JOBS = {
  create: {
    ...User.create,
    mode: 'async',
    rules: [
      ...taken,
      { status: 202, at: '/job', exists: true, means: { accepted: { ticket: '/job/job_no' } } },
    ],
  },
  poll: {
    ...get,
    path: '/api/jobs/{ticket}',
    id: '/account_no',
    rules: [
      { at: '/state', equals: 'running', means: 'running' },
      { at: '/state', equals: 'done', means: 'done' },
      { at: '/state', equals: 'failed', means: 'failed' },
    ],
  },
} as const

async function connected(more: object, faults: object) {
  const name = `later-${crypto.randomUUID()}`
  const manifest = { ...fernhollow, name, resources: { User: { ...User, ...more }, Group } }
  const put = await admin('PUT', `/manifests/${name}`, manifest)
  expect(put.body.errors ?? []).toEqual([])
  const desk = openDesk()
  desk.faults.set(faults)
  const url = `http://${name}.test`
  const fetch = async (input: string, init: RequestInit) => {
    if (!input.startsWith(url)) throw new TypeError('this is the app of another test')
    return desk.fetch(input, init)
  }
  const clock = { now: Date.now() }
  const isolate = openIsolate(clock, fetch)
  const settings = { url }
  const secrets = { apiKey: DESK_KEY }
  const created = await admin('POST', '/connections', { name, adapter: name, settings, secrets })
  const scim = { baseUrl: created.body.scimBaseUrl, token: created.body.token }
  return {
    desk,
    async later() {
      clock.now += 24 * 3_600_000
      // A run takes a few intents of all connections: those of other tests wait.
      await env.DB.prepare(
        `UPDATE intent SET next_at = 9000000000000000
          WHERE connection NOT IN (SELECT id FROM connection WHERE name = ?)`,
      )
        .bind(name)
        .run()
      await isolate.tick()
    },
    ask: (method: string, path: string, body?: unknown) => isolate.scim(scim, method, path, body),
  }
}

describe('an app that invites', () => {
  test('has the person at once for clients, and the account when it is accepted', async () => {
    const { ask, desk, later } = await connected(INVITES, { creates: 'invite' })
    const { status, body } = await ask('POST', '/Users', person('ann@x.example'))
    expect(status).toBe(201)
    expect((await ask('GET', `/Users/${body.id}`)).body.active).toBe(true)
    const [invitation] = desk.store.invitations
    accept(desk.store, invitation?.invitation_no ?? 0)
    await later()
    const off = { op: 'replace', path: 'active', value: false }
    const schemas = ['urn:ietf:params:scim:api:messages:2.0:PatchOp']
    const patched = await ask('PATCH', `/Users/${body.id}`, { schemas, Operations: [off] })
    expect(patched.status).toBeLessThan(300)
    expect(desk.store.accountsBy('login', 'ann@x.example')).toMatchObject([{ state: 'suspended' }])
  })

  test('has its invitation withdrawn when the person is deleted', async () => {
    const { ask, desk } = await connected(INVITES, { creates: 'invite' })
    const { body } = await ask('POST', '/Users', person('ann@x.example'))
    expect((await ask('DELETE', `/Users/${body.id}`)).status).toBe(204)
    expect(desk.store.invitations).toMatchObject([{ state: 'withdrawn' }])
  })
})

test('an app that makes people by a job has the account when the job is done', async () => {
  const { ask, desk, later } = await connected(JOBS, { creates: 'async', jobDelayMs: 0 })
  const { status, body } = await ask('POST', '/Users', person('ann@x.example'))
  expect(status).toBe(201)
  await later()
  expect(desk.store.accountsBy('login', 'ann@x.example')).toHaveLength(1)
  expect((await ask('GET', `/Users/${body.id}`)).body.userName).toBe('ann@x.example')
})
