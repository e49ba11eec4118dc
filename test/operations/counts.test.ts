/**
 * What each operation costs: calls to the app, and round trips to D1. Numbers may go down; one that
 * goes up needs a reason. A budget that is not met yet stands beside its number.
 */
import { expect, test } from 'vitest'
import {
  brownfield,
  GROUP_SCHEMA,
  idOf,
  match,
  openWorld,
  patch,
  person,
} from '../support/world.ts'

const LOGIN = 'Jon.Falk@example.com'

async function meter(isElsewhere = false) {
  const world = await openWorld({ seed: true, isElsewhere })
  const isolate = world.open()
  const ask = (method: string, path: string, body?: unknown) =>
    isolate.scim(world.scim, method, path, body)
  // The first request notes that the token is in use, once a minute.
  await ask('GET', '/ServiceProviderConfig')
  const cost = async (method: string, path: string, body?: unknown) => {
    const before = isolate.counts()
    const answer = await ask(method, path, body)
    expect(answer.status).toBeLessThan(300)
    const { calls, trips } = isolate.counts()
    return { calls: calls - before.calls, d1: trips - before.trips, answer }
  }
  return { world, cost, ask }
}

const costs = ({ calls, d1 }: { calls: number; d1: number }) => ({ calls, d1 })

test('a request about one person takes two calls of the app and three trips to D1 at most', async () => {
  const { world, cost } = await meter()
  brownfield(world, LOGIN)

  const first = await cost('GET', match('userName', LOGIN))
  expect(costs(first)).toEqual({ calls: 1, d1: 2 })
  const known = await cost('GET', match('userName', LOGIN.toUpperCase()))
  // Nobody has linked it: its keys are not ours yet, and a read has met it under this name.
  expect(costs(known)).toEqual({ calls: 1, d1: 1 })
  const miss = await cost('GET', match('userName', 'nobody@example.com'))
  expect(costs(miss)).toEqual({ calls: 1, d1: 1 })

  const path = `/Users/${first.answer.body.Resources[0].id}`
  expect(costs(await cost('GET', path))).toEqual({ calls: 1, d1: 1 })
  const noOp = patch({ op: 'replace', path: 'active', value: true })
  expect(costs(await cost('PATCH', path, noOp))).toEqual({ calls: 1, d1: 1 })
  const title = patch({ op: 'replace', path: 'title', value: 'Chef' })
  expect(costs(await cost('PATCH', path, title))).toEqual({ calls: 2, d1: 2 })
  const rename = patch({ op: 'replace', path: 'userName', value: 'jon@example.com' })
  expect(costs(await cost('PATCH', path, rename))).toEqual({ calls: 2, d1: 3 })
  const off = patch({ op: 'replace', path: 'active', value: false })
  // One more than another change: it is written down first, so that the sweeper can finish it.
  expect(costs(await cost('PATCH', path, off))).toEqual({ calls: 2, d1: 3 })

  const created = await cost('POST', '/Users', person(LOGIN))
  expect(costs(created)).toEqual({ calls: 2, d1: 3 })
  expect(costs(await cost('GET', match('userName', LOGIN)))).toEqual({ calls: 1, d1: 1 })
  const gone = await cost('DELETE', `/Users/${idOf(created.answer)}`)
  // Its adapter says that nobody is protected, and that no id is reused: nothing is read before.
  expect(costs(gone)).toEqual({ calls: 1, d1: 3 })
})

test('a write takes one trip more where the data is in another database than the token', async () => {
  const { world, cost } = await meter(true)
  brownfield(world, LOGIN)
  const first = await cost('GET', match('userName', LOGIN))
  expect(costs(await cost('GET', match('userName', LOGIN)))).toEqual({ calls: 1, d1: 1 })
  const path = `/Users/${first.answer.body.Resources[0].id}`
  expect(costs(await cost('GET', path))).toEqual({ calls: 1, d1: 1 })
  const noOp = patch({ op: 'replace', path: 'active', value: true })
  expect(costs(await cost('PATCH', path, noOp))).toEqual({ calls: 1, d1: 2 })
  const title = patch({ op: 'replace', path: 'title', value: 'Chef' })
  expect(costs(await cost('PATCH', path, title))).toEqual({ calls: 2, d1: 3 })
  // Nothing of it comes with the sign-in anyway.
  const created = await cost('POST', '/Users', person('new@example.com'))
  expect(costs(created)).toEqual({ calls: 2, d1: 3 })
  const gone = await cost('DELETE', `/Users/${idOf(created.answer)}`)
  expect(costs(gone)).toEqual({ calls: 1, d1: 4 })
})

test('adopting an account that nobody has linked takes one call and four trips', async () => {
  const { world, cost } = await meter()
  brownfield(world, LOGIN, { first_name: 'Jon', last_name: 'Falk' })
  expect(costs(await cost('POST', '/Users', person(LOGIN)))).toEqual({ calls: 1, d1: 4 }) // budget: 3
})

test('a list of a hundred takes two calls, and two trips once all of them are linked', async () => {
  const { world, cost } = await meter()
  for (let n = 0; n < 100; n++) brownfield(world, `n${n}@x.io`)
  expect(costs(await cost('GET', '/Users?count=100'))).toEqual({ calls: 2, d1: 3 })
  expect(costs(await cost('GET', '/Users?count=100'))).toEqual({ calls: 2, d1: 2 })
})

test('a change of one member takes as much in a group of any size', async () => {
  const { world, cost, ask } = await meter()
  const id = idOf(await ask('POST', '/Users', person(LOGIN)))
  const body = { schemas: [GROUP_SCHEMA], displayName: 'Line 4' }
  const path = `/Groups/${idOf(await ask('POST', '/Groups', body))}`
  const add = patch({ op: 'add', path: 'members', value: [{ value: id }] })
  const remove = patch({ op: 'remove', path: `members[value eq "${id}"]` })
  // The group's members, once an hour, and the one who joins; D1: token and group, member and what is
  // wanted, what became of it.
  // An empty list proves nothing: the group is looked for before it is believed.
  expect(costs(await cost('PATCH', path, add))).toEqual({ calls: 3, d1: 3 })
  expect(costs(await cost('PATCH', path, remove))).toEqual({ calls: 1, d1: 3 })
  // Nothing to tell: the group is looked for.
  expect(costs(await cost('PATCH', path, remove))).toEqual({ calls: 1, d1: 2 })
  const team = world.desk.store.teamByTitle('Line 4')
  for (let n = 0; n < 700; n++) team?.people.add(brownfield(world, `n${n}@x.io`).account_no)
  world.clock.now += 24 * 3_600_000
  await ask('GET', '/ServiceProviderConfig')
  // A page of members that are not all, and the one who joins: the size is known then, for a day.
  expect(costs(await cost('PATCH', path, add))).toEqual({ calls: 2, d1: 3 })
  expect(costs(await cost('PATCH', path, remove))).toEqual({ calls: 1, d1: 3 })
  expect(costs(await cost('GET', `${path}?excludedAttributes=members`))).toEqual({
    calls: 1,
    d1: 1,
  })
})
