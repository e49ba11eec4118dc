/** RabbitMQ 3.10 from Debian, through its management API: the name is the id, and a PUT overwrites. */
import assert from 'node:assert/strict'
import * as z from 'zod'
import type { AcceptanceApp, Native, RealApp } from '../app.ts'
import { done, GROUP, patch, person, type Scene, type Step } from '../lifecycle.ts'

const USER = 'scimadmin'
const PASSWORD = 'Adm1n-s3cret'
/** What people have in the place of a last name here: RabbitMQ has names of accounts only. */
const LAST_NAME = { User: { userName: 'name', 'name.familyName': 'tags' } }

const userSchema = z.object({
  name: z.string(),
  tags: z.array(z.string()),
  password_hash: z.string(),
})
const permissionSchema = z.object({ user: z.string(), write: z.string() })

function openRabbit({ url }: Pick<RealApp, 'url'>) {
  async function call(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Basic ${btoa(`${USER}:${PASSWORD}`)}`,
        'content-type': 'application/json',
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (response.status === 404) return undefined
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 200)}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  return {
    call,
    async user(name: string) {
      const found = await call('GET', `/users/${encodeURIComponent(name)}`)
      return found === undefined ? undefined : userSchema.parse(found)
    },
    async permissions(vhost: string) {
      const found = await call('GET', `/vhosts/${encodeURIComponent(vhost)}/permissions`)
      return found === undefined ? undefined : z.array(permissionSchema).parse(found)
    },
  }
}

function native(started: RealApp): Native {
  const rabbit = openRabbit(started)
  const made = new Set<string>()
  const account = async (name: string) => {
    made.add(name)
    const found = await rabbit.user(name)
    return found && { id: found.name, active: true, lastName: found.tags[0] ?? '' }
  }
  return {
    account,
    async createAccount(name) {
      await rabbit.call('PUT', `/users/${name}`, { password: 'their own', tags: ['Here'] })
      const found = await account(name)
      assert.ok(found)
      return found
    },
    async members(vhost) {
      return (await rabbit.permissions(vhost))?.map(({ user }) => user)
    },
    async clean() {
      for (const name of made) await rabbit.call('DELETE', `/users/${name}`)
    },
  }
}

function traps({ scim, open, run }: Scene, started: RealApp): readonly Step[] {
  const rabbit = openRabbit(started)
  const login = `eve-${run}`
  const team = `team-${run}`
  let eve = ''
  return [
    [
      'a password that is set in RabbitMQ survives what the gateway changes',
      async () => {
        eve = done(await scim('POST', '/Users', person(login)), 201).id
        assert.equal((await rabbit.user(login))?.password_hash, '')
        await rabbit.call('PUT', `/users/${login}`, { password: 'their own', tags: ['Quill'] })
        const before = await rabbit.user(login)
        const change = patch({ op: 'replace', path: 'name.familyName', value: 'Quire' })
        done(await scim('PATCH', `/Users/${eve}`, change), 200, 204)
        assert.deepEqual(await rabbit.user(login), { ...before, tags: ['Quire'] })
        assert.notEqual(before?.password_hash, '')
      },
    ],
    [
      'a rename is refused: the name is the id',
      async () => {
        const change = patch({ op: 'replace', path: 'userName', value: `${login}-two` })
        assert.equal(done(await scim('PATCH', `/Users/${eve}`, change), 400).scimType, 'mutability')
      },
    ],
    [
      'off takes the permissions away, and on gives them back',
      async () => {
        const group = done(
          await scim('POST', '/Groups', { schemas: [GROUP], displayName: team }),
          201,
        )
        const join = patch({ op: 'add', path: 'members', value: [{ value: eve }] })
        done(await scim('PATCH', `/Groups/${group.id}`, join), 200, 204)
        const has = async () => (await rabbit.permissions(team))?.some((one) => one.user === login)
        assert.equal(await has(), true)
        for (const value of [false, true]) {
          const turn = patch({ op: 'replace', path: 'active', value })
          done(await scim('PATCH', `/Users/${eve}`, turn), 200, 204)
          assert.equal(await has(), value)
        }
      },
    ],
    [
      'a virtual host is never deleted',
      async () => {
        const filter = encodeURIComponent(`displayName eq "${team}"`)
        const [group] = done(await scim('GET', `/Groups?filter=${filter}`), 200).Resources
        done(await scim('DELETE', `/Groups/${group.id}`), 501)
        assert.ok(await rabbit.permissions(team))
        await rabbit.call('DELETE', `/vhosts/${team}`)
        done(await scim('DELETE', `/Users/${eve}`), 204)
      },
    ],
    [
      'the account that Postern signs in with is protected',
      async () => {
        const filter = encodeURIComponent(`userName eq "${USER}"`)
        const [own] = done(await scim('GET', `/Users?filter=${filter}`), 200).Resources
        done(await scim('DELETE', `/Users/${own.id}`), 400)
        assert.ok(await rabbit.user(USER))
      },
    ],
    [
      'a refused password is 503, and never an empty list',
      async () => {
        const locked = await open('locked', () => ({ secrets: { password: 'another' } }))
        const { status, headers } = await locked('GET', '/Users')
        assert.equal(status, 503)
        assert.ok(headers.get('retry-after'))
      },
    ],
  ]
}

export const rabbitmq: AcceptanceApp = {
  name: 'rabbitmq',
  adapter: 'rabbitmq',
  script: 'rabbitmq.sh',
  connection: ({ url }) => ({
    settings: { url, user: USER },
    secrets: { password: PASSWORD },
    policy: { deprovision: { onInactive: 'strip' } },
    mapping: LAST_NAME,
  }),
  native,
  lacks: {
    switch: 'RabbitMQ has no switch: policy takes people out of virtual hosts',
    groups: 'virtual hosts are never deleted, and RabbitMQ puts whoever makes one into it',
  },
  group: 'press',
  traps,
}
