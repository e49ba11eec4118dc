/** Zabbix 6 from Debian: JSON-RPC, errors inside 200, and groups that switch people off. */
import assert from 'node:assert/strict'
import * as z from 'zod'
import type { AcceptanceApp, Native, NativeAccount, RealApp } from '../app.ts'
import { done, GROUP, patch, person, type Scene, type Step } from '../lifecycle.ts'

/** Stock groups and media types. */
const OFF = '9'
const REST = '12'
const MAIL = '1'
const SMS = '3'

const idsSchema = z.array(z.string())
const userSchema = z.object({
  userid: z.string(),
  username: z.string(),
  surname: z.string(),
  users_status: z.string(),
  usrgrps: z.array(z.object({ usrgrpid: z.string() })),
  medias: z.array(
    z.object({
      mediatypeid: z.string(),
      sendto: z.union([z.string(), z.array(z.string())]),
      severity: z.string(),
    }),
  ),
})
type User = z.output<typeof userSchema>
const groupSchema = z.object({
  usrgrpid: z.string(),
  users: z.array(z.object({ userid: z.string() })),
})

/** The app's own API, past the gateway. */
function openZabbix({ url, credential }: Pick<RealApp, 'url' | 'credential'>) {
  async function call<T>(method: string, params: unknown, schema: z.ZodType<T>): Promise<T> {
    const response = await fetch(`${url}/api_jsonrpc.php`, {
      method: 'POST',
      headers: { 'content-type': 'application/json-rpc' },
      body: JSON.stringify({ jsonrpc: '2.0', method, params, auth: credential, id: 1 }),
    })
    const body: unknown = await response.json()
    const { result } = z.object({ result: z.unknown() }).parse(body)
    if (result === undefined) throw new Error(`${method}: ${JSON.stringify(body).slice(0, 300)}`)
    return schema.parse(result)
  }
  return {
    call,
    async user(username: string): Promise<User | undefined> {
      const params = {
        filter: { username },
        getAccess: true,
        selectUsrgrps: ['usrgrpid'],
        selectMedias: ['mediatypeid', 'sendto', 'severity'],
      }
      return (await call('user.get', params, z.array(userSchema)))[0]
    },
    async group(name: string) {
      const params = { filter: { name }, selectUsers: ['userid'] }
      return (await call('usergroup.get', params, z.array(groupSchema)))[0]
    },
    /** @returns the native id */
    async createUser(username: string, groups: readonly string[], more: object = {}) {
      const usrgrps = groups.map((usrgrpid) => ({ usrgrpid }))
      const passwd = `Pw-${crypto.randomUUID()}`
      const params = { username, passwd, roleid: '1', usrgrps, surname: 'Here', ...more }
      const made = await call('user.create', params, z.object({ userids: idsSchema }))
      return made.userids[0] ?? ''
    },
  }
}

const toAccount = ({ userid, users_status, surname }: User): NativeAccount => ({
  id: userid,
  active: users_status === '0',
  lastName: surname,
})

function native(started: RealApp): Native {
  const zabbix = openZabbix(started)
  return {
    async createAccount(login, active) {
      await zabbix.createUser(login, active ? [REST] : [REST, OFF])
      const found = await zabbix.user(login)
      assert.ok(found)
      return toAccount(found)
    },
    async account(login) {
      const found = await zabbix.user(login)
      return found && toAccount(found)
    },
    async members(name) {
      return (await zabbix.group(name))?.users.map(({ userid }) => userid)
    },
    // The app and its database go with the run.
    clean: async () => {},
  }
}

function traps({ scim, open, writes, run }: Scene, started: RealApp): readonly Step[] {
  const zabbix = openZabbix(started)
  const login = (name: string) => `${name}-${run}`
  const groupsOf = async (name: string) => {
    const found = await zabbix.user(login(name))
    return found?.usrgrps.map(({ usrgrpid }) => usrgrpid).sort()
  }
  const match = async (name: string, by: typeof scim = scim) => {
    const filter = encodeURIComponent(`userName eq "${name}"`)
    return by('GET', `/Users?filter=${filter}`)
  }
  const create = async (name: string, more: object = {}): Promise<string> =>
    done(await scim('POST', '/Users', { ...person(login(name)), ...more }), 201).id
  const createGroup = async (displayName: string): Promise<[scimId: string, id: string]> => {
    const { id } = done(await scim('POST', '/Groups', { schemas: [GROUP], displayName }), 201)
    return [id, (await zabbix.group(displayName))?.usrgrpid ?? '']
  }
  const join = async (group: string, ...members: string[]) => {
    const value = members.map((id) => ({ value: id }))
    done(await scim('PATCH', `/Groups/${group}`, patch({ op: 'add', path: 'members', value })), 204)
  }
  const leave = async (group: string, member: string) => {
    const path = `members[value eq "${member}"]`
    done(await scim('PATCH', `/Groups/${group}`, patch({ op: 'remove', path })), 204)
  }
  const turn = async (id: string, active: boolean) => {
    const body = patch({ op: 'replace', path: 'active', value: active })
    done(await scim('PATCH', `/Users/${id}`, body), 200, 204)
  }

  return [
    [
      'whoever is switched off keeps their groups, and is in them when on again',
      async () => {
        const id = await create('eve')
        const [night, nightId] = await createGroup(login('night'))
        const [day, dayId] = await createGroup(login('day'))
        await join(night, id)
        await join(day, id)
        assert.deepEqual(await groupsOf('eve'), [nightId, dayId].sort())
        await turn(id, false)
        assert.deepEqual(await groupsOf('eve'), [nightId, dayId, OFF].sort())
        await leave(day, id)
        assert.deepEqual(await groupsOf('eve'), [nightId, OFF].sort())
        await turn(id, true)
        assert.deepEqual(await groupsOf('eve'), [nightId])
      },
    ],
    [
      'whoever was put into another group that is disabled is switched on all the same',
      async () => {
        const params = { name: login('barred'), users_status: 1 }
        const made = await zabbix.call(
          'usergroup.create',
          params,
          z.object({ usrgrpids: idsSchema }),
        )
        await zabbix.createUser(login('fay'), made.usrgrpids)
        const [found] = done(await match(login('fay')), 200).Resources
        assert.equal(found.active, false)
        await turn(found.id, true)
        assert.deepEqual(await groupsOf('fay'), [REST])
        assert.equal((await zabbix.user(login('fay')))?.users_status, '0')
      },
    ],
    [
      'whoever leaves the last group is in the group for that, until there is another one',
      async () => {
        const id = await create('gil')
        assert.deepEqual(await groupsOf('gil'), [REST])
        const [group, groupId] = await createGroup(login('only'))
        await join(group, id)
        assert.deepEqual(await groupsOf('gil'), [groupId])
        await leave(group, id)
        assert.deepEqual(await groupsOf('gil'), [REST])
        // Somebody's only group does not go by itself.
        await join(group, id)
        done(await scim('DELETE', `/Groups/${group}`), 204)
        assert.equal(await zabbix.group(login('only')), undefined)
        assert.deepEqual(await groupsOf('gil'), [REST])
      },
    ],
    [
      'an account that is made switched off is off',
      async () => {
        await create('hal', { active: false })
        assert.deepEqual(await groupsOf('hal'), [REST, OFF].sort())
      },
    ],
    [
      'two accounts that differ in letter case are both shown, and neither is taken',
      async () => {
        for (const name of ['ivy', 'IVY']) await zabbix.createUser(login(name), [REST])
        assert.equal(done(await match(login('ivy')), 200).totalResults, 2)
        const before = writes()
        done(await scim('POST', '/Users', person(login('ivy'))), 409)
        assert.equal(writes(), before)
      },
    ],
    [
      'another address changes nothing else that somebody is told by',
      async () => {
        const mail = login('jo').concat('@app.example')
        const common = { active: 0, period: '1-7,00:00-24:00' }
        await zabbix.createUser(login('jo'), [REST], {
          medias: [
            { mediatypeid: SMS, sendto: '555', severity: 1, ...common },
            { mediatypeid: MAIL, sendto: [mail], severity: 48, ...common },
          ],
        })
        const { id } = done(await scim('POST', '/Users', person(login('jo'))), 201)
        const value = [{ type: 'work', value: `new-${mail}` }]
        const body = patch({ op: 'replace', path: 'emails', value })
        assert.deepEqual(done(await scim('PATCH', `/Users/${id}`, body), 200).emails, value)
        assert.deepEqual((await zabbix.user(login('jo')))?.medias, [
          { mediatypeid: SMS, sendto: '555', severity: '1' },
          { mediatypeid: MAIL, sendto: [`new-${mail}`], severity: '48' },
        ])
      },
    ],
    [
      'an error inside a 200 is an error, and says which attribute it is about',
      async () => {
        const wrong = { ...person(login('kim')), emails: [{ type: 'work', value: 'no address' }] }
        const { body } = await scim('POST', '/Users', wrong)
        assert.deepEqual([body.status, body.scimType], ['400', 'invalidValue'])
        assert.match(body.detail, /emails/)
        assert.equal(await zabbix.user(login('kim')), undefined)
      },
    ],
    [
      'a rename is a rename, and one to a taken name is 409',
      async () => {
        const id = await create('lea')
        const to = (name: string) => patch({ op: 'replace', path: 'userName', value: login(name) })
        done(await scim('PATCH', `/Users/${id}`, to('lou')), 200)
        assert.ok(await zabbix.user(login('lou')))
        await zabbix.createUser(login('max'), [REST])
        const { status, body } = await scim('PATCH', `/Users/${id}`, to('max'))
        assert.deepEqual([status, body.scimType], [409, 'uniqueness'])
      },
    ],
    [
      'the guest and the account of the token are shown, and refuse every write',
      async () => {
        for (const name of ['guest', 'Admin']) {
          const [{ id }] = done(await match(name), 200).Resources
          const before = writes()
          assert.equal((await scim('DELETE', `/Users/${id}`)).status, 400)
          assert.equal(writes(), before)
        }
      },
    ],
    [
      'super admins refuse every write where policy says so',
      async () => {
        const protectedRole = { protected: [{ app: 'role', pattern: '3' }] }
        const careful = await open('careful', () => ({ policy: protectedRole }))
        await zabbix.createUser(login('root'), [REST], { roleid: '3' })
        const [{ id }] = done(await match(login('root'), careful), 200).Resources
        assert.equal((await careful('DELETE', `/Users/${id}`)).status, 400)
        assert.ok(await zabbix.user(login('root')))
      },
    ],
    [
      'whoever owns a map is not deleted but switched off',
      async () => {
        const id = await create('ned')
        const userid = (await zabbix.user(login('ned')))?.userid
        const map = { name: login('map'), width: 100, height: 100, userid }
        await zabbix.call('map.create', map, z.unknown())
        done(await scim('DELETE', `/Users/${id}`), 204)
        assert.equal((await zabbix.user(login('ned')))?.users_status, '1')
        done(await scim('GET', `/Users/${id}`), 404)
      },
    ],
    [
      'a refused token is 503, and never an empty list',
      async () => {
        const locked = await open('locked', () => ({ secrets: { token: '0'.repeat(64) } }))
        const { status, headers, body } = await match('guest', locked)
        assert.equal(status, 503)
        assert.ok(headers.get('retry-after'))
        assert.match(body.detail, /credentials/)
      },
    ],
  ]
}

export const zabbix: AcceptanceApp = {
  name: 'zabbix',
  adapter: 'zabbix',
  script: 'zabbix.sh',
  connection: ({ url, credential = '' }) => ({
    settings: { url, apiUser: 'Admin' },
    secrets: { token: credential },
  }),
  native,
  isRead: (_, body) => /"method":"\w+\.get"/.test(body),
  traps,
}
