/** One person's and one group's life through the gateway, against a real app: the same for each app. */
import assert from 'node:assert/strict'
import type { AcceptanceApp, ConnectionOf, Native } from './app.ts'

export interface Scene {
  readonly app: Pick<AcceptanceApp, 'loginOf' | 'rename' | 'lacks' | 'group'>
  readonly scim: Scim
  /** Another connection to the same app, under a name of its own. */
  readonly open: (
    name: string,
    change: (own: ConnectionOf) => Partial<ConnectionOf>,
  ) => Promise<Scim>
  readonly native: Native
  /** Calls that the app has had from the gateway, but for those that only read. */
  readonly writes: () => number
  /** Differs from run to run: a real app keeps what is left in it. */
  readonly run: string
}

export interface Reply {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: bodies of many shapes
  readonly body: any
}
export type Scim = (method: string, path: string, body?: unknown) => Promise<Reply>

/** Its work, or why there is none. */
export type Step = readonly [title: string, work: (() => Promise<void>) | { readonly skip: string }]

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User'
export const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group'
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

export const patch = (...Operations: object[]) => ({ schemas: [PATCH], Operations })
export const person = (userName: string) => ({
  schemas: [USER],
  userName,
  displayName: 'Ada Quill',
  name: { givenName: 'Ada', familyName: 'Quill' },
  emails: [{ type: 'work', value: mailOf(userName), primary: true }],
  active: true,
})

const mailOf = (userName: string) => (userName.includes('@') ? userName : `${userName}@app.example`)

export function done({ status, body }: Reply, ...wanted: number[]): Reply['body'] {
  assert.ok(wanted.includes(status), `${status}, not ${wanted}: ${JSON.stringify(body)}`)
  return body
}

/** In this order: each builds on those before. */
export function stepsOf({ app, scim, native, writes, run }: Scene): readonly Step[] {
  const { loginOf = (name) => name, lacks = {}, group: given } = app
  const { path = 'name.familyName', value = 'Quire' } = app.rename ?? {}
  const login = (name: string) => loginOf(`${name}-${run}`)
  const team = given ?? `team-${run}`
  const skip = (reason: string | undefined, work: () => Promise<void>) =>
    reason === undefined ? work : { skip: reason }
  const match = async (name: string) => {
    const filter = encodeURIComponent(`userName eq "${login(name)}"`)
    return done(await scim('GET', `/Users?filter=${filter}`), 200)
  }
  const nativeOf = async (name: string) => {
    const found = await native.account(login(name))
    assert.ok(found, `the app has no ${name}`)
    return found
  }
  let ada = ''
  let bea = ''
  let group = ''
  const rename = () => scim('PATCH', `/Users/${ada}`, patch({ op: 'replace', path, value }))
  const findGroup = async () => {
    const filter = encodeURIComponent(`displayName eq "${team}"`)
    return done(await scim('GET', `/Groups?filter=${filter}`), 200).Resources[0]?.id
  }
  const join = () =>
    scim(
      'PATCH',
      `/Groups/${group}`,
      patch({ op: 'add', path: 'members', value: [{ value: ada }] }),
    )
  const members = async (): Promise<string[]> => {
    const read = done(await scim('GET', `/Groups/${group}`), 200)
    return (read.members ?? []).map((one: { value: string }) => one.value)
  }
  const turn = async (value: boolean) => {
    done(
      await scim('PATCH', `/Users/${ada}`, patch({ op: 'replace', path: 'active', value })),
      200,
      204,
    )
  }

  return [
    ['a stranger is not found', async () => assert.equal((await match('nobody')).totalResults, 0)],
    [
      'who was there is found, in any letter case',
      async () => {
        const on = await native.createAccount(login('bea'), true)
        const [first] = (await match('bea')).Resources
        assert.deepEqual([first.userName, first.active], [login('bea'), true])
        bea = first.id
        assert.equal((await match('BEA')).Resources[0]?.id, bea)
        assert.equal((await nativeOf('bea')).id, on.id)
      },
    ],
    [
      'who was there and is switched off is found',
      skip(lacks.switch, async () => {
        await native.createAccount(login('cal'), false)
        assert.equal((await match('cal')).Resources[0]?.active, false)
      }),
    ],
    [
      'a create for somebody who was there adopts the account, and makes no second one',
      async () => {
        const { id } = await nativeOf('bea')
        assert.equal(done(await scim('POST', '/Users', person(login('bea'))), 201).id, bea)
        assert.deepEqual(await nativeOf('bea'), { id, active: true, lastName: 'Quill' })
      },
    ],
    [
      'a create makes an account, and reads back as it was sent',
      async () => {
        const created = done(await scim('POST', '/Users', person(login('ada'))), 201)
        ada = created.id
        const read = done(await scim('GET', `/Users/${ada}`), 200)
        assert.equal(read.userName, login('ada'))
        assert.deepEqual(read.emails, person(login('ada')).emails)
        assert.equal((await nativeOf('ada')).active, true)
      },
    ],
    [
      'a second create of the same person is 409',
      async () => {
        assert.equal(
          done(await scim('POST', '/Users', person(login('ada'))), 409).scimType,
          'uniqueness',
        )
      },
    ],
    [
      'a PATCH changes the account',
      async () => {
        done(await rename(), 200, 204)
        assert.equal((await nativeOf('ada')).lastName, 'Quire')
      },
    ],
    [
      'off and on again are the switch of the app',
      skip(lacks.switch, async () => {
        await turn(false)
        assert.equal((await nativeOf('ada')).active, false)
        assert.equal((await match('ada')).Resources[0]?.active, false)
        await turn(true)
        assert.equal((await nativeOf('ada')).active, true)
      }),
    ],
    [
      'a group is made, and found',
      skip(lacks.groups, async () => {
        group = done(await scim('POST', '/Groups', { schemas: [GROUP], displayName: team }), 201).id
        assert.equal(await findGroup(), group)
      }),
    ],
    [
      'somebody joins a group',
      async () => {
        group = await findGroup()
        assert.ok(group)
        done(await join(), 200, 204)
        assert.deepEqual(await native.members(team), [(await nativeOf('ada')).id])
        assert.deepEqual(await members(), [ada])
      },
    ],
    [
      'the same changes a second time write nothing',
      async () => {
        const before = writes()
        done(await rename(), 200, 204)
        if (lacks.switch === undefined) await turn(true)
        done(await join(), 200, 204)
        done(await scim('PUT', `/Users/${bea}`, person(login('bea'))), 200)
        assert.equal(writes(), before)
      },
    ],
    [
      'everybody is listed once, whether on or off',
      async () => {
        const seen: string[] = []
        for (let startIndex = 1; ; ) {
          const page = done(await scim('GET', `/Users?startIndex=${startIndex}&count=50`), 200)
          const rows: { userName: string }[] = page.Resources ?? []
          seen.push(...rows.map(({ userName }) => userName))
          startIndex += rows.length
          if (rows.length === 0 || startIndex > page.totalResults) break
        }
        for (const name of ['ada', 'bea', ...(lacks.switch === undefined ? ['cal'] : [])]) {
          assert.equal(seen.filter((userName) => userName === login(name)).length, 1)
        }
      },
    ],
    [
      'a leave is a leave',
      async () => {
        const leave = patch({ op: 'remove', path: `members[value eq "${ada}"]` })
        done(await scim('PATCH', `/Groups/${group}`, leave), 200, 204)
        assert.deepEqual(await native.members(team), [])
        assert.deepEqual(await members(), [])
      },
    ],
    [
      'a delete is a delete, and whoever gets the id next is somebody else',
      async () => {
        done(await scim('DELETE', `/Users/${ada}`), 204)
        assert.equal(await native.account(login('ada')), undefined)
        await native.createAccount(login('dan'), true)
        done(await scim('GET', `/Users/${ada}`), 404)
        assert.notEqual((await match('dan')).Resources[0]?.id, ada)
      },
    ],
    [
      'a deleted group is gone',
      skip(lacks.groups, async () => {
        done(await scim('DELETE', `/Groups/${group}`), 204)
        assert.equal(await native.members(team), undefined)
      }),
    ],
  ]
}
