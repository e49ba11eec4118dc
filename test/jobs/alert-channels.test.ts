/** Where notices go: what each kind of channel is sent, channels of the whole gateway, and the queue. */
import { expect, test } from 'vitest'
import { ALERT_KINDS } from '../../src/govern/condition.ts'
import { noticeOf, slackBody, teamsBody } from '../../src/govern/notice.ts'
import worker from '../../src/worker.ts'
import { adminApi } from '../support/admin-api.ts'
import { openAdministration } from '../support/administrators.ts'
import { type AlertWorld, openAlertWorld, rowsOf } from '../support/alerts.ts'
import { ORIGIN } from '../support/gateway.ts'
import { slackMessage, teamsMessage } from '../support/vendor-shapes.ts'
import { brownfield, MINUTE_MS, match } from '../support/world.ts'

const CHAT = 'https://hooks.example.hook.test'
const LOGIN = 'secret.person@example.com'

/** An alert, told once: somebody matches two accounts. */
async function raise(world: AlertWorld, isolate = world.isolate()): Promise<void> {
  brownfield(world, LOGIN)
  brownfield(world, LOGIN)
  expect((await world.ask('GET', match('userName', LOGIN))).status).toBe(200)
  await world.cron(isolate)
}

test.each(ALERT_KINDS)('a notice of %s is what Slack and Teams take', (kind) => {
  const ids = { finding: 'f', token: '<t>&', secret: 's', expiresAt: 'x' }
  const numbers = {
    days: 0,
    denied: 2,
    hours: 3,
    failures: 4,
    operations: 5,
    percent: 6,
    before: 7,
  }
  const detail = { ...ids, ...numbers }
  const told = { kind, subject: '', severity: 'critical', count: 1_000, detail } as const
  for (const origin of ['https://gw.example', '']) {
    for (const type of ['alert.opened', 'alert.ended'] as const) {
      const about = { alert: 'a', connection: 'acme', openedAt: 0, now: 0, origin }
      const notice = noticeOf(type, told, about)
      expect(slackMessage.parse(slackBody(notice))).toBeTruthy()
      expect(teamsMessage.parse(teamsBody(notice))).toBeTruthy()
      expect(JSON.stringify(slackBody(notice))).not.toMatch(/undefined|<t>/)
    }
  }
})

test('Slack, Teams and e-mail are sent the same in their own shapes, and nobody is named', async () => {
  const world = await openAlertWorld()
  await world.channel('slack', { kind: 'slack', url: `${CHAT}/slack` })
  await world.channel('teams', { kind: 'teams', url: `${CHAT}/teams?sig=abc` })
  await world.channel('mail', { kind: 'email', from: 'a@example.com', to: 'b@example.com' })
  const mails: { subject: string; text: string }[] = []
  const send = async (message: (typeof mails)[number]) => void mails.push(message)
  await raise(world, world.isolate(undefined, { env: { ALERT_EMAIL: { send } as never } }))
  const bodyAt = (end: string) =>
    JSON.parse(world.received.find(({ url }) => url.endsWith(end))?.body ?? 'null')
  const slack = slackMessage.parse(bodyAt('/slack'))
  const teams = teamsMessage.parse(bodyAt('/teams?sig=abc'))
  const headline = `Warning: People match several accounts (${world.scim.name})`
  expect(slack.text).toContain(headline)
  expect(teams.attachments[0]?.content.body[0]?.text).toBe(headline)
  const { id } = (await world.admin('GET', '/findings')).body.items[0]
  const url = `${ORIGIN}/admin/connections/${world.scim.name}/findings#finding-${id}`
  expect(teams.attachments[0]?.content.actions?.[0]?.url).toBe(url)
  expect(mails).toMatchObject([{ from: 'a@example.com', to: 'b@example.com', subject: headline }])
  expect(mails[0]?.text).toContain(`Console: ${url}`)
  expect(JSON.stringify([world.received, mails])).not.toContain('secret.person')
})

test('a channel of the gateway hears of every connection, and one of a connection of that one alone', async () => {
  const [first, second] = [await openAlertWorld(), await openAlertWorld()]
  const name = `g-${crypto.randomUUID()}`
  const call = adminApi(first.isolate())
  const gateway = async (method: string, body?: unknown) =>
    (await call(method, `/alerts/channels/${name}`, body)).status
  expect(await gateway('PUT', { kind: 'webhook', url: `${CHAT}/all` })).toBe(201)
  await first.channel('own', { kind: 'webhook', url: `${CHAT}/own` })
  await raise(first)
  await raise(second)
  const urls = (world: AlertWorld) => world.received.map(({ url }) => url).sort()
  expect(urls(first)).toEqual([`${CHAT}/all`, `${CHAT}/own`])
  expect(urls(second)).toEqual([`${CHAT}/all`])
  const told = async (token?: string) => {
    const ask = adminApi(first.isolate(), `/connections/${first.scim.name}`, token)
    const items: { channel: string }[] = (await ask('GET', '/alerts/notices')).body.items
    return items.map(({ channel }) => channel).sort()
  }
  expect(await told()).toEqual([name, 'own'].sort())
  // Who is limited to this connection knows of those of the gateway that there are some.
  const limited = await openAdministration().administrator('auditor', [first.scim.name])
  expect(await told(limited.token)).toEqual(['of the gateway', 'own'])
  expect(await gateway('DELETE')).toBe(204)
})

test('a notice that was not taken asks the queue for its minute, and a message sends it', async () => {
  const world = await openAlertWorld()
  await world.channel('ops', { kind: 'webhook', url: `${CHAT}/ops` })
  world.statuses.set('hooks.example.hook.test', 500)
  const asked: unknown[] = []
  const send = async (body: unknown, options: unknown) => void asked.push([body, options])
  await raise(world, world.isolate(undefined, { env: { ALERT_QUEUE: { send } as never } }))
  // What a message says does not matter: it holds nothing.
  expect(asked).toEqual([[{}, { delaySeconds: 60 }]])
  world.statuses.clear()
  world.clock.now += MINUTE_MS
  // What the queue's handler of the Worker runs.
  await world.isolate().alerts()
  expect(await states(world)).toEqual(['sent'])
})

test('a queue that takes no wake-up fails nothing: the cron comes', async () => {
  const world = await openAlertWorld()
  await world.channel('ops', { kind: 'webhook', url: `${CHAT}/ops` })
  world.statuses.set('hooks.example.hook.test', 500)
  const send = async () => {
    throw new Error('the queue is not there')
  }
  await raise(world, world.isolate(undefined, { env: { ALERT_QUEUE: { send } as never } }))
  expect(await states(world)).toEqual(['due'])
  world.statuses.clear()
  world.clock.now += MINUTE_MS
  await world.cron()
  expect(await states(world)).toEqual(['sent'])
})

test('the Worker has a handler for the queue', () => {
  expect(worker.queue).toBeTypeOf('function')
})

const states = async (world: AlertWorld) =>
  (await rowsOf('alert_delivery', world.scim.name)).map(({ state }) => state)
