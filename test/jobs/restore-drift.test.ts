/** A person decides that drift is put back; and a restore that is cut off at any step. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { adapters } from '../../adapters/index.ts'
import { Access } from '../../src/access/authenticate.ts'
import { Sealing } from '../../src/access/seal.ts'
import { Connections } from '../../src/db/connections.ts'
import { openDatabase } from '../../src/db/database.ts'
import { parseEnv } from '../../src/env.ts'
import type { Jobs } from '../../src/jobs/jobs.ts'
import { restoreDrift } from '../../src/jobs/restore-drift.ts'
import { openAdapter } from '../../src/operations/open-app.ts'
import { adminOf, driveToEnd, reconcile } from '../support/reconcile.ts'
import {
  cutsOf,
  idOf,
  openWorld,
  patch,
  person,
  type World,
  type WorldOptions,
} from '../support/world.ts'

const LOGIN = 'Eva.Lind@example.com'
const HOUR = 3_600_000

async function drifted(options: WorldOptions = {}) {
  const world = await openWorld(options)
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN, { title: 'Chef' })))
  await world.ask('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'active', value: false }))
  const account = world.desk.store.account(world.logins(LOGIN)[0] ?? 0)
  if (!account) throw new Error('no account')
  world.desk.store.updateAccount(account, { job_title: 'Boss', state: 'enabled' })
  world.clock.now += HOUR
  return { world, id, account, ask: adminOf(world.open(), world.scim) }
}

/** As an isolate puts them together. */
function jobsOf({ clock, desk }: World): Jobs {
  const { POSTERN_SEALING_KEY } = parseEnv(env)
  const sealing = new Sealing(POSTERN_SEALING_KEY)
  const now = () => clock.now
  const db = openDatabase(env.DB)
  const access = new Access({ db: env.DB, sealing, now, waitUntil: () => {}, lost: () => {} })
  return {
    db,
    access,
    connections: new Connections(env.DB),
    io: { now, newId: () => crypto.randomUUID(), wait: async () => {} },
    openApp: (connection) => {
      const adapter = adapters.get(connection.adapter)
      if (!adapter) throw new Error('no adapter')
      return openAdapter(adapter, connection, { fetch: desk.fetch, now, allowInsecure: true })
    },
    openData: () => db,
    log: () => {},
  }
}

async function decide(world: World, link: string) {
  const jobs = jobsOf(world)
  const connection = await jobs.access.named(world.scim.name)
  if (!connection) throw new Error('no connection')
  return restoreDrift(jobs, connection, link)
}

describe('a person who decides to restore', () => {
  test('has all of it put back, whatever the policy, and the findings are closed', async () => {
    const { world, id, account, ask } = await drifted()
    await reconcile(ask)
    expect((await ask('GET', '/findings')).body.items).toHaveLength(2)
    const outcome = await decide(world, id)
    expect(outcome).toEqual({ kind: 'restored', paths: ['title', 'active'] })
    expect(account).toMatchObject({ job_title: 'Chef', state: 'suspended' })
    expect((await ask('GET', '/findings')).body.items).toEqual([])
    expect(await decide(world, id)).toEqual({ kind: 'no-drift' })
  })

  test('is told why not, in words of ours, and the findings stay', async () => {
    const { world, id, account, ask } = await drifted()
    await reconcile(ask)
    world.desk.failNext({ match: '*', when: 'before', how: 'status', status: 503, times: 1 })
    const away = await decide(world, id)
    expect(away).toMatchObject({ kind: 'refused', isTemporary: true })
    await ask('PATCH', '', { mode: 'observe' })
    world.clock.now += HOUR
    expect(await decide(world, id)).toMatchObject({ kind: 'refused', isTemporary: false })
    expect(account.job_title).toBe('Boss')
    expect((await ask('GET', '/findings')).body.items).toHaveLength(2)
    expect(await decide(world, crypto.randomUUID())).toEqual({ kind: 'no-link' })
  })
})

describe('a restore by policy', () => {
  test('that is cut at any step ends with the client’s values in the app, after one more scan', async () => {
    const policy = { drift: { '*': 'restore' } }
    const whole = await drifted({ policy })
    const begun = (await whole.ask('POST', '/reconcile', {})).body
    const isolate = whole.world.open()
    await adminOf(isolate, whole.world.scim)('POST', `/reconcile/${begun.id}/advance`)
    expect(whole.account).toMatchObject({ job_title: 'Chef', state: 'suspended' })
    const { version } = (await whole.world.ask('GET', `/Users/${whole.id}`)).body.meta
    expect(version).toBeDefined()

    for (const cut of cutsOf(isolate.steps())) {
      const { world, id, account, ask } = await drifted({ policy })
      const { id: scan } = (await ask('POST', '/reconcile', {})).body
      const doomed = adminOf(world.open(cut), world.scim)
      await doomed('POST', `/reconcile/${scan}/advance`)
      await driveToEnd(ask, scan)
      world.clock.now += HOUR
      await reconcile(ask)
      expect(account).toMatchObject({ job_title: 'Chef', state: 'suspended' })
      expect((await world.ask('GET', `/Users/${id}`)).body).toMatchObject({
        title: 'Chef',
        active: false,
      })
      expect((await ask('GET', '/findings')).body.items).toEqual([])
    }
  }, 120_000)
})
