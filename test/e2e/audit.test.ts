/** `postern audit`, `access` and `alerts` against `npm start`: what nobody flushes is there all the same. */
import { spawn } from 'node:child_process'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { Webhook } from 'standardwebhooks'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { useNpmStart } from '../support/npm-start.ts'
import { byUserName, newUser } from '../support/scim.ts'
import { slackMessage, teamsMessage } from '../support/vendor-shapes.ts'

const LOGIN = 'ada.review@example.com'

describe('what happened', { timeout: 120_000 }, () => {
  const gateway = useNpmStart()
  const postern = (...args: string[]) => gateway.postern(args)

  beforeAll(async () => {
    await gateway.scim('GET', byUserName(LOGIN))
    expect((await gateway.scim('POST', '/Users', newUser(LOGIN))).status).toBe(201)
  })

  test('is a timeline of sentences, and the same as JSON, lines and a table', async () => {
    const told = await postern('audit', 'demo', '--person', LOGIN)
    expect(told.code, told.stderr).toBe(0)
    expect(told.stdout).toContain('came      The client (token')
    const [none, created] = ['Nobody matched', 'a new account was created']
    expect(told.stdout).toContain(none)
    // The newest is last, as in a log.
    expect(told.stdout.indexOf(created ?? '')).toBeGreaterThan(told.stdout.indexOf(none ?? ''))
    expect(told.stdout).not.toContain(LOGIN)
    const { json } = await postern('audit', 'demo', '--person', LOGIN, '--json')
    expect(json.items.map((one: { op: string }) => one.op)).toEqual(['create', 'list'])
    const lines = await postern('audit', 'demo', '--since', '1h', '--ndjson')
    expect(lines.stdout.trim().split('\n').length).toBeGreaterThanOrEqual(2)
    const table = await postern('audit', 'demo', '--since', '1h', '--csv')
    expect(table.stdout).toMatch(/^at,request,who,/)
    expect((await postern('audit', 'demo', '--json', '--csv')).code).toBe(2)
    expect((await postern('audit', 'demo', '--since', 'yesterday')).code).toBe(2)
    for (const form of ['--json', '--csv', '--ndjson']) {
      const refused = await postern('audit', 'none-such', form)
      expect([refused.code, refused.stderr]).toEqual([
        1,
        expect.stringContaining('There is no connection of this name\n  check the name'),
      ])
    }
  })

  test('says who has access', async () => {
    const told = await postern('access', 'demo')
    expect(told.code, told.stderr).toBe(0)
    expect(told.stdout).toContain(LOGIN)
    expect(told.stdout).toContain('created')
    const { json } = await postern('access', 'demo', '--json')
    expect(json.items).toMatchObject([{ userName: LOGIN, how: 'created', active: true }])
    const orphans = await postern('access', 'demo', '--orphans')
    expect(orphans.stdout).toContain('No scan has finished')
    expect((await postern('access', 'demo', '--csv')).stdout).toMatch(/^kind,id,userName,/)
  })

  test('--follow goes on with what comes, each entry once, until it is ended', async () => {
    const following = spawn(
      process.execPath,
      ['cli/postern.mjs', 'audit', 'demo', '--last', '1', '--follow'],
      {
        cwd: path.resolve(import.meta.dirname, '../..'),
        env: { ...process.env, ...gateway.env },
      },
    )
    let told = ''
    following.stdout.setEncoding('utf8').on('data', (text) => {
      told += text
    })
    try {
      await vi.waitFor(() => expect(told).toContain('request   '), { timeout: 20_000 })
      const ids: string[] = []
      for (const login of ['a@example.com', 'b@example.com']) {
        const { headers } = await gateway.scim('GET', byUserName(login))
        ids.push(headers.get('x-request-id') ?? 'none')
      }
      const all = () => expect(ids.every((id) => told.includes(id))).toBe(true)
      await vi.waitFor(all, { timeout: 30_000, interval: 250 })
      const [first = '', second = ''] = ids
      expect(told.indexOf(first)).toBeLessThan(told.indexOf(second))
      for (const id of ids) expect(told.split(id)).toHaveLength(2)
    } finally {
      following.kill('SIGINT')
    }
    const signal = await new Promise((resolve) => following.once('exit', (_, by) => resolve(by)))
    expect(signal).toBe('SIGINT')
  })

  test('is told to channels, which are made, tested, given a secret and removed', async () => {
    const received: { path: string; headers: http.IncomingHttpHeaders; body: string }[] = []
    const receiver = http.createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      received.push({ path: request.url ?? '', headers: request.headers, body })
      response.writeHead(request.url === '/gone' ? 410 : 200).end()
    })
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
    const base = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`
    try {
      const own = ['--connection', 'demo']
      const made = await postern(
        'alerts',
        'put',
        'ops',
        ...own,
        '--webhook',
        `${base}/ops`,
        '--json',
      )
      expect(made.json.secret).toMatch(/^whsec_/)
      await postern('alerts', 'put', 'slack', '--slack', `${base}/slack`)
      await postern('alerts', 'put', 'teams', '--teams', `${base}/teams?sig=x`, '--critical')
      await postern('alerts', 'put', 'gone', ...own, '--webhook', `${base}/gone`)
      const next = await postern('alerts', 'secret', 'ops', ...own, '--json')
      for (const [channel, ...where] of [['ops', ...own], ['slack'], ['teams']]) {
        const sent = await postern('alerts', 'test', channel ?? '', ...where)
        expect([sent.code, sent.stdout]).toEqual([0, '  It was taken.\n'])
      }
      const refused = await postern('alerts', 'test', 'gone', ...own, '--json')
      expect([refused.code, refused.json]).toEqual([
        1,
        { delivered: false, reason: 'answered 410' },
      ])

      const [ops, slack, teams] = received
      for (const secret of [made.json.secret, next.json.secret]) {
        const verified = new Webhook(secret).verify(ops?.body ?? '', ops?.headers as never)
        expect(verified).toMatchObject({ type: 'alert.test', data: { connection: 'demo' } })
      }
      expect(slackMessage.parse(JSON.parse(slack?.body ?? '')).text).toContain(
        'A test of this channel',
      )
      expect(teams?.path).toBe('/teams?sig=x')
      teamsMessage.parse(JSON.parse(teams?.body ?? ''))

      const channels = await postern('alerts', 'channels')
      expect(channels.stdout).toContain('critical only')
      expect(channels.stdout).not.toContain(`${base}/slack`)
      for (const name of ['slack', 'teams']) await postern('alerts', 'remove', name)
      expect((await postern('alerts', 'channels', '--json')).json.items).toEqual([])
      expect((await postern('alerts', 'list', 'demo')).stdout).toContain('No alert is open.')
      expect((await postern('alerts', 'put', 'x', '--slack', base, '--teams', base)).code).toBe(2)
    } finally {
      receiver.close()
    }
  })
})
