/**
 * Members lost in the field, one test for each report: what other SCIM servers and gateways did to the
 * groups of their users, replayed here.
 */
import { expect, test } from 'vitest'
import { openIsolate } from '../support/isolate.ts'
import { add, groupNamed, openTeam, remove, replace } from '../support/team.ts'
import { patch } from '../support/world.ts'

test('a stale read by one writer deletes nobody whom another one has added (fleetdm/fleet #50724)', async () => {
  for (const shape of ['group-list', 'group-list-with-revision', 'user-list', 'batches'] as const) {
    const team = await openTeam(4, 1, { shape })
    const { world, path, ids } = team
    const [a = '', b = '', c = ''] = ids
    let other: Promise<unknown> | undefined
    // The first writer has read the list, and is slow; the second one comes in between.
    const slow = openIsolate(
      world.clock,
      async (input, init) => {
        if (init.method !== 'GET' && !other) {
          const second = world.open()
          other = second.scim(world.scim, 'PATCH', path, add(c))
          await Promise.race([other, new Promise((resolve) => setTimeout(resolve, 50))])
        }
        return (world.shape ?? world.desk).fetch(input, init)
      },
      { adapters: world.adapters },
    )
    expect((await slow.scim(world.scim, 'PATCH', path, add(b))).status).toBe(204)
    await other
    // The second one was served, or told to come back.
    for (let tries = 0; tries < 10 && (await team.ask(add(c))).status !== 204; tries++) {
      world.clock.now += 30_000
    }
    expect(team.held(), shape).toEqual([a, b, c].sort())
  }
})

test('a group of more than 100 keeps them all when one joins (FusionAuth/fusionauth-issues #2784)', async () => {
  for (const shape of ['single-calls', 'group-list', 'user-list'] as const) {
    const team = await openTeam(251, 250, { shape })
    expect((await team.ask(add(team.ids[250] ?? ''))).status).toBe(204)
    expect(team.held(), shape).toHaveLength(251)
    expect(await team.shown()).toHaveLength(251)
  }
})

test('a replace removes those whom it does not name (keycloak/keycloak #52752)', async () => {
  const team = await openTeam(120, 120)
  const kept = team.ids.slice(0, 2)
  expect((await team.ask(replace(...kept))).status).toBe(204)
  expect(team.held()).toEqual([...kept].sort())
})

test('a replace of something else empties no group (langwatch/langwatch #7131)', async () => {
  const team = await openTeam(3, 3)
  const bodies = [
    patch({ op: 'replace', value: { displayName: 'Line 4', externalId: 'g1' } }),
    patch({ op: 'replace', path: 'externalId', value: 'g2' }),
    patch({ op: 'replace', value: { id: team.group, displayName: 'Line 4' } }),
  ]
  for (const body of bodies) expect((await team.ask(body)).status).toBe(204)
  expect(team.held()).toHaveLength(3)
})

test('a remove of one, in each form that Entra sends, leaves the others', async () => {
  const forms = [
    (id: string) => patch({ op: 'Remove', path: 'members', value: [{ value: id }] }),
    (id: string) => patch({ op: 'Remove', path: 'members', value: [{ $ref: null, value: id }] }),
    (id: string) => patch({ op: 'Remove', path: `members[value eq "${id}"]` }),
    (id: string) => patch({ op: 'remove', path: 'members', value: id }),
  ]
  for (const form of forms) {
    const team = await openTeam(3, 3)
    const [first = '', ...others] = team.ids
    expect((await team.ask(form(first))).status).toBe(204)
    expect(team.held()).toEqual([...others].sort())
  }
})

test('a remove that names nobody removes nobody', async () => {
  const team = await openTeam(2, 2)
  expect((await team.ask(patch({ op: 'Remove', path: 'members', value: [] }))).status).toBe(204)
  expect((await team.ask(remove(crypto.randomUUID()))).status).toBe(204)
  expect(team.held()).toHaveLength(2)
})

test('replaces with one member at a time add up where the policy says so (grokability/snipe-it #19096, PostHog/posthog #47336)', async () => {
  const policy = { groups: { additiveSingleReplace: true } }
  const [off, on] = [await openTeam(3, 0), await openTeam(3, 0, { policy })]
  for (const team of [off, on]) {
    for (const id of team.ids) expect((await team.ask(replace(id))).status).toBe(204)
  }
  expect(off.held()).toEqual([off.ids[2]])
  expect(on.held()).toEqual([...on.ids].sort())
})

test('what a client reads with excludedAttributes=members shows none, so that it never replaces', async () => {
  const team = await openTeam(3, 3)
  const { body } = await team.world.ask('GET', `${team.path}?excludedAttributes=members`)
  expect(body).not.toHaveProperty('members')
})

test('a PUT that repeats the group as it was read changes nobody', async () => {
  const team = await openTeam(60, 60)
  const { body } = await team.world.ask('GET', team.path)
  const changes = team.world.changes()
  expect((await team.world.ask('PUT', team.path, body)).status).toBe(200)
  expect(team.world.changes()).toBe(changes)
  expect((await team.world.ask('PUT', team.path, groupNamed('Line 4', ...team.ids))).status).toBe(
    200,
  )
  expect(team.held()).toHaveLength(60)
})
