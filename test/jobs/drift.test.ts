/** Drift through the front door: a client writes, the app is changed behind its back, a scan looks. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import type { Account } from '../../examples/legacy-app/store.ts'
import { adminOf, reconcile } from '../support/reconcile.ts'
import {
  brownfield,
  idOf,
  openWorld,
  patch,
  person,
  type World,
  type WorldOptions,
} from '../support/world.ts'

const LOGIN = 'Ida.Moe@example.com'
const HOUR = 3_600_000

interface Setting {
  readonly world: World
  readonly id: string
  readonly path: string
  readonly account: Account
  readonly admin: ReturnType<typeof adminOf>
  readonly scan: (options?: { dryRun?: boolean }) => Promise<ReturnType<typeof JSON.parse>>
}

async function open(options: WorldOptions = {}, more: object = {}): Promise<Setting> {
  const world = await openWorld(options)
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN, { title: 'Chef', ...more })))
  return settingOf(world, id)
}

function settingOf(world: World, id: string): Setting {
  const account = world.desk.store.account(world.logins(LOGIN)[0] ?? 0)
  if (!account) throw new Error('no account')
  const call = adminOf(world.open(), world.scim)
  const scan = async (how = {}) => {
    world.clock.now += HOUR
    return reconcile(call, how)
  }
  return { world, id, path: `/Users/${id}`, account, admin: call, scan }
}

const change = ({ world, account }: Setting, changes: object) =>
  world.desk.store.updateAccount(account, changes)

async function findings({ admin: ask }: Setting, kind: string) {
  return (await ask('GET', `/findings?kind=${kind}`)).body.items
}

async function decisions({ id }: Setting): Promise<string[]> {
  const { results } = await env.DB.prepare('SELECT decision FROM audit WHERE link = ? ORDER BY seq')
    .bind(id)
    .all<{ decision: string }>()
  return results.map(({ decision }) => decision)
}

describe('a scan reports', () => {
  test('a value that was changed in the app, by its SCIM path and without any value', async () => {
    const it = await open()
    expect((await it.scan()).counts).toMatchObject({ linked: 1, drift: 0, reactivated: 0 })
    change(it, { job_title: 'Secret-Title' })
    expect((await it.scan()).counts).toMatchObject({ linked: 0, drift: 1 })
    const [finding] = await findings(it, 'drift')
    expect(finding.detail).toMatchObject({ link: it.id, paths: ['title'] })
    expect(JSON.stringify(finding)).not.toContain('Secret-Title')
    expect(it.account.job_title).toBe('Secret-Title')
  })

  test('drift as over, and closes its finding, once the app holds the client’s value again', async () => {
    const it = await open()
    change(it, { job_title: 'Boss' })
    await it.scan()
    change(it, { job_title: 'Chef' })
    expect((await it.scan()).counts).toMatchObject({ linked: 1, drift: 0 })
    expect(await findings(it, 'drift')).toEqual([])
  })

  test('somebody who was switched on in the app as a finding of its own', async () => {
    const it = await open()
    await it.world.ask('PATCH', it.path, patch({ op: 'replace', path: 'active', value: false }))
    change(it, { state: 'enabled', job_title: 'Boss' })
    expect((await it.scan()).counts).toMatchObject({ reactivated: 1, drift: 0 })
    expect((await findings(it, 'reactivated'))[0].detail.paths).toEqual(['active'])
    expect((await findings(it, 'drift'))[0].detail.paths).toEqual(['title'])
    change(it, { state: 'suspended' })
    await it.scan()
    expect(await findings(it, 'reactivated')).toEqual([])
    expect(await findings(it, 'drift')).toHaveLength(1)
  })

  test('somebody who was switched off in the app as drift', async () => {
    const it = await open()
    change(it, { state: 'suspended' })
    expect((await it.scan()).counts).toMatchObject({ reactivated: 0, drift: 1 })
    expect((await findings(it, 'drift'))[0].detail.paths).toEqual(['active'])
  })

  test('nothing about attributes that the client never spoke of, adopted accounts included', async () => {
    const world = await openWorld()
    brownfield(world, LOGIN, { org_unit: 'Was', job_title: 'Before' })
    const it = settingOf(world, idOf(await world.ask('POST', '/Users', person(LOGIN))))
    change(it, { org_unit: 'Moved', job_title: 'Moved' })
    expect((await it.scan()).counts).toMatchObject({ linked: 1, drift: 0 })
    // An update of something else does not speak of it either.
    await world.ask('PATCH', it.path, patch({ op: 'replace', path: 'nickName', value: 'I' }))
    change(it, { org_unit: 'Again' })
    expect((await it.scan()).counts).toMatchObject({ linked: 1, drift: 0 })
    // What a write sends as it is there is spoken of.
    const value = { 'name.familyName': 'Moe', title: 'Moved', nickName: 'Idi' }
    await world.ask('PATCH', it.path, patch({ op: 'replace', value }))
    change(it, { job_title: 'Once more' })
    expect((await findings(it, 'drift')).length).toBe(0)
    const { items } = await it.scan()
    expect(items[0].detail).toEqual({ paths: ['title'] })
    change(it, { job_title: 'Moved' })
    const department = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department'
    await world.ask('PATCH', it.path, patch({ op: 'add', path: department, value: 'Mine' }))
    change(it, { org_unit: 'Theirs' })
    expect((await it.scan()).counts).toMatchObject({ linked: 0, drift: 1 })
  })

  test('drift that stood before an update of something else', async () => {
    const it = await open()
    change(it, { job_title: 'Boss' })
    await it.world.ask('PATCH', it.path, patch({ op: 'replace', path: 'nickName', value: 'I' }))
    expect((await it.scan()).counts).toMatchObject({ drift: 1 })
  })

  test('no drift where the client has sent what the app had moved to, though nothing changed', async () => {
    for (const value of [{ title: 'Boss' }, { title: 'Boss', nickName: 'I' }]) {
      const it = await open({ policy: { drift: { '*': 'restore' } } })
      change(it, { job_title: 'Boss' })
      const { writes } = it.world.desk.counters
      const answer = await it.world.ask('PATCH', it.path, patch({ op: 'replace', value }))
      expect(answer.body).toMatchObject(value)
      expect(it.world.desk.counters.writes).toBe(writes)
      expect((await it.scan()).counts).toMatchObject({ linked: 1, drift: 0 })
      expect(it.account.job_title).toBe('Boss')
    }
  })

  test('no reactivation where the client has switched the person on as well', async () => {
    const it = await open()
    await it.world.ask('PATCH', it.path, patch({ op: 'replace', path: 'active', value: false }))
    change(it, { state: 'enabled' })
    await it.world.ask('PATCH', it.path, patch({ op: 'replace', path: 'active', value: true }))
    expect((await it.scan()).counts).toMatchObject({ linked: 1, reactivated: 0, drift: 0 })
  })

  test('nothing under another mapping, until the client writes again', async () => {
    const it = await open()
    const mapping = {
      User: { userName: 'login', 'name.familyName': 'last_name', nickName: 'job_title' },
    }
    await it.admin('PATCH', '', { mapping })
    change(it, { job_title: 'Boss' })
    expect((await it.scan()).counts).toMatchObject({ linked: 1, drift: 0 })
    await it.world.ask('PATCH', it.path, patch({ op: 'replace', path: 'nickName', value: 'I' }))
    change(it, { job_title: 'Boss' })
    await it.scan()
    expect((await findings(it, 'drift'))[0].detail.paths).toEqual(['nickName'])
  })
})

describe('by policy', () => {
  const restoring = { policy: { drift: { '*': 'report', title: 'restore', active: 'restore' } } }

  test('a scan puts the client’s value back, counts and audits it, and leaves the rest', async () => {
    const it = await open(restoring)
    change(it, { job_title: 'Boss', last_name: 'Changed' })
    const report = await it.scan()
    expect(it.account).toMatchObject({ job_title: 'Chef', last_name: 'Changed' })
    expect(report).toMatchObject({ restored: 1, counts: { drift: 1 } })
    expect(report.items[0].detail).toEqual({
      paths: ['name.familyName', 'title'],
      restored: ['title'],
    })
    expect((await findings(it, 'drift'))[0].detail.paths).toEqual(['name.familyName'])
    expect(await decisions(it)).toEqual(['created', 'restored'])
    expect((await it.world.ask('GET', it.path)).body.title).toBe('Chef')
    change(it, { last_name: 'Moe' })
    expect(await it.scan()).toMatchObject({ restored: 0, counts: { linked: 1 } })
  })

  test('a rewritten value is put back as it was sent, and somebody reactivated is switched off', async () => {
    const emails = [{ type: 'work', value: 'Ida@Example.com' }]
    const it = await open({ policy: { drift: { '*': 'restore' } } }, { emails })
    await it.world.ask('PATCH', it.path, patch({ op: 'replace', path: 'active', value: false }))
    change(it, { mail: 'moved@example.com', state: 'enabled' })
    expect((await it.scan()).restored).toBe(1)
    expect(it.account).toMatchObject({ mail: 'ida@example.com', state: 'suspended' })
    const { body } = await it.world.ask('GET', it.path)
    expect(body).toMatchObject({ active: false, emails })
    expect(await findings(it, 'reactivated')).toEqual([])
  })

  test('nothing is put back by a dry run, nor where the connection is not live', async () => {
    const it = await open(restoring)
    change(it, { job_title: 'Boss' })
    expect((await it.scan({ dryRun: true })).restored).toBe(0)
    for (const mode of ['observe', 'gate', 'paused']) {
      await it.admin('PATCH', '', { mode })
      expect(await it.scan()).toMatchObject({ restored: 0, counts: { drift: 1 } })
    }
    expect(it.account.job_title).toBe('Boss')
    expect(await decisions(it)).toEqual(['created'])
  })

  test('a protected account is left alone, and its finding says why', async () => {
    const it = await open(restoring)
    await it.admin('PATCH', '', { policy: { protected: ['ida.moe@*'] } })
    change(it, { job_title: 'Boss' })
    expect(await it.scan()).toMatchObject({ restored: 0, counts: { drift: 1 } })
    expect(it.account.job_title).toBe('Boss')
    expect((await findings(it, 'drift'))[0].detail.reason).toContain('protected')
  })

  test('what the app refuses stays a finding with the reason, and is tried by the next scan', async () => {
    const it = await open(restoring)
    change(it, { job_title: 'Boss' })
    it.world.desk.failNext({ match: 'PATCH /api/accounts/{no}', when: 'before', how: 'status' })
    expect((await it.scan()).restored).toBe(0)
    const [finding] = await findings(it, 'drift')
    expect(finding.detail).toMatchObject({ paths: ['title'] })
    expect(finding.detail.reason).toContain('app')
    expect((await it.scan()).restored).toBe(1)
    expect(it.account.job_title).toBe('Chef')
  })

  test('a client who writes at the same time has the last word', async () => {
    const it = await open(restoring)
    change(it, { job_title: 'Boss' })
    // Between the restore's read and its write: the client's PATCH goes through as a whole.
    const racing = it.world.racing('PATCH', `/api/accounts/${it.account.account_no}`, async () => {
      const title = patch({ op: 'replace', path: 'title', value: 'Owner' })
      expect((await it.world.ask('PATCH', it.path, title)).status).toBe(200)
    })
    it.world.clock.now += HOUR
    await reconcile(adminOf(racing, it.world.scim))
    expect(it.account.job_title).toBe('Owner')
    expect((await it.world.ask('GET', it.path)).body.title).toBe('Owner')
    expect((await it.scan()).counts).toMatchObject({ linked: 1, drift: 0 })
  })

  test('what agrees with the app changes nothing in a protected account, and is no error', async () => {
    const it = await open(restoring)
    change(it, { job_title: 'Boss' })
    await it.admin('PATCH', '', { policy: { protected: ['ida.moe@*'] } })
    const agree = patch({ op: 'replace', path: 'title', value: 'Boss' })
    expect((await it.world.ask('PATCH', it.path, agree)).status).toBe(200)
  })

  test('a rename or disable that the sweeper has finished is the client’s word, and is not undone', async () => {
    const cut = async (step: number) => {
      const it = await open({ policy: { drift: { '*': 'restore' } } })
      const value = { userName: 'Ida.New@example.com', title: 'Owner', active: false }
      const doomed = it.world.open({ step, how: 'dies' })
      await doomed.scim(it.world.scim, 'PATCH', it.path, patch({ op: 'replace', value }))
      it.world.clock.now += HOUR
      await it.world.tick()
      const after = { ...it.account }
      await it.scan()
      expect(it.account).toEqual({ ...after, updated_on: it.account.updated_on })
      return after.login
    }
    const logins = []
    for (let step = 1; step <= 7; step++) logins.push(await cut(step))
    expect(new Set(logins).size).toBe(2)
  }, 60_000)

  test('what policy sets in the place of the app’s switch is no drift', async () => {
    const deprovision = { onInactive: 'downgrade', downgradeTo: { org_unit: 'None' } }
    const it = await open({ policy: { deprovision, drift: { '*': 'restore' } } })
    await it.world.ask('PATCH', it.path, patch({ op: 'replace', path: 'active', value: false }))
    expect(it.account.org_unit).toBe('None')
    expect(await it.scan()).toMatchObject({ restored: 0, counts: { linked: 1 } })
    expect(it.account.org_unit).toBe('None')
  })

  test('more accounts than one step takes are put back by the steps after it', async () => {
    const world = await openWorld({ policy: { drift: { '*': 'restore' } } })
    for (let n = 0; n < 23; n++) {
      idOf(await world.ask('POST', '/Users', person(`p${n}.q@x.io`, { title: `T${n}` })))
    }
    for (let n = 0; n < 23; n++) {
      const account = world.desk.store.account(world.logins(`p${n}.q@x.io`)[0] ?? 0)
      if (account) world.desk.store.updateAccount(account, { job_title: 'All the same' })
    }
    world.clock.now += HOUR
    expect((await reconcile(adminOf(world.open(), world.scim))).restored).toBe(23)
    for (let n = 0; n < 23; n++) {
      const no = world.logins(`p${n}.q@x.io`)[0] ?? 0
      expect(world.desk.store.account(no)?.job_title).toBe(`T${n}`)
    }
  })

  test('an accepted value is the baseline from then on, and no finding', async () => {
    const it = await open({ policy: { drift: { title: 'accept' } } })
    change(it, { job_title: 'Boss' })
    expect((await it.scan({ dryRun: true })).counts).toMatchObject({ linked: 1, drift: 0 })
    const report = await it.scan()
    expect(report.counts).toMatchObject({ linked: 1, drift: 0 })
    expect(report.items[0].detail).toEqual({ accepted: ['title'] })
    expect(await findings(it, 'drift')).toEqual([])
    await it.admin('PATCH', '', { policy: { drift: { title: 'report' } } })
    expect((await it.scan()).counts).toMatchObject({ linked: 1, drift: 0 })
    change(it, { job_title: 'Third' })
    expect((await it.scan()).counts).toMatchObject({ drift: 1 })
  })

  test('the most exact path decides', async () => {
    const drift = { '*': 'accept', name: 'report', 'name.givenName': 'restore' }
    const it = await open({ policy: { drift } })
    change(it, { first_name: 'X', last_name: 'Y', job_title: 'Z' })
    const { items } = await it.scan()
    expect(items[0].detail).toEqual({
      paths: ['name.givenName', 'name.familyName'],
      accepted: ['title'],
      restored: ['name.givenName'],
    })
    expect(it.account).toMatchObject({ first_name: 'Ida', last_name: 'Y', job_title: 'Z' })
  })

  test('a path that no schema has, or another word, is refused with its place', async () => {
    const it = await open()
    const typo = await it.admin('PATCH', '', { policy: { drift: { titel: 'restore' } } })
    expect(typo.body.errors[0].path).toBe('policy.drift.titel')
    const word = await it.admin('PATCH', '', { policy: { drift: { title: 'mend' } } })
    expect(word.body.errors[0].path).toBe('policy.drift.title')
  })
})
