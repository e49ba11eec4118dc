/**
 * What a client sends again counts once: after an answer that never came, in time or too early, and
 * while the first one is still under way. How each operation ends when it is cut is with that operation;
 * here the client does nothing but repeat itself.
 */
import { describe, expect, test, vi } from 'vitest'
import type { Answer } from '../support/gateway.ts'
import {
  cutsOf,
  GROUP_SCHEMA,
  idOf,
  openWorld,
  patch,
  person,
  USER_SCHEMA,
  type World,
} from '../support/world.ts'

vi.setConfig({ testTimeout: 120_000 })

const LOGIN = 'Rosa.Vidal@example.com'
const PERSON = person(LOGIN, { externalId: 'rosa' })

interface Request {
  readonly method: string
  readonly path: string
  readonly body?: unknown
}

interface Case {
  /** Of two people and a group with the first of them: what the client repeats. */
  readonly request: (ids: Ids) => Request
  /** The call of the app that it leads to. */
  readonly call: readonly [method: string, path: string]
  /** How the client may be told that it is done already. */
  readonly done: readonly number[]
  readonly expectDone: (world: World, ids: Ids) => Promise<void> | void
}

interface Ids {
  readonly first: string
  readonly second: string
  readonly group: string
}

const people = ({ desk }: World) => [...(desk.store.teamByTitle('Line 1')?.people ?? [])]

const CASES: Readonly<Record<string, Case>> = {
  'a POST': {
    request: () => ({ method: 'POST', path: '/Users', body: PERSON }),
    call: ['POST', '/api/accounts'],
    // Entra takes it for a match that it has missed, and asks again.
    done: [201, 409],
    expectDone: async (world) => {
      expect(world.logins(LOGIN)).toHaveLength(1)
      expect((await world.ask('GET', '/Users')).body.totalResults).toBe(3)
    },
  },
  'a PATCH that renames': {
    request: ({ first }) => ({
      method: 'PATCH',
      path: `/Users/${first}`,
      body: patch({ op: 'replace', path: 'userName', value: LOGIN }),
    }),
    call: ['PATCH', '/api/accounts/2001'],
    done: [200],
    expectDone: (world) => {
      expect(world.logins(LOGIN)).toEqual([2001])
      expect(world.logins('one@example.com')).toEqual([])
    },
  },
  'a PUT': {
    request: ({ first }) => ({
      method: 'PUT',
      path: `/Users/${first}`,
      body: { ...person('one@example.com'), schemas: [USER_SCHEMA], title: 'Turner' },
    }),
    call: ['PATCH', '/api/accounts/2001'],
    done: [200],
    expectDone: async (world, { first }) => {
      expect((await world.ask('GET', `/Users/${first}`)).body.title).toBe('Turner')
    },
  },
  'a PATCH that adds a member': {
    request: ({ group, second }) => ({
      method: 'PATCH',
      path: `/Groups/${group}`,
      body: patch({ op: 'add', path: 'members', value: [{ value: second }] }),
    }),
    call: ['PUT', '/api/teams/101/people/2002'],
    done: [200, 204],
    expectDone: (world) => {
      expect(people(world).sort()).toEqual([2001, 2002])
    },
  },
  'a PATCH that removes a member': {
    request: ({ group, first }) => ({
      method: 'PATCH',
      path: `/Groups/${group}`,
      body: patch({ op: 'remove', path: `members[value eq "${first}"]` }),
    }),
    call: ['DELETE', '/api/teams/101/people/2001'],
    done: [200, 204],
    expectDone: (world) => {
      expect(people(world)).toEqual([])
    },
  },
  'a DELETE': {
    request: ({ first }) => ({ method: 'DELETE', path: `/Users/${first}` }),
    call: ['DELETE', '/api/accounts/2001'],
    // RFC 7644 §3.6: what is deleted is 404 afterwards; Entra is content with it.
    done: [204, 404],
    expectDone: async (world, { first }) => {
      expect(world.logins('one@example.com')).toEqual([])
      expect((await world.ask('GET', `/Users/${first}`)).status).toBe(404)
    },
  },
}

async function open(): Promise<{ world: World; ids: Ids }> {
  const world = await openWorld()
  const first = idOf(await world.ask('POST', '/Users', person('one@example.com')))
  const second = idOf(await world.ask('POST', '/Users', person('two@example.com')))
  const team = { schemas: [GROUP_SCHEMA], displayName: 'Line 1', members: [{ value: first }] }
  return { world, ids: { first, second, group: idOf(await world.ask('POST', '/Groups', team)) } }
}

/** Again and again, when the answer says so, until it is another one than "retry later". */
async function repeat(
  { clock }: World,
  send: () => Promise<Answer>,
): Promise<{ answer: Answer; tries: number }> {
  for (let tries = 1; tries <= 20; tries++) {
    const answer = await send()
    if (answer.status !== 503) return { answer, tries }
    const seconds = Number(answer.headers.get('retry-after'))
    expect(seconds).toBeGreaterThan(0)
    clock.now += seconds * 1_000
  }
  throw new Error('twenty tries did not do it')
}

describe.each(Object.entries(CASES))('%s', (_, { request, call, done, expectDone }) => {
  const send = (world: World, ids: Ids, isolate = world.open()) => {
    const { method, path, body } = request(ids)
    return isolate.scim(world.scim, method, path, body)
  }

  async function stepsOf(): Promise<number> {
    const { world, ids } = await open()
    const whole = world.open()
    expect((await send(world, ids, whole)).status).toBeLessThan(300)
    return whole.steps()
  }

  test('sent twice changes the app once', async () => {
    const { world, ids } = await open()
    const before = world.changes()
    expect((await send(world, ids)).status).toBeLessThan(300)
    expect(world.changes() - before).toBe(1)
    expect(done).toContain((await send(world, ids)).status)
    expect(world.changes() - before).toBe(1)
    await expectDone(world, ids)
  })

  test('whose answer never came, whatever it was cut at, is repeated to the same end', async () => {
    for (const cut of cutsOf(await stepsOf())) {
      // What had no effect is as if the step before had been the last.
      if (cut.how === 'refused') continue
      const { world, ids } = await open()
      await send(world, ids, world.open(cut))
      const { answer } = await repeat(world, () => send(world, ids))
      expect([cut, done]).toEqual([cut, expect.arrayContaining([answer.status])])
      await expectDone(world, ids)
    }
  })

  test('that comes again while the first one is under way has one effect', async () => {
    const { world, ids } = await open()
    const before = world.changes()
    let early: Answer | undefined
    const racing = world.racing(...call, async () => {
      early = await send(world, ids)
    })
    const first = await send(world, ids, racing)
    expect([...done, 503]).toContain(early?.status)
    if (first.status !== 503) expect(done).toContain(first.status)
    const { answer } = await repeat(world, () => send(world, ids))
    expect(done).toContain(answer.status)
    expect(world.changes() - before).toBe(1)
    await expectDone(world, ids)
  })

  test('that is sent twice at once has one effect', async () => {
    const { world, ids } = await open()
    const before = world.changes()
    const isolate = world.open()
    const both = await Promise.all([send(world, ids, isolate), send(world, ids)])
    for (const { status } of both) expect([...done, 503]).toContain(status)
    await repeat(world, () => send(world, ids))
    expect(world.changes() - before).toBe(1)
    await expectDone(world, ids)
  })
})

describe('a POST that was cut off, and that the cron has finished', () => {
  const WORLDS = {
    'of somebody new': {},
    'of somebody who was deleted here, and whose account stayed': {
      policy: { deprovision: { onDelete: 'deactivate' } },
    },
  }

  test.each(Object.entries(WORLDS))(
    '%s, is answered when it comes again, once',
    async (_, options) => {
      const start = async () => {
        const world = await openWorld(options)
        if ('policy' in options) {
          const id = idOf(await world.ask('POST', '/Users', PERSON))
          expect((await world.ask('DELETE', `/Users/${id}`)).status).toBe(204)
        }
        return world
      }
      const uncut = await start()
      const whole = uncut.open()
      await whole.scim(uncut.scim, 'POST', '/Users', PERSON)
      let finished = 0
      for (const cut of cutsOf(whole.steps(), ['dies'])) {
        const world = await start()
        await world.open(cut).scim(world.scim, 'POST', '/Users', PERSON)
        world.clock.now += 10 * 60_000
        await world.tick()
        const [there] = world.logins(LOGIN)
        const isOn = there !== undefined && world.desk.store.account(there)?.state === 'enabled'
        const again = await world.ask('POST', '/Users', { ...PERSON, title: 'Turner' })
        // The first answer may have come through: then this is a second POST.
        expect([201, 409], JSON.stringify(cut)).toContain(again.status)
        if (again.status === 201) {
          if (isOn) finished += 1
          expect(again.body).toMatchObject({ userName: LOGIN, active: true, title: 'Turner' })
          expect((await world.ask('GET', `/Users/${again.body.id}`)).body.title).toBe('Turner')
        }
        expect(world.logins(LOGIN)).toHaveLength(1)
        expect((await world.ask('POST', '/Users', PERSON)).status).toBe(409)
      }
      expect(finished).toBeGreaterThan(0)
    },
  )

  test('is not given to somebody else of the same name', async () => {
    const world = await openWorld()
    const probe = await openWorld()
    const whole = probe.open()
    await whole.scim(probe.scim, 'POST', '/Users', PERSON)
    const cut = { step: whole.steps() - 1, how: 'dies' } as const
    await world.open(cut).scim(world.scim, 'POST', '/Users', PERSON)
    world.clock.now += 10 * 60_000
    await world.tick()
    const other = { ...PERSON, externalId: 'another Rosa' }
    expect((await world.ask('POST', '/Users', other)).status).toBe(409)
    expect((await world.ask('POST', '/Users', PERSON)).status).toBe(201)
  })
})
