/** What becomes of attributes that the app cannot hold: policy, by SCIM path. */
import { expect, test } from 'vitest'
import { admin } from '../support/gateway.ts'
import { idOf, match, openWorld, patch, person } from '../support/world.ts'

const LOGIN = 'Lea.Roth@example.com'
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
const RICH = person(LOGIN, {
  externalId: 'lea',
  name: { givenName: 'Lea', familyName: 'Roth', middleName: 'M', formatted: 'Lea M Roth' },
  nickName: 'L',
  emails: [
    { type: 'work', value: 'lea@example.com', primary: true },
    { type: 'home', value: 'lea@home.example' },
  ],
  [ENTERPRISE]: { department: 'Lab', costCenter: 'CC-1', division: 'D' },
})

async function post(attributes: Record<string, string>, body: object = RICH) {
  const world = await openWorld({ policy: { attributes } })
  return { world, answer: await world.ask('POST', '/Users', body) }
}

test('by default all is kept', async () => {
  const { answer } = await post({})
  const { schemas: _, ...sent } = RICH
  expect(answer.body).toMatchObject(sent)
})

test('"drop" for the rest leaves what the app holds, and what belongs to it, whole', async () => {
  const { world, answer } = await post({ '*': 'drop' })
  expect(answer.status).toBe(201)
  const { body } = await world.ask('GET', `/Users/${idOf(answer)}`)
  expect(body.name).toEqual({ givenName: 'Lea', familyName: 'Roth' })
  expect(body.emails).toEqual([{ type: 'work', value: 'lea@example.com', primary: true }])
  expect(body[ENTERPRISE]).toEqual({ department: 'Lab' })
  expect(body).not.toHaveProperty('nickName')
  expect(body).toMatchObject({ externalId: 'lea', active: true })
  expect(world.desk.store.accountsBy('mail', 'lea@example.com')).toHaveLength(1)
})

test('"drop" below the top level takes that and nothing else', async () => {
  const { answer } = await post({
    'name.middleName': 'drop',
    'emails[type eq "home"]': 'drop',
    [`${ENTERPRISE}:costCenter`]: 'drop',
  })
  expect(answer.body.name).toEqual({
    givenName: 'Lea',
    familyName: 'Roth',
    formatted: 'Lea M Roth',
  })
  expect(answer.body.emails).toHaveLength(1)
  expect(answer.body[ENTERPRISE]).toEqual({ department: 'Lab', division: 'D' })
  expect(answer.body.nickName).toBe('L')
})

test('"keep" of one path is an exception from the rest', async () => {
  const { answer } = await post({ '*': 'drop', 'name.middleName': 'keep', [ENTERPRISE]: 'keep' })
  expect(answer.body.name).toEqual({ givenName: 'Lea', familyName: 'Roth', middleName: 'M' })
  expect(answer.body[ENTERPRISE]).toEqual({ department: 'Lab', costCenter: 'CC-1', division: 'D' })
  expect(answer.body).not.toHaveProperty('nickName')
})

test('"reject" names the path, in a POST and in a PATCH, and nothing is written', async () => {
  for (const path of ['nickName', 'name.middleName', `${ENTERPRISE}:costCenter`]) {
    const { world, answer } = await post({ [path]: 'reject' })
    expect(answer).toMatchObject({ status: 400, body: { scimType: 'invalidValue' } })
    expect(answer.body.detail).toContain(path)
    expect(world.changes()).toBe(0)
  }
  const { world, answer } = await post({ nickName: 'reject' }, person(LOGIN))
  const nick = patch({ op: 'add', path: 'nickName', value: 'L' })
  expect((await world.ask('PATCH', `/Users/${idOf(answer)}`, nick)).status).toBe(400)
})

test('"reject" for the rest lets through what the app holds', async () => {
  const emails = [{ type: 'work', value: 'lea@example.com', primary: true }]
  const { answer } = await post({ '*': 'reject' }, person(LOGIN, { externalId: 'lea', emails }))
  expect(answer.status).toBe(201)
})

test('a stricter policy does not refuse a PATCH for what was kept before it', async () => {
  const world = await openWorld()
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN, { nickName: 'L' })))
  const policy = { attributes: { nickName: 'reject' } }
  expect((await admin('PATCH', `/connections/${world.scim.name}`, { policy })).status).toBe(200)
  const title = patch({ op: 'add', path: 'title', value: 'Chef' })
  expect((await world.ask('PATCH', `/Users/${id}`, title)).status).toBe(200)
  expect((await world.ask('GET', match('userName', LOGIN))).body.Resources[0].title).toBe('Chef')
})
