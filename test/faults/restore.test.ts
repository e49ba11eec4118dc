/**
 * The drill of docs/restore.md: the rows of a connection go back to an earlier point, the app does
 * not, and Entra matches everybody again. Asserted on the app's own data and on the links.
 */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import page from '../../docs/restore.md?raw'
import { adminOf } from '../support/reconcile.ts'
import { connectionId, dataTables, type Row, rowsById } from '../support/tables.ts'
import {
  brownfield,
  CYCLE_MS,
  GROUP_SCHEMA,
  idOf,
  MINUTE_MS,
  match,
  openWorld,
  patch,
  person,
  type World,
} from '../support/world.ts'

// ---- D1 Time Travel, for the rows of one connection ---------------------------------------------------

const CONTROL = [
  { name: 'connection', ofConnection: 'connection.id = ?1' },
  { name: 'connection_secret', ofConnection: 'connection_secret.connection_id = ?1' },
  { name: 'token', ofConnection: 'token.connection_id = ?1' },
]

type Point = readonly { readonly table: string; readonly rows: readonly Row[] }[]

async function takePoint({ scim }: World): Promise<Point> {
  const id = await connectionId(scim.name)
  const tables = [...CONTROL, ...(await dataTables())]
  return Promise.all(
    tables.map(async (table) => ({ table: table.name, rows: await rowsById(table, id) })),
  )
}

/** The SQL that the page tells an operator to run, for this connection alone. */
function sqlOfPage(id: string): string[] {
  const block = /```sql\n(?<sql>.*?)```/s.exec(page)?.groups?.['sql'] ?? ''
  const statements = block.replaceAll(/--.*$/gm, '').split(';')
  return statements
    .map((statement) => statement.replaceAll(/\s+/g, ' ').trim())
    .filter((statement) => statement !== '')
    .map((statement) => {
      const column = statement.startsWith('UPDATE connection ') ? 'id' : 'connection'
      const and = statement.includes(' WHERE ') ? 'AND' : 'WHERE'
      return `${statement} ${and} ${column} = '${id}'`
    })
}

async function restore({ scim }: World, point: Point, withSql = true): Promise<void> {
  const id = await connectionId(scim.name)
  const tables = [...CONTROL, ...(await dataTables())]
  // Subselects of one table read another: those that are found through others go first.
  const byDepth = tables.toSorted((a, b) => b.ofConnection.length - a.ofConnection.length)
  const statements = [
    env.DB.prepare('PRAGMA defer_foreign_keys = on'),
    ...byDepth.map(({ name, ofConnection }) =>
      env.DB.prepare(`DELETE FROM ${name} WHERE ${ofConnection}`).bind(id),
    ),
    ...point.flatMap(({ table, rows }) =>
      rows.map((row) => {
        const columns = Object.keys(row)
        const marks = columns.map(() => '?').join(', ')
        return env.DB.prepare(
          `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks})`,
        ).bind(...Object.values(row))
      }),
    ),
    ...(withSql ? sqlOfPage(id).map((sql) => env.DB.prepare(sql)) : []),
  ]
  await env.DB.batch(statements)
}

// ---- Entra, after "Restart provisioning" ----------------------------------------------------------------

interface Directory {
  readonly people: readonly string[]
  /** Members by name of the group. */
  readonly groups: Readonly<Record<string, readonly string[]>>
}

interface Matched {
  readonly people: ReadonlyMap<string, string>
  readonly groups: ReadonlyMap<string, string>
}

/** Matches, then updates or creates; on a refusal it tries again in the next cycle. */
async function restartProvisioning(world: World, { people, groups }: Directory): Promise<Matched> {
  const ids = new Map<string, string>()
  const groupIds = new Map<string, string>()
  for (const login of people) {
    const found = await world.ask('GET', match('userName', login))
    expect([200, 503], login).toContain(found.status)
    expect(found.body.totalResults ?? 0, login).toBeLessThan(2)
    const id = found.body.Resources?.[0]?.id
    if (id === undefined) {
      ids.set(login, idOf(await world.ask('POST', '/Users', person(login))))
      continue
    }
    const change = patch({ op: 'replace', path: 'active', value: true })
    expect((await world.ask('PATCH', `/Users/${id}`, change)).status).toBe(200)
    ids.set(login, id)
  }
  for (const [name, members] of Object.entries(groups)) {
    const found = await world.ask('GET', match('displayName', name, 'Groups'))
    expect(found.body.totalResults).toBeLessThan(2)
    const body = { schemas: [GROUP_SCHEMA], displayName: name }
    const id = found.body.Resources[0]?.id ?? idOf(await world.ask('POST', '/Groups', body))
    const value = members.map((login) => ({ value: ids.get(login) }))
    const change = patch({ op: 'add', path: 'members', value })
    expect((await world.ask('PATCH', `/Groups/${id}`, change)).status).toBe(204)
    groupIds.set(name, id)
  }
  return { people: ids, groups: groupIds }
}

/** Native number of the one account of this login. */
function accountOf({ logins }: World, login: string): number {
  const numbers = logins(login)
  expect(numbers, login).toHaveLength(1)
  return numbers[0] ?? 0
}

async function liveLinks({ scim }: World): Promise<Map<string, string>> {
  const { results } = await env.DB.prepare(
    `SELECT id, native_id FROM link WHERE connection = ? AND type = 'User' AND native_id IS NOT NULL
        AND state <> 'tombstone'`,
  )
    .bind(await connectionId(scim.name))
    .all<{ id: string; native_id: string }>()
  return new Map(results.map((row) => [row.id, row.native_id]))
}

/** One account each, everybody reached under their id, and nobody under another's. */
async function expectWhole(world: World, { people }: Directory, matched: Matched): Promise<void> {
  const links = await liveLinks(world)
  for (const login of people) {
    const no = accountOf(world, login)
    const id = matched.people.get(login) ?? ''
    const read = await world.ask('GET', `/Users/${id}`)
    expect([login, read.status, read.body.userName]).toEqual([login, 200, login])
    expect(read.body.active).toBe(true)
    expect([login, links.get(id)]).toEqual([login, String(no)])
  }
  expect(new Set(matched.people.values()).size).toBe(people.length)
}

function teamOf({ desk }: World, title: string): number[] {
  const team = [...desk.store.teams()].find((one) => one.title === title)
  return [...(team?.people ?? [])].sort((a, b) => a - b)
}

// ---- the drill --------------------------------------------------------------------------------------

const MIN_LATER = 10

async function create(world: World, login: string): Promise<string> {
  return idOf(await world.ask('POST', '/Users', person(login)))
}

async function rename(world: World, id: string, login: string): Promise<void> {
  const change = patch({ op: 'replace', path: 'userName', value: login })
  expect((await world.ask('PATCH', `/Users/${id}`, change)).status).toBe(200)
}

describe('after D1 went back and the app did not', { timeout: 60_000 }, () => {
  test('everybody is matched again: one account each, no stranger, every member', async () => {
    const world = await openWorld()
    const ada = await create(world, 'ada@x.io')
    const bob = await create(world, 'bob@x.io')
    const cyd = await create(world, 'cyd@x.io')
    const dee = await create(world, 'dee@x.io')
    await create(world, 'eve@x.io')
    const members = [{ value: ada }, { value: bob }]
    const group = { schemas: [GROUP_SCHEMA], displayName: 'Desk', members }
    const desk = idOf(await world.ask('POST', '/Groups', group))
    const point = await takePoint(world)

    world.clock.now += MIN_LATER * MINUTE_MS
    const fay = await create(world, 'fay@x.io')
    // Bob has another name, and his old one goes to Gus.
    await rename(world, bob, 'bob.new@x.io')
    await create(world, 'bob@x.io')
    expect((await world.ask('DELETE', `/Users/${cyd}`)).status).toBe(204)
    // Dee leaves and comes back.
    expect((await world.ask('DELETE', `/Users/${dee}`)).status).toBe(204)
    await create(world, 'dee@x.io')
    brownfield(world, 'met@x.io')
    await world.ask('GET', match('userName', 'met@x.io'))
    for (const [op, value] of [
      ['remove', ada],
      ['add', fay],
    ] as const) {
      const change = patch({ op, path: 'members', value: [{ value }] })
      expect((await world.ask('PATCH', `/Groups/${desk}`, change)).status).toBe(204)
    }
    const accounts = [...world.desk.store.accounts()].length

    await restore(world, point)
    const directory: Directory = {
      people: [
        ...['ada@x.io', 'bob.new@x.io', 'bob@x.io', 'dee@x.io', 'eve@x.io', 'fay@x.io'],
        ...['met@x.io'],
      ],
      groups: { Desk: ['ada@x.io', 'bob.new@x.io', 'fay@x.io'], New: ['fay@x.io'] },
    }
    const before = new Map(directory.people.map((login) => [login, accountOf(world, login)]))
    world.clock.now += MINUTE_MS
    const matched = await restartProvisioning(world, directory)
    await expectWhole(world, directory, matched)

    expect([...world.desk.store.accounts()]).toHaveLength(accounts)
    for (const [login, no] of before) expect(accountOf(world, login)).toBe(no)
    expect(matched.people.get('bob.new@x.io')).toBe(bob)
    expect(matched.people.get('fay@x.io')).not.toBe(fay)
    const numbers = (logins: readonly string[]) =>
      logins.map((login) => accountOf(world, login)).sort((a, b) => a - b)
    for (const [title, logins] of Object.entries(directory.groups)) {
      expect([title, teamOf(world, title)]).toEqual([title, numbers(logins)])
    }
    // What was given out since is unknown, and what was deleted since is gone.
    for (const id of [fay, cyd, dee]) {
      expect((await world.ask('GET', `/Users/${id}`)).status).toBe(404)
    }
    const again = await create(world, 'cyd@x.io')
    expect(again).not.toBe(cyd)
    expect(accountOf(world, 'cyd@x.io')).toBeGreaterThan(0)

    // A second cycle finds nothing to do.
    const changes = world.changes()
    await restartProvisioning(world, directory)
    expect(world.changes()).toBe(changes)
  })

  test('who was disabled by a delete since stays disabled until the client wants them back', async () => {
    const world = await openWorld({ policy: { deprovision: { onDelete: 'deactivate' } } })
    const id = await create(world, 'ada@x.io')
    await create(world, 'bob@x.io')
    const point = await takePoint(world)
    expect((await world.ask('DELETE', `/Users/${id}`)).status).toBe(204)
    await restore(world, point)
    expect((await world.ask('GET', `/Users/${id}`)).body.active).toBe(false)
    const directory = { people: ['ada@x.io', 'bob@x.io'], groups: {} }
    await expectWhole(world, directory, await restartProvisioning(world, directory))
  })

  test('a POST without a match query leads to the same accounts', async () => {
    const world = await openWorld()
    const bob = await create(world, 'bob@x.io')
    await create(world, 'cyd@x.io')
    const point = await takePoint(world)
    world.clock.now += MIN_LATER * MINUTE_MS
    await rename(world, bob, 'bob.new@x.io')
    for (const login of ['bob@x.io', 'fay@x.io']) await create(world, login)
    const people = ['bob@x.io', 'bob.new@x.io', 'cyd@x.io', 'fay@x.io']
    const before = people.map((login) => accountOf(world, login))
    await restore(world, point)
    const answers = new Map<string, number>()
    for (const login of people) {
      answers.set(login, (await world.ask('POST', '/Users', person(login))).status)
    }
    // Bob and Cyd are linked; the other two are adopted.
    expect([...answers.values()]).toEqual([201, 409, 409, 201])
    expect(people.map((login) => accountOf(world, login))).toEqual(before)
    const directory = { people, groups: {} }
    await expectWhole(world, directory, await restartProvisioning(world, directory))
  })

  test('a create that was under way at that point ends with one account and one link', async () => {
    const login = 'fay@x.io'
    const probe = await openWorld()
    const whole = probe.open()
    await whole.scim(probe.scim, 'POST', '/Users', person(login))
    for (let step = 1; step <= whole.steps(); step++) {
      const world = await openWorld()
      await world.open({ step, how: 'dies' }).scim(world.scim, 'POST', '/Users', person(login))
      const point = await takePoint(world)
      world.clock.now += CYCLE_MS
      const retried = await world.ask('POST', '/Users', person(login))
      expect([201, 409], String(step)).toContain(retried.status)
      const no = accountOf(world, login)

      await restore(world, point)
      world.clock.now += CYCLE_MS
      await world.tick()
      const directory = { people: [login], groups: {} }
      await expectWhole(world, directory, await restartProvisioning(world, directory))
      expect(accountOf(world, login)).toBe(no)
      expect((await liveLinks(world)).size).toBe(1)
    }
  })

  test.each(['native', 'deactivate'])(
    'a delete (%s) that was under way at that point is ended by the sweeper',
    async (onDelete) => {
      const login = 'ada@x.io'
      const open = () => openWorld({ policy: { deprovision: { onDelete } } })
      const probe = await open()
      const probeId = await create(probe, login)
      const whole = probe.open()
      await whole.scim(probe.scim, 'DELETE', `/Users/${probeId}`)
      for (let step = 1; step <= whole.steps(); step++) {
        const world = await open()
        const id = await create(world, login)
        await world.open({ step, how: 'dies' }).scim(world.scim, 'DELETE', `/Users/${id}`)
        const point = await takePoint(world)
        world.clock.now += CYCLE_MS
        expect([204, 404]).toContain((await world.ask('DELETE', `/Users/${id}`)).status)
        await create(world, login)
        const no = accountOf(world, login)

        await restore(world, point)
        world.clock.now += CYCLE_MS
        await world.tick()
        const directory = { people: [login], groups: {} }
        await expectWhole(world, directory, await restartProvisioning(world, directory))
        expect(accountOf(world, login)).toBe(no)
      }
    },
  )

  test('an export of the links made before it gives people the ids back that clients know', async () => {
    const world = await openWorld()
    await create(world, 'ada@x.io')
    const point = await takePoint(world)
    const fay = await create(world, 'fay@x.io')
    const call = adminOf(world.open(), world.scim)
    const { items } = (await call('GET', '/links')).body
    await restore(world, point)
    const { body } = await call('POST', '/links', { items })
    expect(body.counts).toEqual({ imported: 1, unchanged: 1, refused: 0 })
    expect((await world.ask('GET', `/Users/${fay}`)).body.userName).toBe('fay@x.io')
  })

  test('tokens made since are gone, and secrets open as before', async () => {
    const world = await openWorld()
    await create(world, 'ada@x.io')
    const point = await takePoint(world)
    const call = adminOf(world.open(), world.scim)
    const { token } = (await call('POST', '/tokens', { label: 'new' })).body
    const fresh = { ...world.scim, baseUrl: world.scim.baseUrl, token }
    expect((await world.open().scim(fresh, 'GET', '/Users')).status).toBe(200)
    await restore(world, point)
    expect((await world.open().scim(fresh, 'GET', '/Users')).status).toBe(401)
    expect((await world.open().scim(world.scim, 'GET', '/Users')).body.totalResults).toBe(1)
  })
})

describe('each statement of the page is needed', { timeout: 60_000 }, () => {
  test('without the first, an add is skipped as done although the app has lost the member', async () => {
    const lost = async (withSql: boolean) => {
      const world = await openWorld()
      const ada = await create(world, 'ada@x.io')
      const group = { schemas: [GROUP_SCHEMA], displayName: 'Desk' }
      const id = idOf(await world.ask('POST', '/Groups', group))
      const change = (op: string) => patch({ op, path: 'members', value: [{ value: ada }] })
      await world.ask('PATCH', `/Groups/${id}`, change('add'))
      const point = await takePoint(world)
      world.clock.now += MIN_LATER * MINUTE_MS
      await world.ask('PATCH', `/Groups/${id}`, change('remove'))
      await restore(world, point, withSql)
      await world.ask('PATCH', `/Groups/${id}`, change('add'))
      return teamOf(world, 'Desk').length === 0
    }
    expect(await lost(false)).toBe(true)
    expect(await lost(true)).toBe(false)
  })

  test('without the second, an isolate takes a new version for one that it remembers', async () => {
    const stale = async (withSql: boolean) => {
      const world = await openWorld()
      const isolate = world.open()
      const call = adminOf(world.open(), world.scim)
      const pageOf = async () => {
        world.clock.now += MINUTE_MS
        const { body } = await isolate.scim(world.scim, 'GET', '/ServiceProviderConfig')
        return body.filter.maxResults as number
      }
      const point = await takePoint(world)
      await call('PATCH', '', { policy: { maxPage: 11 } })
      expect(await pageOf()).toBe(11)
      await restore(world, point, withSql)
      await call('PATCH', '', { policy: { maxPage: 22 } })
      return (await pageOf()) === 11
    }
    expect(await stale(false)).toBe(true)
    expect(await stale(true)).toBe(false)
  })
})
