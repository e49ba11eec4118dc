/** The echo rule and "nothing changed, nothing sent" (design decisions 6 and 7), over HTTP. */
import { describe, expect, test } from 'vitest'
import { admin } from '../support/gateway.ts'
import { idOf, openWorld, patch, person, type World } from '../support/world.ts'

const LOGIN = 'Mia.Sand@example.com'
const work = (value: string) => [{ type: 'work', value, primary: true }]

async function open(more: object = {}): Promise<{ world: World; id: string; path: string }> {
  const world = await openWorld()
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN, { ...more })))
  return { world, id, path: `/Users/${id}` }
}

function accountOf(world: World) {
  const account = world.desk.store.account(world.logins(LOGIN)[0] ?? 0)
  if (!account) throw new Error('no account')
  return account
}

test('a value that the app rewrites is read back as it was sent', async () => {
  const emails = work('Mia.Sand@Example.COM')
  const phoneNumbers = [{ type: 'work', value: '+46 8 123 45' }]
  const { world, path } = await open({ emails, phoneNumbers, title: '  Baker ' })
  expect(accountOf(world)).toMatchObject({ mail: 'mia.sand@example.com', phone: '+46812345' })
  const read = await world.ask('GET', path)
  expect(read.body).toMatchObject({ emails, phoneNumbers, title: '  Baker ' })
})

test('sending the rewritten value again writes nothing, in any operation', async () => {
  const emails = work('Mia.Sand@Example.COM')
  const sent = person(LOGIN, { emails, nickName: 'M', title: ' Baker' })
  const { world, path } = await open({ emails, nickName: 'M', title: ' Baker' })
  const { writes } = world.desk.counters
  const { version } = (await world.ask('GET', path)).body.meta
  const value = { emails, title: ' Baker', nickName: 'M', active: 'True' }
  expect((await world.ask('PATCH', path, patch({ op: 'Replace', value }))).status).toBe(200)
  const address = { op: 'Add', path: 'emails[type eq "work"].value', value: emails[0]?.value }
  expect((await world.ask('PATCH', path, patch(address))).status).toBe(200)
  expect((await world.ask('PUT', path, sent)).status).toBe(200)
  expect(world.desk.counters.writes).toBe(writes)
  expect((await world.ask('GET', path)).body.meta.version).toBe(version)
})

test('a value that moved in the app is shown as the app has it, and a PATCH builds on that', async () => {
  const { world, path } = await open({ emails: work('Mia@Example.com'), title: 'Baker' })
  const account = accountOf(world)
  world.desk.store.updateAccount(account, { mail: 'moved@example.com', job_title: 'Boss' })
  const read = await world.ask('GET', path)
  expect(read.body).toMatchObject({ emails: work('moved@example.com'), title: 'Boss' })
  // The client speaks of something else: what moved stays moved.
  await world.ask('PATCH', path, patch({ op: 'replace', path: 'nickName', value: 'M' }))
  expect(account).toMatchObject({ mail: 'moved@example.com', job_title: 'Boss' })
  await world.ask('PATCH', path, patch({ op: 'replace', path: 'title', value: 'Baker' }))
  expect(account.job_title).toBe('Baker')
})

test('a value that was cleared in the app leaves no empty element behind', async () => {
  const { world, path } = await open({ emails: work('mia@example.com') })
  world.desk.store.updateAccount(accountOf(world), { mail: null })
  expect((await world.ask('GET', path)).body.emails).toBeUndefined()
})

test('where the app cannot clear a value its absence is echoed', async () => {
  const { world, path } = await open()
  const { writes } = world.desk.counters
  const cleared = await world.ask('PATCH', path, patch({ op: 'remove', path: 'name.familyName' }))
  expect(cleared.status).toBe(200)
  expect(cleared.body.name).toEqual({ givenName: 'Mia' })
  expect(accountOf(world).last_name).toBe('Sand')
  expect((await world.ask('GET', path)).body.name).toEqual({ givenName: 'Mia' })
  expect(world.desk.counters.writes).toBe(writes)
})

test('what the app can clear is cleared there', async () => {
  const { world, path } = await open({ title: 'Baker' })
  await world.ask('PATCH', path, patch({ op: 'remove', path: 'title' }))
  expect(accountOf(world).job_title).toBeNull()
})

test('attributes without a place in the app live with the link, and cost no app write', async () => {
  const { world, path } = await open()
  const { writes } = world.desk.counters
  const manager = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter'
  await world.ask('PATCH', path, patch({ op: 'add', path: manager, value: 'CC-7' }))
  await world.ask('PATCH', path, patch({ op: 'add', path: 'externalId', value: 'x-1' }))
  const { body } = await world.ask('GET', path)
  expect(body.externalId).toBe('x-1')
  expect(body['urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'].costCenter).toBe('CC-7')
  expect(world.desk.counters.writes).toBe(writes)
})

test('a secret passes through and is neither kept nor shown', async () => {
  const { world, path } = await open({ password: 'hunter2-hunter2' })
  const { body } = await world.ask('GET', path)
  expect(JSON.stringify(body)).not.toContain('hunter2')
})

describe('another mapping', () => {
  test('makes what was remembered under the old one void', async () => {
    const { world, path } = await open({ title: ' Baker', nickName: 'Mimi' })
    const mapping = {
      User: { userName: 'login', 'name.familyName': 'last_name', nickName: 'job_title' },
    }
    const changed = await admin('PATCH', `/connections/${world.scim.name}`, { mapping })
    expect(changed.status).toBe(200)
    world.clock.now += 10_000
    const { body } = await world.ask('GET', path)
    // `nickName` is the app's job title by now, and the app's word counts.
    expect(body.nickName).toBe('Baker')
    expect(body.title).toBeUndefined()
    await world.ask('PATCH', path, patch({ op: 'replace', path: 'nickName', value: 'Mimi' }))
    expect(accountOf(world).job_title).toBe('Mimi')
  })
})

test('a second identical provisioning makes zero app writes', async () => {
  const world = await openWorld({ seed: true })
  const people = Array.from({ length: 12 }, (_, n) =>
    person(`P${n}.Q@Example.com`, {
      externalId: `e${n}`,
      emails: work(`P${n}@Example.COM`),
      phoneNumbers: [{ type: 'work', value: `+46 8 00 ${n}` }],
      title: ` Role ${n}`,
    }),
  )
  const group = {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
    displayName: 'All Hands',
  }
  const cycle = async () => {
    const ids: string[] = []
    for (const one of people) {
      const filter = encodeURIComponent(`userName eq "${one.userName}"`)
      const found = await world.ask('GET', `/Users?filter=${filter}`)
      const [there] = found.body.Resources
      if (!there) ids.push(idOf(await world.ask('POST', '/Users', one)))
      else {
        ids.push(there.id)
        const { schemas: _, ...value } = one
        const done = await world.ask('PATCH', `/Users/${there.id}`, patch({ op: 'Replace', value }))
        expect(done.status).toBe(200)
      }
    }
    const filter = encodeURIComponent('displayName eq "All Hands"')
    const found = await world.ask('GET', `/Groups?filter=${filter}&excludedAttributes=members`)
    const id = found.body.Resources[0]?.id ?? idOf(await world.ask('POST', '/Groups', group))
    const members = ids.map((value) => ({ value }))
    const add = patch({ op: 'Add', path: 'members', value: members })
    expect((await world.ask('PATCH', `/Groups/${id}`, add)).status).toBe(204)
  }
  await cycle()
  const { writes } = world.desk.counters
  expect(writes).toBeGreaterThan(people.length)
  world.clock.now += 40 * 60_000
  await cycle()
  expect(world.desk.counters.writes).toBe(writes)
  // Nor where what was read of the group is too old to be believed.
  world.clock.now += 24 * 3_600_000
  await cycle()
  expect(world.desk.counters.writes).toBe(writes)
})
