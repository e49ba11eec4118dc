/** No credential and no person in anything that Postern emits, whatever the app says. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { ORIGIN } from '../support/gateway.ts'
import { match, patch, person } from '../support/world.ts'
import { columnsHolding, leaks, openWitness } from './everything.ts'
import { AUTHS, openParrot, parrotManifest, type Sent, WAYS } from './parrot.ts'
import { PERSONAL_COLUMNS } from './personal-columns.ts'
import { foundIn, type Planted, plantPerson, plantSecret } from './planted.ts'
import { quoting } from './quoting-database.ts'

/** Of all tests of this file. */
const everySecret: Record<string, string> = {}

/** A connection to the parrot, with a person in it. */
async function connected(auth: object) {
  const handedOut = {
    access: plantSecret('access'),
    refresh: plantSecret('refresh'),
    cookie: plantSecret('cookie'),
  }
  const parrot = openParrot(handedOut)
  const witness = openWitness(parrot.answer)
  const key = plantSecret('key')
  const password = plantSecret('password')
  const name = `leak-${crypto.randomUUID()}`
  const settings = { url: `https://${name}.example` }
  const put = await witness.admin('PUT manifest', 'PUT', `/manifests/${name}`, {
    ...parrotManifest(name, auth),
  })
  expect(put.body).toMatchObject({ name })
  const made = await witness.admin('POST connection', 'POST', '/connections', {
    ...{ name, adapter: name, settings, secrets: { key } },
    policy: { guard: { maxCount: 1_000, maxPercent: 100 } },
  })
  expect(made.status).toBe(201)
  const { scimBaseUrl, token } = made.body as { scimBaseUrl: string; token: string }
  // Shown once, in that answer.
  witness.answers.pop()
  const who = plantPerson()
  const resource = person(who.userName, {
    name: { givenName: who.givenName, familyName: who.familyName },
    emails: [{ type: 'work', value: who.mail }],
    phoneNumbers: [{ type: 'work', value: who.phone }],
    title: who.title,
    password,
  })
  const scim = (where: string, method: string, path: string, body?: unknown) =>
    witness.scim(where, scimBaseUrl + path, token, method, body)
  const secrets = { key, password, token, ...handedOut }
  for (const [kind, secret] of Object.entries(secrets)) everySecret[`${kind} of ${name}`] = secret
  return { ...{ parrot, witness, name, scim, resource, who, secrets } }
}

type Connected = Awaited<ReturnType<typeof connected>>

const name = { op: 'replace', path: 'title' }

/** Each thing that a client does, for somebody who is there and somebody who is not. */
async function everyRequest({ scim, resource, who, parrot }: Connected) {
  const { way } = parrot.state
  const ask = (what: string, method: string, path: string, body?: unknown) =>
    scim(`${way}: ${what}`, method, path, body)
  const found = await ask('match', 'GET', match('userName', who.userName))
  const { Resources } = (found.body ?? {}) as { Resources?: { id: string }[] }
  const created = await ask('create', 'POST', '/Users', resource)
  const id = (created.body as { id?: string })?.id ?? Resources?.[0]?.id ?? 'none'
  const path = `/Users/${id}`
  await ask('get', 'GET', path)
  const phone = { op: 'replace', path: 'phoneNumbers[type eq "work"].value', value: who.phone }
  await ask('patch', 'PATCH', path, patch(phone, { ...name, value: 'x' }))
  await ask('put', 'PUT', path, { ...resource, title: who.title })
  await ask('list', 'GET', '/Users?count=5')
  return path
}

/** What a client gets wrong, with somebody's values in every place. */
async function everyMistake({ scim, resource, who, secrets }: Connected, path: string) {
  const { mail, phone, givenName } = who
  const { password } = secrets
  const filters = [
    `userName eq ${mail}`,
    `userName ${mail} "x"`,
    `(userName eq "${mail}"`,
    `${mail} eq "x"`,
    `userName eq "${mail}" "${phone}"`,
    `password eq "${password}"`,
    `emails[value eq "${mail}"`,
    `active gt "${phone}"`,
  ]
  for (const filter of filters) {
    await scim('bad filter', 'GET', `/Users?filter=${encodeURIComponent(filter)}`)
  }
  const paths = [
    `x[${mail}`,
    mail,
    `emails[value eq "${mail}"].value`,
    `x[value eq "${mail}"].value`,
    `emails[value eq ${mail}]`,
    `name.givenName[${givenName}]`,
  ]
  for (const at of paths) {
    for (const op of ['add', 'replace', 'remove']) {
      await scim('bad path', 'PATCH', path, patch({ op, path: at, value: phone }))
    }
  }
  await scim('bad values', 'POST', '/Users', { ...resource, active: mail, emails: phone })
  await scim('no password', 'POST', '/Users', { ...resource, password: { is: password } })
  await scim('no JSON', 'POST', '/Users', `{"password":"${password}","mail":"${mail}`)
  await scim('no object', 'POST', '/Users', `"${password} ${mail}"`)
  await scim('twice', 'POST', '/Users', `{"${mail}":1,"${mail}":2}`)
  await scim('twice within', 'POST', '/Users', `{"name":{"${givenName}":1,"${givenName}":2}}`)
  await scim('no schema', 'POST', '/Users', { ...resource, schemas: [mail] })
  await scim('nowhere', 'GET', `/${mail}/${phone}`)
  await scim('nobody', 'GET', `/Users/${mail}`)
  await scim('no discovery', 'GET', `/Schemas/${mail}`)
  await scim('sort', 'GET', `/Users?sortBy=${mail}&attributes=${mail}&cursor=${mail}`)
  await scim('bulk', 'POST', '/Bulk', {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
    Operations: [
      { method: 'POST', path: '/Users', bulkId: 'a', data: { ...resource, active: mail } },
      { method: mail, path: '/Users', bulkId: 'b', data: resource },
      { method: 'PATCH', path: `/Users/${mail}`, data: patch({ ...name, value: password }) },
    ],
  })
  const referring = (bulkId: string, value: string) => ({
    ...{ method: 'PATCH', path: '/Users/x', bulkId },
    data: patch({ op: 'add', path: 'manager', value: { value } }),
  })
  await scim('bulk that refers to nothing', 'POST', '/Bulk', {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
    Operations: [referring('a', `bulkId:${mail}`)],
  })
  const failing = await scim('bulk that refers to a failure', 'POST', '/Bulk', {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
    Operations: [
      { method: 'POST', path: '/Users', bulkId: mail, data: { ...resource, active: mail } },
      referring('b', `bulkId:${mail}`),
    ],
  })
  // RFC 7644 §3.7: an operation's own bulkId is repeated in its result, and in that member alone.
  const { Operations } = failing.body as { Operations: { response?: object }[] }
  expect(Operations).toHaveLength(2)
  expect(foundIn(JSON.stringify(Operations.map(({ response }) => response)), who)).toEqual([])
}

function expectSecrecy({ witness, secrets, who }: Connected) {
  const errors = witness.answers.filter(({ status }) => status >= 400)
  expect(leaks([...witness.answers, ...witness.log], secrets)).toEqual([])
  expect(leaks([...errors, ...witness.log], who)).toEqual([])
  expect(witness.answers.filter(({ status }) => status === 500)).toEqual([])
  return errors.length
}

/** Where the secret goes, by the way in which it is shown; of a sign-in, its path beside. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  bearer: ['authorization'],
  basic: ['authorization'],
  header: ['x-key'],
  query: ['?k'],
  body: ['body'],
  // It signs, and never leaves.
  jwt: [],
  'client in the header': ['/token authorization'],
  'client in the body': ['/token body'],
  'refresh token': ['/token body'],
  login: ['/login body'],
}

function placesOf(secret: string, sent: readonly Sent[]): readonly string[] {
  const planted = { secret }
  const holds = (text: string) => foundIn(text, planted).length > 0
  const found = sent.flatMap(({ url, headers, body }) => {
    const { pathname, searchParams } = new URL(url)
    const places = [
      ...[...headers].flatMap(([name, value]) => (holds(value) ? [name] : [])),
      ...[...searchParams].flatMap(([name, value]) => (holds(value) ? [`?${name}`] : [])),
      ...(holds(body) ? ['body'] : []),
      ...(holds(pathname) ? ['path'] : []),
    ]
    const where = pathname === '/token' || pathname === '/login' ? `${pathname} ` : ''
    return places.map((place) => where + place)
  })
  return [...new Set(found)].sort()
}

/** The cron of this isolate works for the connections of other tests as well, and tells them nothing. */
function hostsThatHeard(secrets: Planted, sent: readonly Sent[]): readonly string[] {
  const heard = sent.filter(
    ({ url, headers, body }) => foundIn([url, ...headers, body].join('\n'), secrets).length > 0,
  )
  return [...new Set(heard.map(({ url }) => new URL(url).host))]
}

describe('an app that repeats our credential and its people', () => {
  const some = (label: string) => WAYS.filter((_, i) => (i + label.length) % 7 === 0)

  test.each(Object.entries(AUTHS))(
    'tells nobody by it: %s',
    async (label, auth) => {
      const world = await connected(auth)
      const { parrot, witness, name, scim, secrets } = world
      const path = await everyRequest(world)
      expect(parrot.rows.size).toBe(1)
      for (const way of label === 'bearer' ? WAYS : some(label)) {
        // Whatever is paused for the way before is over.
        witness.clock.now += 3_600_000
        Object.assign(parrot.state, { way })
        await everyRequest(world)
      }
      // Signing in fails too, once what is held is over.
      for (const way of ['400', 'lost'] as const) {
        witness.clock.now += 3_600_000
        Object.assign(parrot.state, { way, tokensToo: true })
        await everyRequest(world)
      }
      await witness.isolate.tick()
      for (const route of ['', '/export', '/findings', '/tokens', '/clients', '/reconcile']) {
        const { status } = await witness.admin(
          `GET ${route}`,
          'GET',
          `/connections/${name}${route}`,
        )
        expect([route, status]).toEqual([route, 200])
      }
      await witness.admin('try', 'POST', `/connections/${name}/mapping/try`, { nativeId: '101' })
      witness.clock.now += 3_600_000
      Object.assign(parrot.state, { way: 'good', tokensToo: false })
      await witness.isolate.tick()
      expect((await scim('delete', 'DELETE', path)).status).toBe(204)
      expect(expectSecrecy(world)).toBeGreaterThan(20)
      // Asked of the app in every way, by calls of every kind: nowhere but where `auth` says.
      expect(placesOf(secrets.key, parrot.sent)).toEqual(PLACES[label])
      expect(hostsThatHeard(secrets, parrot.sent)).toEqual([`${name}.example`])
    },
    30_000,
  )

  test('cannot be made to show it as a value of a person', async () => {
    for (const auth of [AUTHS['bearer'], AUTHS['basic'], AUTHS['query']]) {
      const world = await connected(auth ?? {})
      await everyRequest(world)
      world.parrot.state.way = 'echo'
      await everyRequest(world)
      expect(world.witness.answers.some(({ text }) => text.includes('[secret]'))).toBe(true)
      expectSecrecy(world)
    }
  })
})

test('what a client gets wrong is not repeated to it, logged or stored', async () => {
  const world = await connected(AUTHS['bearer'] ?? {})
  const path = await everyRequest(world)
  await everyMistake(world, path)
  expect(expectSecrecy(world)).toBeGreaterThan(20)
  const held = await columnsHolding(world.who)
  expect(held.filter((column) => column.startsWith('audit.'))).toEqual([])
})

test('a database that quotes what it was told tells nobody by it', async () => {
  const world = await connected(AUTHS['bearer'] ?? {})
  const { witness, parrot } = world
  await everyRequest(world)
  let left = 0
  const failing = openWitness(parrot.answer, {
    env: { DB: quoting(env.DB, () => left-- === 0) },
    clock: witness.clock,
  })
  const { witness: _, ...rest } = world
  const base = `${ORIGIN}/scim/${world.name}/v2`
  const other: Connected = {
    ...rest,
    witness: failing,
    scim: (where, method, at, body) =>
      failing.scim(where, base + at, world.secrets.token, method, body),
  }
  for (let n = 0; n < 12; n++) {
    left = n
    await other.scim('create', 'POST', '/Users', {
      ...world.resource,
      userName: `x${n}@leak.example`,
    })
    left = n
    await other.scim('match', 'GET', match('userName', world.who.userName))
    left = n
    await failing.admin('patch', 'PATCH', `/connections/${world.name}`, {
      secrets: { key: world.secrets.key },
    })
    left = n
    await failing.isolate.tick().catch(() => undefined)
  }
  expect(failing.answers.filter(({ status }) => status >= 500).length).toBeGreaterThan(5)
  const { key, password, token } = world.secrets
  expect(leaks([...failing.answers, ...failing.log], { key, password, token })).toEqual([])
  const errors = failing.answers.filter(({ status }) => status >= 400)
  expect(leaks([...errors, ...failing.log], world.who)).toEqual([])
})

test('personal values stand in the columns that docs/storage.md names, and in no other', async () => {
  const world = await connected(AUTHS['bearer'] ?? {})
  const { witness, name, resource, who } = world
  await everyRequest(world)
  const scan = await witness.admin('scan', 'POST', `/connections/${name}/reconcile`, {})
  const { id } = scan.body as { id: string }
  await witness.admin('advance', 'POST', `/connections/${name}/reconcile/${id}/advance`, {})
  const exported = {
    id: 'x',
    userPrincipalName: who.userName,
    mail: who.mail,
    accountEnabled: true,
  }
  const judged = await witness.admin('preflight', 'POST', `/connections/${name}/preflight`, {
    value: [exported],
  })
  expect(judged.status).toBe(200)
  // Kept by Postern itself, and a write that is cut off.
  const boxed = await witness.admin('sandbox', 'POST', '/connections', {
    ...{ name: `box-${crypto.randomUUID()}`, adapter: 'sandbox' },
  })
  const { scimBaseUrl, token } = boxed.body as { scimBaseUrl: string; token: string }
  await witness.scim('boxed', `${scimBaseUrl}/Users`, token, 'POST', resource)
  world.parrot.state.way = 'lost'
  await world.scim('lost', 'POST', '/Users', { ...resource, userName: `lost.${who.userName}` })

  const held = await columnsHolding(who)
  const named: readonly string[] = PERSONAL_COLUMNS
  expect(held.filter((column) => !named.includes(column))).toEqual([])
  expect(held.length).toBeGreaterThan(6)
})

test('no column of any table holds a secret of any of these connections', async () => {
  expect(Object.keys(everySecret).length).toBeGreaterThan(6)
  expect(await columnsHolding(everySecret)).toEqual([])
})
