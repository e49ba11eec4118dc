/** An app that sees one name where the client writes another (MediaWiki makes `Ann b` of `ann_b`). */
import { describe, expect, test } from 'vitest'
import type { AttributeSpec } from '../../src/adapter/contract.ts'
import { brownfield, idOf, match, openWorld, patch, person, type World } from '../support/world.ts'

const login: AttributeSpec = {
  type: 'string',
  write: 'create',
  required: true,
  unique: true,
  caseExact: true,
  alike: [[' ', '_']],
}

/** The example app compares otherwise when it is asked: its list is walked. */
async function openWiki(): Promise<World> {
  const world = await openWorld({ attributes: { login }, capabilities: { lookups: [] } })
  brownfield(world, 'Ann b')
  return world
}

const accounts = ({ desk }: World) => [...desk.store.accounts()].map((one) => one.login)

describe('a name that the app has in a form of its own', () => {
  test('is found by the client’s form, and adopted, and never made a second time', async () => {
    const world = await openWiki()
    const found = await world.ask('GET', match('userName', 'ann_b'))
    expect(found.body.totalResults).toBe(1)
    const adopted = await world.ask('POST', '/Users', person('ann_b'))
    expect([adopted.status, adopted.body.userName]).toEqual([201, 'ann_b'])
    expect(adopted.body.id).toBe(found.body.Resources[0].id)
    expect(accounts(world)).toEqual(['Ann b'])
  })

  test('is one name to two requests, whichever form each has', async () => {
    const world = await openWorld({ attributes: { login }, capabilities: { lookups: [] } })
    const made = await world.ask('POST', '/Users', person('ann_b'))
    expect(made.status).toBe(201)
    expect((await world.ask('POST', '/Users', person('Ann b'))).status).toBe(409)
    const found = await world.ask('GET', match('userName', 'ANN B'))
    expect(found.body.Resources.map(({ id }: { id: string }) => id)).toEqual([idOf(made)])
    expect(accounts(world)).toEqual(['ann_b'])
  })

  test('may be sent in the client’s form by its first write, although nobody is renamed', async () => {
    const world = await openWiki()
    const found = await world.ask('GET', match('userName', 'ann_b'))
    const id = String(found.body.Resources[0].id)
    const rename = (value: string) =>
      world.ask('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'userName', value }))
    const before = world.changes()
    expect((await rename('ann_b')).status).toBe(200)
    expect((await world.ask('GET', `/Users/${id}`)).body.userName).toBe('ann_b')
    expect(world.changes()).toBe(before)
    const other = await rename('ann_c')
    expect([other.status, other.body.scimType]).toEqual([400, 'mutability'])
  })
})

test('what the app is told at the create alone may change for the client', async () => {
  const world = await openWorld({
    attributes: { job_title: { type: 'string', write: 'create' } },
    mapping: {
      User: {
        userName: 'login',
        'name.familyName': 'last_name',
        title: { app: 'job_title', apply: 'create' },
      },
    },
  })
  const made = await world.ask('POST', '/Users', { ...person('ann'), title: 'Welder' })
  const before = world.changes()
  const changed = await world.ask(
    'PATCH',
    `/Users/${idOf(made)}`,
    patch({ op: 'replace', path: 'title', value: 'Painter' }),
  )
  expect([changed.status, changed.body.title]).toEqual([200, 'Painter'])
  expect(world.changes()).toBe(before)
})
