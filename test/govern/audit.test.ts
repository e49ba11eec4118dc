/** The audit through the front door: what is kept of a request, and what is not. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { openIsolate } from '../support/isolate.ts'
import { connectionId } from '../support/tables.ts'
import {
  brownfield,
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

const LOGIN = 'Jon.Falk@example.com'

/** One isolate for clients and administrators: reading the audit writes what is collected. */
async function open(options: WorldOptions = {}) {
  const world = await openWorld(options)
  const audit = async (query = '') => {
    const { status, body } = await world.admin('GET', `/audit${query}`)
    expect(status, JSON.stringify(body)).toBe(200)
    return body.items
  }
  return { ...world, audit }
}

async function rows(world: Pick<World, 'scim'>): Promise<Record<string, unknown>[]> {
  const sql = 'SELECT * FROM audit WHERE connection = ? ORDER BY seq'
  const { results } = await env.DB.prepare(sql)
    .bind(await connectionId(world.scim.name))
    .all<Record<string, unknown>>()
  return results
}

describe('a request', () => {
  test('is told with who, what was decided and what the app answered', async () => {
    const { ask, audit } = await open()
    await ask('GET', match('userName', LOGIN))
    const created = await ask('POST', '/Users', person(LOGIN))
    await ask(
      'PATCH',
      `/Users/${idOf(created)}`,
      patch({ op: 'replace', path: 'title', value: 'C' }),
    )
    await ask(
      'PATCH',
      `/Users/${idOf(created)}`,
      patch({ op: 'replace', path: 'title', value: 'C' }),
    )
    await ask('DELETE', `/Users/${idOf(created)}`)
    const all = await audit()
    expect(all.map((one: { decision: string }) => one.decision)).toEqual([
      'deleted',
      'unchanged',
      'updated',
      'created',
      'none',
    ])
    const [, , updated, made, asked] = all
    expect(made).toMatchObject({
      kind: 'request',
      request: created.headers.get('x-request-id'),
      actor: { kind: 'token', id: expect.any(String) },
      method: 'POST',
      op: 'create',
      type: 'User',
      id: idOf(created),
      outcome: 'done',
      status: 201,
      writes: [{ op: 'create', decision: 'created', id: idOf(created) }],
    })
    expect(made.calls.map((call: { method: string }) => call.method)).toEqual(['GET', 'POST'])
    expect(updated.writes[0].detail.changed).toEqual(['title'])
    expect(updated.decided).toBe('Changed: title.')
    expect(asked.came).toContain('asked for the User whose userName is a value')
    expect(asked.decided).toBe('Nobody matched, neither in the app nor among those known here.')
    expect(asked.answered).toMatch(
      /^The app was asked once: GET \/\S+ \(200, \d+ ms\)\. The client/,
    )
  })

  test('that adopts says by which rule', async () => {
    const world = await open()
    brownfield(world, LOGIN)
    await world.ask('GET', match('userName', LOGIN))
    await world.ask('POST', '/Users', person(LOGIN))
    const [adopted, found] = await world.audit()
    expect(found).toMatchObject({ decision: 'found', detail: { rule: 'userName', found: 1 } })
    expect(adopted).toMatchObject({ decision: 'adopted', detail: { rule: 'userName' } })
    expect(adopted.decided).toBe(
      'An account that was there, found by the match rule "userName", was taken over.',
    )
  })

  test('that is refused says why by a code, and names the finding', async () => {
    const world = await open({ faults: { uniqueness: 'off' } })
    brownfield(world, LOGIN)
    brownfield(world, LOGIN)
    await world.ask('POST', '/Users', person(LOGIN))
    await world.ask('GET', '/Users?filter=userName%20eq')
    const [malformed, refused] = await world.audit('?outcome=refused')
    expect(refused).toMatchObject({ decision: 'ambiguous', status: 409, id: null })
    expect(refused.detail).toMatchObject({ scimType: 'uniqueness' })
    const { body } = await world.admin('GET', '/findings')
    expect(refused.detail.findings).toEqual([body.items[0].id])
    expect(refused.decided).toContain(`See finding ${body.items[0].id}.`)
    expect(malformed).toMatchObject({ decision: 'invalid-filter', asked: { malformed: true } })
  })

  test('that the app failed names the call that failed, and no value', async () => {
    const world = await open()
    world.desk.failNext({ match: 'GET /api/accounts', how: 'reset', times: 9 })
    await world.ask('GET', match('userName', LOGIN))
    const [failed] = await world.audit()
    expect(failed).toMatchObject({ outcome: 'failed', status: 503, decision: 'app-unavailable' })
    // A read is tried again.
    expect(failed.calls.length).toBeGreaterThan(1)
    expect(failed.calls[0]).toMatchObject({ method: 'GET', failure: 'unavailable' })
    expect(JSON.stringify(await rows(world))).not.toMatch(/falk/i)
  })

  test('within a Bulk request has a row of its own where it was refused, and the writes of others none of it', async () => {
    const world = await open()
    const taken = idOf(await world.ask('POST', '/Users', person('taken@example.com')))
    const op = (method: string, path: string, data: unknown, bulkId?: string) => ({
      ...{ method, path, data },
      ...(bulkId !== undefined && { bulkId }),
    })
    const { name: _, ...nameless } = person('nameless@example.com')
    const answer = await world.ask('POST', '/Bulk', {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
      Operations: [
        op('POST', '/Users', person(LOGIN), 'one'),
        op('PATCH', `/Users/${taken}`, patch({ op: 'replace', path: 'userName', value: LOGIN })),
        op('POST', '/Users', nameless, 'two'),
        op('POST', '/Nothing', {}, 'three'),
      ],
    })
    expect(answer.status).toBe(200)
    const all = await world.audit()
    const of = all.filter((one: { request: string }) => one.request === all[0].request)
    const parts = of.filter((one: { op: string }) => one.op !== 'bulk')
    expect(
      parts.map((one: Record<string, unknown>) => [one['op'], one['decision']]).sort(),
    ).toEqual([
      ['create', 'app-invalid'],
      ['other', 'not-found'],
      ['update', 'uniqueness'],
    ])
    const renamed = parts.find((one: { op: string }) => one.op === 'update')
    expect(renamed).toMatchObject({ id: taken, outcome: 'refused', status: 409, writes: [] })
    expect(renamed.detail.says).toBe('Another User has this userName already.')
    const whole = of.find((one: { op: string }) => one.op === 'bulk')
    expect(whole.writes).toMatchObject([{ decision: 'created' }])
    // One request in the sums.
    const { day } = (await world.admin('GET', '/health')).body
    expect([day.writes, day.refused]).toEqual([2, 0])
    expect(JSON.stringify(await rows(world))).not.toMatch(/falk/i)
  })

  test('that is one too many is counted, and a few rows say it', async () => {
    const world = await open({ policy: { limits: { requestsPerSecond: 1 } } })
    const statuses = []
    for (let n = 0; n < 12; n++) {
      statuses.push((await world.ask('GET', match('userName', LOGIN))).status)
    }
    const tooMany = statuses.filter((status) => status === 429).length
    expect(tooMany).toBeGreaterThan(5)
    const refused = await world.audit('?outcome=refused')
    expect(refused).toHaveLength(5)
    expect(refused[0]).toMatchObject({ decision: 'rate', status: 429, actor: { kind: 'token' } })
    expect((await world.admin('GET', '/health')).body.day.refused).toBe(tooMany)
  })

  test('leaves nobody waiting: its row is written later, with others', async () => {
    const world = await open()
    await world.ask('GET', match('userName', LOGIN))
    expect(await rows(world)).toEqual([])
    await world.audit()
    expect(await rows(world)).toHaveLength(1)
  })
})

describe('values', () => {
  test('are hashed: the same value has the same hash, and no other connection has it', async () => {
    const first = await open()
    const second = await open()
    for (const world of [first, second]) {
      const id = idOf(await world.ask('POST', '/Users', person(LOGIN, { title: 'Chef' })))
      await world.ask(
        'PATCH',
        `/Users/${id}`,
        patch({ op: 'replace', path: 'title', value: 'Chef' }),
      )
      await world.ask(
        'PATCH',
        `/Users/${id}`,
        patch({ op: 'replace', path: 'title', value: 'Cook' }),
      )
    }
    const hashesOf = async (world: typeof first) => {
      const [cook, chef, made] = await world.audit()
      const at = made.asked.changes.findIndex((one: { path: string }) => one.path === 'title')
      return [made.values.changes[at], chef.values.changes[0], cook.values.changes[0]]
    }
    const [made, again, other] = await hashesOf(first)
    expect(made).toMatch(/^[\w-]{22}$/)
    expect(again).toBe(made)
    expect(other).not.toBe(made)
    expect((await hashesOf(second))[0]).not.toBe(made)
    expect(JSON.stringify(await rows(first))).not.toMatch(/falk|chef|cook/i)
  })

  test('are shown where the policy says so, and secrets never are', async () => {
    const world = await open({ policy: { audit: { values: 'shown' } } })
    await world.ask('GET', match('userName', LOGIN))
    await world.ask('POST', '/Users', person(LOGIN, { password: 'not-to-be-kept' }))
    const [made, asked] = await world.audit()
    expect(asked.values).toEqual({ filter: [LOGIN] })
    expect(made.values.changes).toContain(LOGIN)
    expect(made.asked.changes).toContainEqual({ path: 'password' })
    expect(JSON.stringify(await rows(world))).not.toContain('not-to-be-kept')
  })

  test('are not kept at all where the policy says so', async () => {
    const world = await open({ policy: { audit: { values: 'none' } } })
    await world.ask('GET', match('userName', LOGIN))
    expect((await world.audit())[0].values).toBe(null)
    expect((await rows(world))[0]).toMatchObject({ given: null, about: null })
  })

  test('of a path that selects are left out', async () => {
    const world = await open()
    const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
    const path = 'emails[type eq "secret-type"].value'
    await world.ask('PATCH', `/Users/${id}`, patch({ op: 'add', path, value: 'a@b.example' }))
    expect((await world.audit())[0].asked.changes).toEqual([{ op: 'add', path: 'emails[…].value' }])
  })

  test('under names that no schema has are counted', async () => {
    const world = await open()
    await world.ask('POST', '/Users', person(LOGIN, { 'Jon Falk': 'x' }))
    expect((await world.audit())[0].asked.further).toBe(1)
    const [row] = (await rows(world)).filter(({ kind }) => kind === 'answered')
    expect(JSON.stringify(row)).not.toMatch(/falk/i)
  })
})

describe('a person is found', () => {
  test('by SCIM id, native id and userName, with the questions from before there was an id', async () => {
    const world = await open()
    await world.ask('GET', match('userName', LOGIN))
    await world.ask('GET', match('userName', 'somebody.else@example.com'))
    const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
    const [nativeId] = world.logins(LOGIN)
    for (const text of [id, String(nativeId), LOGIN, LOGIN.toUpperCase()]) {
      const all = await world.audit(`?person=${encodeURIComponent(text)}`)
      const decisions = all.map((one: { decision: string }) => one.decision)
      expect(decisions, text).toEqual(['created', 'none'])
    }
    expect(await world.audit('?person=nobody')).toEqual([])
  })

  test('and is erased with every value that was kept of them', async () => {
    const world = await open()
    await world.ask('GET', match('userName', LOGIN))
    const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
    await world.audit()
    expect((await world.admin('DELETE', `/people/${id}?force=true`)).status).toBe(204)
    const kept = await rows(world)
    expect(kept.length).toBeGreaterThan(0)
    for (const row of kept) expect(row).toMatchObject({ given: null, about: null })
  })
})

describe('a change of members', () => {
  test('is in the timeline of who joined and who left', async () => {
    const world = await open()
    const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
    const group = { schemas: [GROUP_SCHEMA], displayName: 'Line 4' }
    const groupId = idOf(await world.ask('POST', '/Groups', group))
    const add = patch({ op: 'add', path: 'members', value: [{ value: id }] })
    world.clock.now += MINUTE_MS
    await world.ask('PATCH', `/Groups/${groupId}`, add)
    const remove = patch({ op: 'remove', path: `members[value eq "${id}"]` })
    world.clock.now += MINUTE_MS
    await world.ask('PATCH', `/Groups/${groupId}`, remove)
    const [left, joined] = await world.audit(`?person=${id}`)
    expect(left).toMatchObject({ decision: 'left', id, detail: { group: groupId } })
    expect(joined.decided).toBe(`Joined the group ${groupId}.`)
    expect(joined.came).toMatch(/^The client \(token .+\) changed the groups of a User\.$/)
    const [, added] = await world.audit(`?person=${groupId}`)
    expect(added).toMatchObject({ kind: 'request', op: 'update', outcome: 'done' })
    expect(added.decided).toContain('Members: 1 joined, 0 left.')
  })
})

describe('rows of requests', () => {
  test('are written when two seconds are over, by one timer for all of them', async () => {
    const world = await open()
    const timers: { ms: number; then: () => void }[] = []
    const works: Promise<unknown>[] = []
    const fetch = async (input: string, init: RequestInit) => world.desk.fetch(input, init)
    const isolate = openIsolate(world.clock, fetch, {
      after: (ms, then) => {
        timers.push({ ms, then })
        return () => {}
      },
      waitUntil: (work) => void works.push(work),
    })
    const before = timers.length
    await isolate.scim(world.scim, 'GET', match('userName', LOGIN))
    await isolate.scim(world.scim, 'GET', match('userName', LOGIN))
    const mine = timers.slice(before).filter(({ ms }) => ms === 2_000)
    expect(mine).toHaveLength(1)
    expect(await rows(world)).toEqual([])
    mine[0]?.then()
    await Promise.all(works)
    expect(await rows(world)).toHaveLength(2)
  })
})

describe('the list', () => {
  test('comes in pages, newest first, each row once', async () => {
    const world = await open()
    for (let n = 0; n < 105; n++) {
      world.clock.now += n % 3
      await world.ask('GET', match('userName', `n${n}@x.io`))
    }
    const seen: string[] = []
    let cursor = ''
    for (let page = 0; page < 5; page++) {
      const { body } = await world.admin('GET', `/audit${cursor}`)
      seen.push(...body.items.map((one: { request: string }) => one.request))
      if (!body.nextCursor) break
      cursor = `?cursor=${body.nextCursor}`
    }
    expect(seen).toHaveLength(105)
    expect(new Set(seen).size).toBe(105)
  })

  test('goes by time, request, operation and outcome', async () => {
    const world = await open()
    await world.ask('GET', match('userName', LOGIN))
    world.clock.now += MINUTE_MS
    const since = new Date(world.clock.now).toISOString()
    const created = await world.ask('POST', '/Users', person(LOGIN))
    const request = created.headers.get('x-request-id')
    expect(await world.audit(`?since=${since}`)).toHaveLength(1)
    expect(await world.audit(`?until=${since}`)).toHaveLength(1)
    expect(await world.audit(`?request=${request}`)).toHaveLength(1)
    expect(await world.audit('?op=create&outcome=done')).toHaveLength(1)
    expect(await world.audit('?op=delete')).toEqual([])
    expect((await world.admin('GET', '/audit?since=yesterday')).status).toBe(400)
    expect((await world.admin('GET', '/audit?outcome=good')).status).toBe(400)
  })

  test('is exported whole, as lines and as a table that no spreadsheet takes for a formula', async () => {
    const world = await open({ policy: { audit: { values: 'shown' } } })
    for (let n = 0; n < 103; n++) await world.ask('GET', match('userName', `=cmd${n}`))
    const read = async (format: string): Promise<{ type: string | null; text: string }> => {
      await world.audit()
      const { headers, body } = await world.admin('GET', `/audit?format=${format}`)
      return { type: headers.get('content-type'), text: body }
    }
    const lines = await read('ndjson')
    expect(lines.type).toBe('application/x-ndjson')
    expect(
      lines.text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).op),
    ).toHaveLength(103)
    const table = await read('csv')
    expect(table.text.trim().split('\r\n')).toHaveLength(104)
    expect(table.text).not.toMatch(/(^|,)[=+@]/m)
  })
})

describe('what is kept', () => {
  test('is added to only', async () => {
    const world = await open()
    await world.ask('POST', '/Users', person(LOGIN))
    const connection = await connectionId(world.scim.name)
    for (const column of ['decision', 'actor', 'at', 'detail', 'status', 'calls']) {
      const change = env.DB.prepare(`UPDATE audit SET ${column} = ${column} WHERE connection = ?`)
      await expect(change.bind(connection).run(), column).rejects.toThrow('added to only')
    }
  })

  test('of reads is the sum alone, where the policy says so, and those that failed', async () => {
    const world = await open({ policy: { audit: { reads: false } } })
    await world.ask('GET', match('userName', LOGIN))
    await world.ask('GET', '/Users?filter=nonsense')
    await world.ask('POST', '/Users', person(LOGIN))
    const all = await world.audit()
    expect(all.map((one: { decision: string }) => one.decision)).toEqual([
      'created',
      'invalid-filter',
    ])
    const sql = 'SELECT reads, writes, refused FROM traffic WHERE connection = ?'
    const row = await env.DB.prepare(sql)
      .bind(await connectionId(world.scim.name))
      .first()
    expect(row).toEqual({ reads: 2, writes: 1, refused: 1 })
  })

  test('goes when its days are over', async () => {
    const world = await open({ policy: { audit: { retentionDays: 2 } } })
    await world.ask('POST', '/Users', person(LOGIN))
    await world.audit()
    world.clock.now += 3 * 24 * 60 * MINUTE_MS
    await world.ask('GET', match('userName', LOGIN))
    await world.audit()
    await env.DB.prepare('UPDATE connection SET audit_at = 9000000000000000 WHERE name <> ?')
      .bind(world.scim.name)
      .run()
    await world.tick()
    const all = await rows(world)
    expect(all.map(({ decision }) => decision)).toEqual(['found'])
  })

  test('is found by an index, whatever is asked for', async () => {
    const plans = [
      ['connection = ? ORDER BY at DESC, seq DESC LIMIT 101', 'audit_time'],
      ['connection = ? AND at >= 1 AND at < 9 ORDER BY at DESC, seq DESC LIMIT 101', 'audit_time'],
      ["connection = ? AND link <> '' AND link IN ('x') ORDER BY at DESC LIMIT 101", 'audit_link'],
      ["connection = ? AND about IN ('x') ORDER BY at DESC LIMIT 101", 'audit_about'],
      ["connection = ? AND request = 'x' AND kind = 'answered'", 'audit_request'],
    ]
    for (const [where, index] of plans) {
      const { results } = await env.DB.prepare(
        `EXPLAIN QUERY PLAN SELECT * FROM audit WHERE ${where}`,
      )
        .bind('c')
        .all<{ detail: string }>()
      const plan = results.map(({ detail }) => detail).join('\n')
      expect(plan, where).toContain(`USING INDEX ${index}`)
      expect(plan, where).not.toMatch(/^SCAN/m)
    }
  })
})
