/** Sealing keys rotate: the cron seals anew, an operator sees when the former key may go. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { Sealing } from '../../src/access/seal.ts'
import { openDatabase } from '../../src/db/database.ts'
import { reseal, sealedBy } from '../../src/db/sealed-secrets.ts'
import { resealing } from '../../src/jobs/reseal.ts'
import { type Line, openKeyed, randomKey } from '../support/keyed-gateway.ts'
import { DESK_KEY } from '../support/open-desk.ts'
import { connectionId } from '../support/tables.ts'

const db = openDatabase(env.DB)

async function keyIdOf(key: string): Promise<string> {
  return (await new Sealing(key).keyIds()).current ?? ''
}

async function rowsOf(name: string) {
  const { results } = await env.DB.prepare(
    'SELECT name, sealed, key_id FROM connection_secret WHERE connection_id = ? ORDER BY name',
  )
    .bind(await connectionId(name))
    .all<{ name: string; sealed: string; key_id: string }>()
  return results
}

function jobWith(current: string, previous: string) {
  const log: Line[] = []
  const sealing = new Sealing({ current, previous })
  const clock = { now: Date.now() }
  const run = resealing({
    ...{ db, sealing, now: () => clock.now },
    log: (line) => void log.push(line),
  })
  return { run, log, sealing, clock }
}

describe('a sealing key that is replaced', () => {
  test('goes on opening while it is among the former ones, and the cron seals anew', async () => {
    const [former, current] = [randomKey(), randomKey()]
    const scim = await openKeyed({ current: former }).connect()
    const gateway = openKeyed({ current, previous: former })
    expect((await gateway.find(scim)).status).toBe(200)
    const before = await gateway.admin('GET', '/sealing')
    expect(before.body.keys).toContainEqual({
      keyId: await keyIdOf(former),
      use: 'previous',
      secrets: 1,
    })
    expect(before.body.mayDrop).toEqual([])

    await gateway.isolate.tick()
    expect((await rowsOf(scim.name)).map((row) => row.key_id)).toEqual([await keyIdOf(current)])
    const after = await gateway.admin('GET', '/sealing')
    expect(after.body.mayDrop).toEqual([await keyIdOf(former)])
    expect(gateway.log).toContainEqual({
      event: 'sealing.resealed',
      key: await keyIdOf(current),
      secrets: 1,
      left: 0,
    })
    expect(gateway.log).toContainEqual({ event: 'sealing.done', key: await keyIdOf(current) })
    // Without the former one.
    expect((await openKeyed({ current }).find(scim)).status).toBe(200)
  })

  test('is asked after by the channels of alerts as well', async () => {
    const [former, current] = [randomKey(), randomKey()]
    const gateway = openKeyed({ current: former })
    const scim = await gateway.connect()
    const channel = `/connections/${scim.name}/alerts/channels/desk`
    const body = { kind: 'slack', url: 'https://hooks.example.com/services/T0/B0' }
    expect((await gateway.admin('PUT', channel, body)).status).toBe(201)
    const formerId = await keyIdOf(former)

    const next = openKeyed({ current, previous: former })
    expect((await next.admin('GET', '/sealing')).body.keys).toContainEqual({
      ...{ keyId: formerId, use: 'previous', secrets: 2 },
    })
    const lost = await openKeyed({ current }).admin('GET', '/sealing')
    expect(lost.body.lost).toContainEqual({
      ...{ connection: scim.name, secret: 'alert channel desk', keyId: formerId },
    })
    await next.isolate.tick()
    expect((await next.admin('GET', '/sealing')).body.mayDrop).toEqual([formerId])
  })

  test('is asked for no more once nothing is left, and a second run changes nothing', async () => {
    const [former, current] = [randomKey(), randomKey()]
    const scim = await openKeyed({ current: former }).connect()
    await jobWith(current, former).run()
    const rows = await rowsOf(scim.name)
    const { run, log } = jobWith(current, former)
    await run()
    await run()
    expect(await rowsOf(scim.name)).toEqual(rows)
    expect(log.map(({ event }) => event)).toEqual(['sealing.done'])
  })

  test('is looked for again after ten minutes: another deployment may still seal with it', async () => {
    const [former, current] = [randomKey(), randomKey()]
    await openKeyed({ current: former }).connect()
    const { run, log, clock } = jobWith(current, former)
    await run()
    const late = await openKeyed({ current: former }).connect()
    const keysOf = async () => (await rowsOf(late.name)).map((row) => row.key_id)
    clock.now += 10 * 60_000 - 1
    await run()
    expect(await keysOf()).toEqual([await keyIdOf(former)])
    clock.now += 1
    await run()
    expect(await keysOf()).toEqual([await keyIdOf(current)])
    clock.now += 10 * 60_000
    await run()
    const events = ['resealed', 'done', 'resealed', 'done'].map((what) => `sealing.${what}`)
    expect(log.map(({ event }) => event)).toEqual(events)
  })

  test('is looked for by its index: what the current key has sealed is not read', async () => {
    const { results } = await env.DB.prepare(
      `EXPLAIN QUERY PLAN SELECT connection_id FROM connection_secret
        WHERE key_id IN (SELECT value FROM json_each('[]'))`,
    ).all<{ detail: string }>()
    expect(results.map(({ detail }) => detail).join()).toContain('connection_secret_key')
  })

  test('never overwrites what somebody has entered while a run was under way', async () => {
    const [former, current] = [randomKey(), randomKey()]
    const scim = await openKeyed({ current: former }).connect()
    const { sealing } = jobWith(current, former)
    const [from] = await sealedBy(db, [await keyIdOf(former)], 10)
    if (!from) throw new Error('nothing is sealed')
    const to = await sealing.seal(await sealing.open(from, from), from)
    await openKeyed({ current: former }).admin('PATCH', `/connections/${scim.name}`, {
      secrets: { apiKey: 'entered meanwhile' },
    })
    expect(await reseal(db, [{ from, to }])).toBe(0)
    const [row] = await rowsOf(scim.name)
    const stored = { sealed: row?.sealed ?? '', keyId: row?.key_id ?? '' }
    expect(await sealing.open(stored, from)).toBe('entered meanwhile')
    await jobWith(current, former).run()
    expect((await rowsOf(scim.name)).map((one) => one.key_id)).toEqual([await keyIdOf(current)])
  })

  test('does not bring back the secrets of a connection that has ended meanwhile', async () => {
    const [former, current] = [randomKey(), randomKey()]
    const gateway = openKeyed({ current: former })
    const scim = await gateway.connect()
    const { sealing } = jobWith(current, former)
    const [from] = await sealedBy(db, [await keyIdOf(former)], 10)
    if (!from) throw new Error('nothing is sealed')
    await gateway.admin('DELETE', `/connections/${scim.name}`)
    expect(await reseal(db, [{ from, to: await sealing.seal('x', from) }])).toBe(0)
    expect(await sealedBy(db, [await keyIdOf(former)], 10)).toEqual([])
  })

  test('two runs at once leave secrets that open', async () => {
    const [former, current] = [randomKey(), randomKey()]
    const scim = await openKeyed({ current: former }).connect()
    await Promise.all([1, 2, 3].map(() => jobWith(current, former).run()))
    expect((await openKeyed({ current }).find(scim)).status).toBe(200)
  })

  test('a row that does not open holds up no other, and is left as it is', async () => {
    const [former, current] = [randomKey(), randomKey()]
    const gateway = openKeyed({ current: former })
    const [broken, whole] = [await gateway.connect(), await gateway.connect()]
    await env.DB.prepare(
      "UPDATE connection_secret SET sealed = 'A' || sealed WHERE connection_id = ?",
    )
      .bind(await connectionId(broken.name))
      .run()
    const rows = await rowsOf(broken.name)
    const { run, log } = jobWith(current, former)
    await run()
    expect(log).toEqual([
      { event: 'sealing.resealed', key: await keyIdOf(current), secrets: 1, left: 1 },
    ])
    expect(await rowsOf(broken.name)).toEqual(rows)
    expect((await openKeyed({ current }).find(whole)).status).toBe(200)
  })

  test('a list of former keys that is none is a log event that names the setting, and stops nothing else', async () => {
    const gateway = openKeyed({ current: randomKey(), previous: 'hunter2' })
    await gateway.isolate.tick()
    const failed = gateway.log.find(({ event }) => event === 'sealing.failed')
    expect(failed?.['detail']).toContain('POSTERN_SEALING_KEYS_PREVIOUS')
    expect(JSON.stringify(gateway.log)).not.toContain('hunter2')
  })
})

describe('a sealing key that is lost', () => {
  test('is 503 for a client, a finding for an administrator, and over when the secret is entered again', async () => {
    const [lost, current] = [randomKey(), randomKey()]
    const scim = await openKeyed({ current: lost }).connect()
    const clock = { now: Date.now() }
    const gateway = openKeyed({ current }, undefined, clock)
    for (const [method, path] of [
      ['GET', '/Users'],
      ['GET', '/Users/x'],
      ['POST', '/Users'],
      ['DELETE', '/Users/x'],
    ] as const) {
      const body = method === 'POST' ? { userName: 'x' } : undefined
      const { status, headers, body: error } = await gateway.isolate.scim(scim, method, path, body)
      expect([status, headers.get('retry-after')]).toEqual([503, '300'])
      for (const word of ['"apiKey"', 'POSTERN_SEALING_KEY', 'Enter the secret again']) {
        expect(error.detail).toContain(word)
      }
    }
    const findings = () => gateway.admin('GET', `/connections/${scim.name}/findings`)
    const { items } = (await findings()).body
    expect(items).toMatchObject([{ kind: 'app-credential', detail: { code: 'auth' } }])
    expect(items[0].detail.reason).toContain('"apiKey"')

    const { body } = await gateway.admin('GET', '/sealing')
    const keyId = await keyIdOf(lost)
    expect(body.keys).toContainEqual({ keyId, use: 'lost', secrets: 1 })

    // Anything else can still be changed.
    const path = `/connections/${scim.name}`
    expect((await gateway.admin('PATCH', path, { mode: 'paused' })).status).toBe(200)
    expect((await gateway.admin('PATCH', path, { mode: 'live' })).status).toBe(200)
    await gateway.admin('PATCH', path, { secrets: { apiKey: DESK_KEY } })
    // Reads may go by settings that are up to five seconds old.
    clock.now += 5_000
    expect((await gateway.isolate.scim(scim, 'GET', '/Users?count=1')).status).toBe(200)
    const again = await gateway.admin('GET', '/sealing')
    expect(JSON.stringify(again.body.keys)).not.toContain(keyId)
  })

  test('opens again when it is among the former ones', async () => {
    const [lost, current] = [randomKey(), randomKey()]
    const scim = await openKeyed({ current: lost }).connect()
    expect((await openKeyed({ current }).find(scim)).status).toBe(503)
    expect((await openKeyed({ current, previous: lost }).find(scim)).status).toBe(200)
  })

  test('a key that cannot be read just now is 503 with a short wait, and passes', async () => {
    const current = randomKey()
    const scim = await openKeyed({ current }).connect()
    let isDown = true
    const gateway = openKeyed({
      current: { get: async () => (isDown ? Promise.reject(new Error('down')) : current) },
    })
    const { status, headers } = await gateway.find(scim)
    expect([status, headers.get('retry-after')]).toEqual([503, '30'])
    isDown = false
    expect((await gateway.find(scim)).status).toBe(200)
  })

  test('a connection without secrets does without any key', async () => {
    const gateway = openKeyed({})
    const name = `k-${crypto.randomUUID()}`
    const { body } = await gateway.admin('POST', '/connections', { name, adapter: 'sandbox' })
    const scim = { baseUrl: body.scimBaseUrl, token: body.token }
    expect((await gateway.find(scim)).status).toBe(200)
    await gateway.isolate.tick()
    expect(gateway.log.filter(({ event }) => String(event).startsWith('sealing'))).toEqual([])
  })
})
