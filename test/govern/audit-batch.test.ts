/** What is written some seconds after the answer: who was turned away, and that an update came to its end. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import type { Env } from '../../src/env.ts'
import { ORIGIN } from '../support/gateway.ts'
import { openIsolate } from '../support/isolate.ts'
import { adminOf } from '../support/reconcile.ts'
import { connectionId } from '../support/tables.ts'
import { idOf, openWorld, patch, person, type World, type WorldOptions } from '../support/world.ts'

const LOGIN = 'ines.falk@example.com'
const same = patch({ op: 'replace', path: 'userName', value: LOGIN })

async function open(options: WorldOptions = {}) {
  const world = await openWorld(options)
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
  const connection = await connectionId(world.scim.name)
  return {
    ...{ world, id },
    begun: async () => {
      const { results } = await env.DB.prepare('SELECT 1 FROM sending WHERE connection = ?')
        .bind(connection)
        .all()
      return results.length
    },
  }
}

const isolateOf = ({ clock, desk, adapters }: World, more: Partial<Env> = {}) =>
  openIsolate(clock, desk.fetch, { adapters, env: more })

/** Reading it writes what is collected. */
async function health(world: World, isolate: ReturnType<typeof isolateOf>) {
  return (await adminOf(isolate, world.scim)('GET', '/health')).body
}

/** Characters of one value that D1 takes; SQLite here takes more. */
const LONGEST = 2_000_000

/** D1 that fails where it is told to, before it does anything or after. */
function failing(isMeant: (query: string) => 'before' | 'after' | undefined): D1Database {
  const queries = new WeakMap<object, string>()
  const guarded = async <T>(query: string, run: () => Promise<T>): Promise<T> => {
    const when = isMeant(query)
    if (when === 'before') throw new Error('D1 is away')
    const result = await run()
    if (when === 'after') throw new Error('the answer of D1 is lost')
    return result
  }
  const wrap = (query: string, real: D1PreparedStatement): D1PreparedStatement => {
    const wrapped = {
      bind(...values: unknown[]) {
        if (values.some((value) => String(value).length > LONGEST)) throw new Error('too large')
        return wrap(query, real.bind(...values))
      },
      all: () => guarded(query, () => real.all()),
      run: () => guarded(query, () => real.run()),
      first: (column: string) => guarded(query, () => real.first(column)),
      raw: (options?: { columnNames?: false }) => guarded(query, () => real.raw(options)),
    } as unknown as D1PreparedStatement
    queries.set(wrapped, query)
    reals.set(wrapped, real)
    return wrapped
  }
  const reals = new WeakMap<object, D1PreparedStatement>()
  const batch = (all: D1PreparedStatement[]) =>
    guarded(all.map((one) => queries.get(one) ?? '').join(), () =>
      env.DB.batch(all.map((one) => reals.get(one) ?? one)),
    )
  return { prepare: (query: string) => wrap(query, env.DB.prepare(query)), batch } as never
}

describe('names that strangers make up', () => {
  test('hide nobody who is turned away at the door of a connection', async () => {
    const { world } = await open()
    const isolate = isolateOf(world)
    for (let n = 0; n < 400; n++) {
      await isolate.fetch(new Request(`${ORIGIN}/scim/made-up-${n}/Users`))
    }
    const wrong = { ...world.scim, token: 'no such token' }
    expect((await isolate.scim(wrong, 'GET', '/Users')).status).toBe(401)
    await isolate.fetch(new Request(`${ORIGIN}/scim/${world.scim.name}/Users`))
    expect(await health(world, isolate)).toMatchObject({ hour: { denied: 1 } })
    // By now it is known here, and has its place whatever comes.
    for (let n = 0; n < 400; n++) {
      await isolate.fetch(new Request(`${ORIGIN}/scim/made-up-${n}/Users`))
    }
    await isolate.fetch(new Request(`${ORIGIN}/scim/${world.scim.name}/Users`))
    expect(await health(world, isolate)).toMatchObject({ hour: { denied: 1, misdirected: 2 } })
  })

  test('may be as long as a URL, and hide nobody either', async () => {
    const { world } = await open()
    const isolate = isolateOf(world, { DB: failing(() => undefined) })
    for (let n = 0; n < 80; n++) {
      const name = `${n}`.padEnd(30_000, 'x')
      await isolate.fetch(new Request(`${ORIGIN}/scim/${name}/v2/Users`))
    }
    const wrong = { ...world.scim, token: 'no such token' }
    expect((await isolate.scim(wrong, 'GET', '/Users')).status).toBe(401)
    expect(await health(world, isolate)).toMatchObject({ hour: { denied: 1 } })
  })

  test('are no series of what is measured', async () => {
    const { world } = await open()
    const points: unknown[] = []
    const ANALYTICS = { writeDataPoint: (point: unknown) => void points.push(point) }
    const isolate = isolateOf(world, { ANALYTICS })
    await isolate.fetch(new Request(`${ORIGIN}/scim/ines-falk-made-this-up/v2/Users`))
    await isolate.scim(world.scim, 'GET', '/Users')
    await isolate.scim({ ...world.scim, token: 'no such token' }, 'GET', '/Users')
    const { name } = world.scim
    expect(points.map((one) => (one as { indexes: string[] }).indexes)).toEqual([
      [''],
      [name],
      [name],
    ])
    expect(JSON.stringify(points)).not.toContain('made-this-up')
  })
})

describe('an update that came to its end is not told as one that was cut off', () => {
  test('where the rows of the audit could not be written at first', async () => {
    const { world, id, begun } = await open()
    let isAway = false
    const DB = failing((query) =>
      isAway && query.includes('INSERT INTO audit') ? 'before' : undefined,
    )
    const isolate = isolateOf(world, { DB })
    expect((await isolate.scim(world.scim, 'PATCH', `/Users/${id}`, same)).status).toBe(200)
    isAway = true
    await health(world, isolate)
    expect(await begun()).toBe(1)
    isAway = false
    expect(await health(world, isolate)).toMatchObject({ hour: { auditLost: 1 } })
    expect(await begun()).toBe(0)
  })

  test('where it was never let in, because the answer of D1 was lost', async () => {
    const { world, id, begun } = await open()
    let isLost = true
    const DB = failing((query) => {
      if (!isLost || !query.includes('INSERT INTO sending')) return undefined
      isLost = false
      return 'after'
    })
    const isolate = isolateOf(world, { DB })
    expect((await isolate.scim(world.scim, 'PATCH', `/Users/${id}`, same)).status).toBe(503)
    expect([isLost, await begun()]).toEqual([false, 1])
    await health(world, isolate)
    expect(await begun()).toBe(0)
  })

  test('where it was one too many, of which most leave nothing at all', async () => {
    const { world, id, begun } = await open({ policy: { limits: { requestsPerSecond: 1 } } })
    const isolate = isolateOf(world)
    const statuses: number[] = []
    for (let n = 0; n < 10; n++) {
      statuses.push((await isolate.scim(world.scim, 'PATCH', `/Users/${id}`, same)).status)
    }
    expect(statuses).toEqual([200, 200, ...Array(8).fill(429)])
    // Those that were let in, and the first that was not.
    expect(await begun()).toBe(3)
    await health(world, isolate)
    expect(await begun()).toBe(0)
    world.clock.now += 2_000
    expect((await isolate.scim(world.scim, 'PATCH', `/Users/${id}`, same)).status).toBe(200)
  })
})
