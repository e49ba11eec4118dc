/** What "off" and "deleted" mean in the app is the connection's policy (design decision 10). */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { AdapterFailure } from '../../src/adapter/failure.ts'
import { connect } from '../support/gateway.ts'
import {
  brownfield,
  cutsOf,
  GROUP_SCHEMA,
  idOf,
  MINUTE_MS,
  match,
  openWorld,
  patch,
  person,
  type World,
  type WorldOptions,
} from '../support/world.ts'

const LOGIN = 'Ole.Dahl@example.com'
const DAY_MS = 24 * 3_600_000
const OFF = patch({ op: 'Replace', path: 'active', value: 'False' })
const ON = patch({ op: 'Replace', path: 'active', value: 'True' })

async function open(deprovision: object, more: object = {}) {
  const world = await openWorld({ policy: { deprovision }, ...more })
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN, { title: 'Chef' })))
  const account = () => world.desk.store.account(world.logins(LOGIN)[0] ?? 0)
  return { world, id, account, path: `/Users/${id}` }
}

async function findingsOf({ scim }: World): Promise<string[]> {
  const { results } = await env.DB.prepare(
    `SELECT f.kind || ':' || json_extract(f.detail, '$.reason') AS what FROM finding f
       JOIN connection c ON c.id = f.connection WHERE c.name = ? AND f.state = 'open'`,
  )
    .bind(scim.name)
    .all<{ what: string }>()
  return results.map(({ what }) => what)
}

describe('onInactive: record', () => {
  test.each([['an app with a switch', 'native'] as const, ['an app without one', 'none'] as const])(
    'the client sees the person off, and %s is not told',
    async (_, active) => {
      const { world, path, account } = await open(
        { onInactive: 'record' },
        { capabilities: { active } },
      )
      const before = world.changes()
      expect((await world.ask('PATCH', path, OFF)).body.active).toBe(false)
      expect((await world.ask('GET', path)).body.active).toBe(false)
      const found = await world.ask('GET', match('userName', LOGIN))
      expect(found.body.Resources[0].active).toBe(false)
      expect((await world.ask('PATCH', path, ON)).body.active).toBe(true)
      expect((await world.ask('GET', path)).body.active).toBe(true)
      expect(world.changes()).toBe(before)
      expect(account()?.state).toBe('enabled')
    },
  )

  test('an account that the app has off is switched on when the client wants it on', async () => {
    const { world, path, account } = await open({ onInactive: 'record' })
    await world.ask('PATCH', path, OFF)
    const no = account()
    if (no) world.desk.store.updateAccount(no, { state: 'suspended' })
    expect((await world.ask('PATCH', path, ON)).body.active).toBe(true)
    expect(account()?.state).toBe('enabled')
  })
})

describe('onInactive: downgrade', () => {
  const deprovision = { onInactive: 'downgrade', downgradeTo: { job_title: 'Guest' } }

  test('the app holds less, the client sees what it sent, and all is back afterwards', async () => {
    const { world, path, account } = await open(deprovision)
    expect((await world.ask('PATCH', path, OFF)).body).toMatchObject({
      active: false,
      title: 'Chef',
    })
    expect(account()).toMatchObject({ job_title: 'Guest', state: 'enabled' })
    expect((await world.ask('GET', path)).body).toMatchObject({ active: false, title: 'Chef' })
    expect((await world.ask('PATCH', path, ON)).body).toMatchObject({ active: true, title: 'Chef' })
    expect(account()).toMatchObject({ job_title: 'Chef', state: 'enabled' })
  })

  test('a promotion of somebody who is off reaches the app when they are back', async () => {
    const { world, path, account } = await open(deprovision)
    await world.ask('PATCH', path, OFF)
    const promote = patch({ op: 'replace', path: 'title', value: 'Head chef' })
    expect((await world.ask('PATCH', path, promote)).body.title).toBe('Head chef')
    expect(account()?.job_title).toBe('Guest')
    await world.ask('PATCH', path, ON)
    expect(account()?.job_title).toBe('Head chef')
  })

  test('what differs from the downgrade is sent as ever, and a second PATCH sends nothing', async () => {
    const { world, path, account } = await open(deprovision)
    await world.ask('PATCH', path, OFF)
    const before = world.changes()
    expect((await world.ask('PATCH', path, OFF)).status).toBe(200)
    expect(world.changes()).toBe(before)
    const name = patch({ op: 'replace', path: 'name.familyName', value: 'Berg' })
    await world.ask('PATCH', path, name)
    expect(account()).toMatchObject({ last_name: 'Berg', job_title: 'Guest' })
  })

  test('a person who is created off begins downgraded', async () => {
    const world = await openWorld({ policy: { deprovision } })
    const body = person(LOGIN, { title: 'Chef', active: false })
    const path = `/Users/${idOf(await world.ask('POST', '/Users', body))}`
    const [no = 0] = world.logins(LOGIN)
    expect(world.desk.store.account(no)?.job_title).toBe('Guest')
    expect((await world.ask('GET', path)).body).toMatchObject({ active: false, title: 'Chef' })
    await world.ask('PATCH', path, ON)
    expect(world.desk.store.account(no)?.job_title).toBe('Chef')
  })

  test('an account that is adopted off is downgraded, and remembers what it was', async () => {
    const world = await openWorld({ policy: { deprovision } })
    const no = brownfield(world, LOGIN, { job_title: 'Cook' }).account_no
    const path = `/Users/${idOf(await world.ask('POST', '/Users', person(LOGIN, { active: false })))}`
    expect(world.desk.store.account(no)?.job_title).toBe('Guest')
    await world.ask('PATCH', path, ON)
    expect(world.desk.store.account(no)?.job_title).toBe('Cook')
  })
})

describe('onInactive: strip', () => {
  const deprovision = { onInactive: 'strip' }

  async function inGroups(more: WorldOptions = {}) {
    const opened = await open(deprovision, more)
    const { world, id } = opened
    const make = async (displayName: string) => {
      const body = { schemas: [GROUP_SCHEMA], displayName, members: [{ value: id }] }
      return idOf(await world.ask('POST', '/Groups', body))
    }
    const groups = [await make('Line 4'), await make('Drivers')]
    const people = () =>
      ['Line 4', 'Drivers'].map((title) => world.desk.store.teamByTitle(title)?.people.size)
    return { ...opened, groups, people }
  }

  test('who is off is in no group, stays enabled, and is back in all of them when on', async () => {
    const { world, path, account, people } = await inGroups()
    expect(people()).toEqual([1, 1])
    expect((await world.ask('PATCH', path, OFF)).body.active).toBe(false)
    expect(people()).toEqual([0, 0])
    expect(account()?.state).toBe('enabled')
    expect((await world.ask('GET', path)).body.active).toBe(false)
    expect((await world.ask('PATCH', path, ON)).body.active).toBe(true)
    expect(people()).toEqual([1, 1])
  })

  test('who is added to a group while off joins it when on, and who is removed does not', async () => {
    const { world, id, path, groups, people } = await inGroups()
    await world.ask('PATCH', path, OFF)
    const third = { schemas: [GROUP_SCHEMA], displayName: 'Night', members: [{ value: id }] }
    expect((await world.ask('POST', '/Groups', third)).status).toBe(201)
    const leave = patch({ op: 'Remove', path: `members[value eq "${id}"]` })
    expect((await world.ask('PATCH', `/Groups/${groups[1]}`, leave)).status).toBe(204)
    expect(world.desk.store.teamByTitle('Night')?.people.size).toBe(0)
    await world.ask('PATCH', path, ON)
    expect(people()).toEqual([1, 0])
    expect(world.desk.store.teamByTitle('Night')?.people.size).toBe(1)
  })

  test('a disable that was cut off anywhere ends with nobody in a group', async () => {
    const whole = await inGroups()
    const isolate = whole.world.open()
    await isolate.scim(whole.world.scim, 'PATCH', whole.path, OFF)
    for (const cut of cutsOf(isolate.steps())) {
      const { world, path, people } = await inGroups()
      await world.open(cut).scim(world.scim, 'PATCH', path, OFF)
      for (let n = 0; n < 3; n++) {
        world.clock.now += 40 * MINUTE_MS
        await world.tick()
      }
      const isOff = (await world.ask('GET', path)).body.active === false
      expect(people()).toEqual(isOff ? [0, 0] : [1, 1])
      world.clock.now += 40 * MINUTE_MS
      expect((await world.ask('PATCH', path, OFF)).status).toBe(200)
      expect(people()).toEqual([0, 0])
      world.clock.now += 40 * MINUTE_MS
      expect((await world.ask('PATCH', path, ON)).status).toBe(200)
      expect(people()).toEqual([1, 1])
    }
  }, 120_000)

  test('an app that takes who is off out of its groups is told to take them back', async () => {
    const { world, path, people } = await open(
      {},
      { capabilities: { offLeavesGroups: true } },
    ).then(async (opened) => {
      const members = [{ value: opened.id }]
      const body = { schemas: [GROUP_SCHEMA], displayName: 'Line 4', members }
      await opened.world.ask('POST', '/Groups', body)
      const people = () => opened.world.desk.store.teamByTitle('Line 4')?.people
      return { ...opened, people }
    })
    await world.ask('PATCH', path, OFF)
    people()?.clear()
    await world.ask('PATCH', path, ON)
    expect(people()?.size).toBe(1)
  })
})

describe('onInactive: remove', () => {
  const deprovision = { onInactive: 'remove' }

  test('the account goes, the person stays for the client, and gets another one when on', async () => {
    const { world, id, path, account } = await open(deprovision)
    expect((await world.ask('PATCH', path, OFF)).body).toMatchObject({ id, active: false })
    expect(account()).toBeUndefined()
    const found = await world.ask('GET', match('userName', LOGIN))
    expect(found.body.Resources).toMatchObject([{ id, active: false, title: 'Chef' }])
    expect((await world.ask('GET', '/Users')).body.Resources).toMatchObject([{ id }])
    const promote = patch({ op: 'replace', path: 'title', value: 'Head chef' })
    expect((await world.ask('PATCH', path, promote)).body).toMatchObject({ active: false })
    const back = await world.ask('PATCH', path, ON)
    expect(back.body).toMatchObject({ id, active: true, title: 'Head chef' })
    expect(account()).toMatchObject({ state: 'enabled', job_title: 'Head chef' })
    expect((await world.ask('GET', path)).body).toMatchObject({ id, active: true })
  })

  test('memberships come back with the new account', async () => {
    const { world, id, path } = await open(deprovision)
    const body = { schemas: [GROUP_SCHEMA], displayName: 'Line 4', members: [{ value: id }] }
    await world.ask('POST', '/Groups', body)
    await world.ask('PATCH', path, OFF)
    await world.ask('PATCH', path, ON)
    const people = world.desk.store.teamByTitle('Line 4')?.people ?? []
    expect([...people]).toEqual(world.logins(LOGIN))
  })

  test('a DELETE of somebody who is off ends the link, and the name is free', async () => {
    const { world, id, path } = await open(deprovision)
    await world.ask('PATCH', path, OFF)
    expect((await world.ask('DELETE', path)).status).toBe(204)
    expect((await world.ask('GET', path)).status).toBe(404)
    const back = await world.ask('POST', '/Users', person(LOGIN))
    expect(back.status).toBe(201)
    expect(back.body.id).not.toBe(id)
  })

  test('cut off anywhere, it ends with one account for who is on and none for who is off', async () => {
    for (const [body, before] of [[OFF, []] as const, [ON, [OFF]] as const]) {
      const whole = await open(deprovision)
      for (const first of before) await whole.world.ask('PATCH', whole.path, first)
      const isolate = whole.world.open()
      await isolate.scim(whole.world.scim, 'PATCH', whole.path, body)
      for (const cut of cutsOf(isolate.steps())) {
        const { world, id, path } = await open(deprovision)
        for (const first of before) await world.ask('PATCH', path, first)
        await world.open(cut).scim(world.scim, 'PATCH', path, body)
        for (let n = 0; n < 2; n++) {
          world.clock.now += 40 * MINUTE_MS
          await world.tick()
        }
        const read = await world.ask('GET', path)
        expect(read.body.id).toBe(id)
        if (read.body.active === false) expect(world.logins(LOGIN).length).toBeLessThan(2)
        else expect(world.logins(LOGIN)).toHaveLength(1)
        for (let n = 0; n < 4; n++) {
          world.clock.now += 40 * MINUTE_MS
          if ((await world.ask('PATCH', path, body)).status === 200) break
        }
        expect(world.logins(LOGIN)).toHaveLength(body === OFF ? 0 : 1)
        expect((await world.ask('GET', path)).body).toMatchObject({ id, active: body === ON })
      }
    }
  }, 120_000)
})

describe('onDelete: deactivateThenDelete', () => {
  const deprovision = { onDelete: 'deactivateThenDelete', deleteAfterDays: 7 }

  async function later(world: World, days: number): Promise<void> {
    world.clock.now += days * DAY_MS
    await world.tick()
  }

  test('the account is off at once, and gone after the days', async () => {
    const { world, path, account } = await open(deprovision)
    expect((await world.ask('DELETE', path)).status).toBe(204)
    expect(account()?.state).toBe('suspended')
    expect((await world.ask('GET', path)).status).toBe(404)
    await later(world, 6)
    expect(account()?.state).toBe('suspended')
    await later(world, 2)
    expect(account()).toBeUndefined()
    expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(201)
  })

  test('a person who is back in time keeps the account', async () => {
    const { world, path, account } = await open(deprovision)
    await world.ask('DELETE', path)
    await later(world, 3)
    const back = await world.ask('POST', '/Users', person(LOGIN))
    expect(back.status).toBe(201)
    await later(world, 30)
    expect(account()?.state).toBe('enabled')
    expect((await world.ask('GET', `/Users/${idOf(back)}`)).status).toBe(200)
  })

  test('an account that somebody switched on in the app stays, and is a finding', async () => {
    const { world, path, account } = await open(deprovision)
    await world.ask('DELETE', path)
    const no = account()
    if (no) world.desk.store.updateAccount(no, { state: 'enabled' })
    await later(world, 8)
    expect(account()?.state).toBe('enabled')
    expect(await findingsOf(world)).toEqual(['not-removed:active-again'])
  })

  test('an account that is gone by then, or somebody else, ends it quietly', async () => {
    const { world, path, account } = await open(deprovision)
    await world.ask('DELETE', path)
    const no = account()
    if (no) world.desk.store.deleteAccount(no)
    await later(world, 8)
    expect(await findingsOf(world)).toEqual([])
    expect((await world.ask('GET', '/Users')).body.totalResults).toBe(0)
  })
})

describe('an app that refuses to remove an account', () => {
  test.each([
    ['deactivate', 204, 'suspended', ['not-removed:blocked']],
    ['record', 204, 'enabled', ['not-removed:blocked']],
    ['strip', 204, 'enabled', ['not-removed:blocked']],
    ['refuse', 400, 'enabled', []],
  ] as const)('onRefused: %s', async (onRefused, status, state, findings) => {
    const { world, path, account } = await open(
      { onRefused },
      {
        port: {
          remove: async () => {
            throw new AdapterFailure('blocked', 'owns open items', { effect: 'none' })
          },
        },
      },
    )
    const members = [{ value: path.slice('/Users/'.length) }]
    const body = { schemas: [GROUP_SCHEMA], displayName: 'Line 4', members }
    await world.ask('POST', '/Groups', body)
    expect((await world.ask('DELETE', path)).status).toBe(status)
    expect(account()?.state).toBe(state)
    const isOut = onRefused === 'strip'
    expect(world.desk.store.teamByTitle('Line 4')?.people.size).toBe(isOut ? 0 : 1)
    expect(await findingsOf(world)).toEqual(findings)
    expect((await world.ask('GET', path)).status).toBe(status === 204 ? 404 : 200)
  })
})

test.each(['deactivate', 'deactivateThenDelete'])(
  'a delete that policy turns into a disable (%s) names the policy where the app has no switch',
  async (onDelete) => {
    const scim = await connect({ policy: { deprovision: { onDelete } } })
    const { body } = await scim('POST', '/Users', person('no.switch@example.com'))
    const refused = await scim('DELETE', `/Users/${body.id}`)
    expect(refused.status).toBe(501)
    expect(refused.body.detail).toContain('"deprovision.onDelete"')
    expect((await scim('GET', `/Users/${body.id}`)).body).toMatchObject({ active: true })
  },
)
