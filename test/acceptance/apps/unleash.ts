/** Unleash 8 from npm: one role for each person, no switch, and a real limit on creates. */
import assert from 'node:assert/strict'
import * as z from 'zod'
import type { AcceptanceApp, Native, NativeAccount, RealApp } from '../app.ts'
import { done, patch, person, type Scene, type Step } from '../lifecycle.ts'

/** Creates that Unleash takes in a minute. */
const LIMIT = 20

const userSchema = z.object({
  id: z.number(),
  email: z.string().optional(),
  username: z.string().optional(),
  name: z.string().optional(),
  rootRole: z.number().optional(),
})
const allSchema = z.object({
  users: z.array(userSchema),
  rootRoles: z.array(z.object({ id: z.number(), name: z.string() })),
})

/** The app's own API, past the gateway. */
function openUnleash({ url, credential = '' }: Pick<RealApp, 'url' | 'credential'>) {
  async function call(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${url}/api/admin/user-admin${path}`, {
      method,
      headers: { authorization: credential, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    if (response.status === 429) {
      await sleep(response.headers)
      return call(method, path, body)
    }
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 200)}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  const all = async () => allSchema.parse(await call('GET', ''))
  return {
    call,
    all,
    async users(email: string) {
      return (await all()).users.filter((user) => user.email === email.toLowerCase())
    },
  }
}

async function sleep(headers: Headers): Promise<void> {
  const seconds = Number(headers.get('retry-after'))
  assert.ok(seconds > 0 && seconds <= 60, `Retry-After: ${seconds}`)
  await new Promise((resolve) => setTimeout(resolve, (seconds + 1) * 1_000))
}

const toAccount = ({ id, name = '' }: z.output<typeof userSchema>): NativeAccount => ({
  id: String(id),
  active: true,
  lastName: name.split(' ').at(-1) ?? '',
})

function native(started: RealApp): Native {
  const unleash = openUnleash(started)
  return {
    async createAccount(email) {
      const body = { email, name: 'Was Here', rootRole: 3, sendEmail: false }
      return toAccount(userSchema.parse(await unleash.call('POST', '', body)))
    },
    async account(email) {
      const [found] = await unleash.users(email)
      return found && toAccount(found)
    },
    async members(name) {
      const { users, rootRoles } = await unleash.all()
      const role = rootRoles.find((one) => one.name === name)
      return role && users.flatMap((u) => (u.rootRole === role.id ? [String(u.id)] : []))
    },
    // The app and its database go with the run.
    clean: async () => {},
  }
}

function traps({ scim, open, writes, run }: Scene, started: RealApp): readonly Step[] {
  const unleash = openUnleash(started)
  const login = (name: string) => `${name}-${run}@example.com`
  const roleOf = async (name: string) => (await unleash.users(login(name)))[0]?.rootRole
  const groups: Record<string, string> = {}
  const group = async (name: string) => {
    const filter = encodeURIComponent(`displayName eq "${name}"`)
    const path = `/Groups?filter=${filter}&excludedAttributes=members`
    groups[name] ??= done(await scim('GET', path), 200).Resources[0].id
    return `/Groups/${groups[name]}`
  }
  const join = async (name: string, id: string) => {
    const body = patch({ op: 'add', path: 'members', value: [{ value: id }] })
    done(await scim('PATCH', await group(name), body), 204)
  }
  const userNameOf = (value: string) => patch({ op: 'replace', path: 'userName', value })
  let eve = ''

  return [
    [
      'a person has one role: joining another one leaves it, and leaving it is the default one',
      async () => {
        eve = done(await scim('POST', '/Users', person(login('eve'))), 201).id
        assert.equal(await roleOf('eve'), 3)
        await join('Editor', eve)
        assert.equal(await roleOf('eve'), 2)
        await join('Admin', eve)
        assert.equal(await roleOf('eve'), 1)
        const leave = patch({ op: 'remove', path: `members[value eq "${eve}"]` })
        done(await scim('PATCH', await group('Admin'), leave), 204)
        assert.equal(await roleOf('eve'), 3)
      },
    ],
    [
      'roles are neither made nor deleted',
      async () => {
        const before = writes()
        const schemas = ['urn:ietf:params:scim:schemas:core:2.0:Group']
        done(await scim('POST', '/Groups', { schemas, displayName: 'Auditor' }), 501)
        done(await scim('DELETE', await group('Editor')), 501)
        assert.equal(writes(), before)
      },
    ],
    [
      "another address is a rename; one that is taken is 409, and the app's SQL stays inside",
      async () => {
        done(await scim('PATCH', `/Users/${eve}`, userNameOf(login('eva'))), 200)
        assert.equal((await unleash.users(login('eva'))).length, 1)
        await unleash.call('POST', '', { email: login('fay'), rootRole: 3, sendEmail: false })
        const { status, body } = await scim('PATCH', `/Users/${eve}`, userNameOf(login('fay')))
        assert.deepEqual([status, body.scimType], [409, 'uniqueness'])
        assert.doesNotMatch(JSON.stringify(body), /users_|constraint/)
      },
    ],
    [
      'a value that is no address is refused by name',
      async () => {
        const { status, body } = await scim('POST', '/Users', {
          ...person('no-address'),
          displayName: 'No Address',
        })
        assert.deepEqual([status, body.scimType], [400, 'invalidValue'])
        assert.match(body.detail, /userName/)
      },
    ],
    [
      'a user name that the app would silently keep is refused',
      async () => {
        const User = {
          userName: 'username',
          displayName: 'name',
          'emails[type eq "work"].value': 'email',
        }
        const named = await open('named', () => ({ mapping: { User } }))
        const gus = {
          ...person(`gus-${run}`),
          emails: [{ type: 'work', value: login('gus') }],
        }
        const { id } = done(await named('POST', '/Users', gus), 201)
        const { status, body } = await named('PATCH', `/Users/${id}`, userNameOf(`gil-${run}`))
        assert.deepEqual([status, body.scimType], [400, 'mutability'])
        assert.equal((await unleash.users(login('gus')))[0]?.username, `gus-${run}`)
      },
    ],
    [
      'there is no switch: policy says what off means, or it is refused',
      async () => {
        const off = patch({ op: 'replace', path: 'active', value: false })
        const { status, body } = await scim('PATCH', `/Users/${eve}`, off)
        assert.equal(status, 501)
        assert.match(body.detail, /onInactive/)
        const deprovision = { onInactive: 'remove' }
        const strict = await open('strict', () => ({ policy: { deprovision } }))
        const { id } = done(await strict('POST', '/Users', person(login('hal'))), 201)
        done(await strict('PATCH', `/Users/${id}`, off), 200)
        assert.deepEqual(await unleash.users(login('hal')), [])
        assert.equal(done(await strict('GET', `/Users/${id}`), 200).active, false)
        const on = patch({ op: 'replace', path: 'active', value: true })
        done(await strict('PATCH', `/Users/${id}`, on), 200)
        assert.equal((await unleash.users(login('hal'))).length, 1)
      },
    ],
    [
      'the account of the token refuses every write',
      async () => {
        const { Resources } = done(await scim('GET', '/Users?count=100'), 200)
        const people: { id: string; userName?: string }[] = Resources
        const admin = people.find(({ userName }) => !userName?.includes('@'))
        assert.ok(admin)
        const before = writes()
        assert.equal((await scim('DELETE', `/Users/${admin.id}`)).status, 400)
        assert.equal(writes(), before)
      },
    ],
    [
      "an address that was deleted is somebody else's when it comes back",
      async () => {
        const [before] = await unleash.users(login('eva'))
        done(await scim('DELETE', `/Users/${eve}`), 204)
        done(await scim('GET', `/Users/${eve}`), 404)
        const { id } = done(await scim('POST', '/Users', person(login('eva'))), 201)
        assert.notEqual(id, eve)
        assert.notEqual((await unleash.users(login('eva')))[0]?.id, before?.id)
      },
    ],
    [
      'a refused token is 503, and never an empty list',
      async () => {
        const locked = await open('locked', () => ({ secrets: { token: 'user:none' } }))
        const { status, headers } = await locked('GET', '/Users')
        assert.equal(status, 503)
        assert.ok(headers.get('retry-after'))
      },
    ],
    [
      "above the limit on creates it is 503 with the app's own Retry-After, and nobody is there twice",
      async () => {
        const post = (n: number) => scim('POST', '/Users', person(login(`many${n}`)))
        let refused: { n: number; headers: Headers } | undefined
        for (let n = 0; n <= LIMIT && !refused; n++) {
          const { status, headers } = await post(n)
          if (status === 503) refused = { n, headers }
          else assert.equal(status, 201)
        }
        assert.ok(refused)
        assert.deepEqual(await unleash.users(login(`many${refused.n}`)), [])
        await sleep(refused.headers)
        done(await post(refused.n), 201)
        for (let n = 0; n <= refused.n; n++) {
          assert.equal((await unleash.users(login(`many${n}`))).length, 1)
        }
      },
    ],
  ]
}

export const unleash: AcceptanceApp = {
  name: 'unleash',
  adapter: 'unleash',
  script: 'unleash.sh',
  connection: ({ url, credential = '' }) => ({
    settings: { url, apiUser: 'admin' },
    secrets: { token: credential },
  }),
  native,
  loginOf: (name) => `${name}@example.com`,
  rename: { path: 'displayName', value: 'Ada Quire' },
  lacks: {
    switch: 'Unleash cannot switch anybody off',
    groups: 'the roles of Unleash are a fixed catalogue',
  },
  group: 'Editor',
  traps,
}
