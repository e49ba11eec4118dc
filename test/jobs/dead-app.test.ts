/** The cron, while the app of one connection hangs. The clock is the test's: nobody waits for it. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { connect, type Scim } from '../support/gateway.ts'
import { type Isolate, openIsolate } from '../support/isolate.ts'
import { DESK_KEY, openDesk, type TestDesk } from '../support/open-desk.ts'
import { idOf, person } from '../support/world.ts'

const MINUTE_MS = 60_000
const HANG_MS = 25_000

interface Customer {
  readonly scim: Scim
  readonly url: string
  readonly desk: TestDesk
  calls: number
  isHanging: boolean
}

async function customer(): Promise<Customer> {
  const url = `http://${crypto.randomUUID()}.test`
  const settings = { settings: { url }, secrets: { apiKey: DESK_KEY } }
  const scim = await connect({ adapter: 'example', ...settings })
  return { scim, url, desk: openDesk(), calls: 0, isHanging: false }
}

/**
 * An isolate in front of all of them. A call that hangs has hung once `meanwhile` has come to be, as what
 * goes on beside it takes a part of that time only.
 */
function gateway(
  clock: { now: number },
  customers: readonly Customer[],
  meanwhile: () => boolean = () => true,
): Isolate {
  return openIsolate(clock, async (input, init) => {
    const one = customers.find(({ url }) => input.startsWith(url))
    if (!one) throw new TypeError('this is the app of another test')
    one.calls += 1
    if (!one.isHanging) return one.desk.fetch(input, init)
    for (let looks = 0; looks < 500 && !meanwhile(); looks++) await scheduler.wait(10)
    clock.now += HANG_MS
    throw new TypeError('no answer')
  })
}

/** People whose delete was cut off, so that the cron has to finish it. */
async function cutOff(isolate: Isolate, { scim, desk }: Customer, people: number): Promise<void> {
  for (let n = 0; n < people; n++) {
    const login = `p${n}@example.com`
    const id = idOf(await isolate.scim(scim, 'POST', '/Users', person(login)))
    desk.failNext({ match: 'DELETE /api/accounts/{no}', when: 'before', how: 'reset' })
    expect((await isolate.scim(scim, 'DELETE', `/Users/${id}`)).status).toBe(503)
  }
}

const accounts = ({ desk }: Customer, people: number) =>
  Array.from({ length: people }, (_, n) =>
    desk.store.accountsBy('login', `p${n}@example.com`),
  ).flat().length

/** The cron takes what is due of all connections: that of other tests waits. */
async function holdOthers(customers: readonly Customer[]): Promise<void> {
  const names = JSON.stringify(customers.map(({ scim }) => scim.name))
  const others = `connection NOT IN (
    SELECT id FROM connection WHERE name IN (SELECT value FROM json_each(?)))`
  for (const statement of [
    `UPDATE intent SET next_at = 9000000000000000 WHERE ${others}`,
    `UPDATE role_intent SET next_at = 9000000000000000 WHERE next_at IS NOT NULL AND ${others}`,
    `UPDATE edge SET next_at = 9000000000000000 WHERE next_at IS NOT NULL AND ${others}`,
    `UPDATE finding SET last_seen = 9000000000000000 WHERE ${others}`,
  ]) {
    await env.DB.prepare(statement).bind(names).run()
  }
}

test('an app that hangs is left alone for a while, and keeps nobody else’s work waiting', async () => {
  const clock = { now: Date.now() }
  const [dead, alive] = [await customer(), await customer()]
  const both = [dead, alive]
  const PEOPLE = 8
  // The work of the one that will hang is due first.
  await cutOff(gateway(clock, both), dead, PEOPLE)
  clock.now += 1_000
  await cutOff(gateway(clock, both), alive, PEOPLE)
  clock.now += 5 * MINUTE_MS
  await holdOthers(both)
  dead.isHanging = true
  dead.calls = 0

  const startedAt = clock.now
  await gateway(clock, both, () => accounts(alive, PEOPLE) === 0).tick()
  expect(accounts(alive, PEOPLE)).toBe(0)
  expect(accounts(dead, PEOPLE)).toBe(PEOPLE)
  // A delete that was cut off is begun with a read, which is tried again while its turn lasts; the cron
  // looks once more whether the app answers.
  expect(dead.calls).toBeLessThanOrEqual(6)
  expect(clock.now - startedAt).toBeLessThan(5 * MINUTE_MS)

  // Another isolate knows nothing of that, and yet nothing of it is due.
  const calls = dead.calls
  clock.now += MINUTE_MS
  await gateway(clock, both).tick()
  expect(dead.calls - calls).toBeLessThanOrEqual(3)

  dead.isHanging = false
  clock.now += 10 * MINUTE_MS
  await gateway(clock, both).tick()
  expect(accounts(dead, PEOPLE)).toBe(0)
}, 30_000)
