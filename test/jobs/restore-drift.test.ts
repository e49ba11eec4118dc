/** A person decides that drift is put back; and a restore that is cut off at any step. */
import { describe, expect, test } from 'vitest'
import { adminOf, driveToEnd, reconcile } from '../support/reconcile.ts'
import { cutsOf, idOf, openWorld, patch, person, type WorldOptions } from '../support/world.ts'

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

type Ask = ReturnType<typeof adminOf>

async function decide(ask: Ask, finding: string) {
  return ask('POST', `/findings/${finding}/decide`, { decision: 'restore' })
}

async function openFindings(
  ask: Ask,
): Promise<{ id: string; kind: string; decisions: string[] }[]> {
  return (await ask('GET', '/findings')).body.items
}

describe('a person who decides to restore', () => {
  test('has all of it put back, whatever the policy, and the findings are closed', async () => {
    const { account, ask } = await drifted()
    await reconcile(ask)
    const found = await openFindings(ask)
    expect(found.map(({ kind }) => kind).sort()).toEqual(['drift', 'reactivated'])
    expect(found[0]?.decisions).toContain('restore')
    const outcome = await decide(ask, found[0]?.id ?? '')
    expect(outcome).toMatchObject({ status: 200, body: { state: 'closed' } })
    expect(account).toMatchObject({ job_title: 'Chef', state: 'suspended' })
    expect(await openFindings(ask)).toEqual([])
    expect((await decide(ask, found[1]?.id ?? '')).status).toBe(409)
  })

  test('is told why not, in words of ours, and the findings stay', async () => {
    const { world, account, ask } = await drifted()
    await reconcile(ask)
    const [finding] = await openFindings(ask)
    world.desk.failNext({ match: '*', when: 'before', how: 'status', status: 503, times: 3 })
    const away = await decide(ask, finding?.id ?? '')
    expect(away).toMatchObject({ status: 503 })
    expect(away.body.detail).toContain('not available')
    await ask('PATCH', '', { mode: 'observe' })
    world.clock.now += HOUR
    expect((await decide(ask, finding?.id ?? '')).status).toBe(409)
    expect(account.job_title).toBe('Boss')
    expect(await openFindings(ask)).toHaveLength(2)
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
      // That the app was away for a moment is another finding, and the cron's to close.
      for (const kind of ['drift', 'reactivated']) {
        expect((await ask('GET', `/findings?kind=${kind}`)).body.items).toEqual([])
      }
    }
  }, 120_000)
})
