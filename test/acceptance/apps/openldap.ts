/** OpenLDAP 2.5 from Debian, looked into with another client than the gateway's. */
import { Client, type Entry, EqualityFilter } from 'ldapts'
import type { AcceptanceApp, Native, NativeAccount, RealApp } from '../app.ts'
import { startLdapProxy } from '../ldap-proxy.ts'

/** Who is let through everything, in the eyes of the directory; Postern is not. */
const ADMIN = 'cn=admin,dc=example,dc=com'
const ADMIN_PASSWORD = 'Adm1n-s3cret'
const PEOPLE = 'ou=people,dc=example,dc=com'
const GROUPS = 'ou=groups,dc=example,dc=com'
const LOCKED = '000001010000Z'

const asked = ['*', 'entryUUID', 'pwdAccountLockedTime']

const listOf = (entry: Entry, name: string): string[] => {
  const value = entry[name]
  return (Array.isArray(value) ? value : value === undefined ? [] : [value]).map(String)
}
const oneOf = (entry: Entry, name: string): string => listOf(entry, name)[0] ?? ''

function native({ url }: Pick<RealApp, 'url'>): Native {
  const made = new Set<string>()

  async function use<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client({ url })
    try {
      await client.bind(ADMIN, ADMIN_PASSWORD)
      return await work(client)
    } finally {
      await client.unbind()
    }
  }

  async function find(client: Client, base: string, attribute: string, value: string) {
    const filter = new EqualityFilter({ attribute, value })
    const { searchEntries } = await client.search(base, { filter, attributes: asked })
    return searchEntries[0]
  }

  const toAccount = (entry: Entry): NativeAccount => ({
    id: oneOf(entry, 'entryUUID'),
    active: !listOf(entry, 'pwdAccountLockedTime').includes(LOCKED),
    lastName: oneOf(entry, 'sn'),
  })

  async function account(login: string): Promise<NativeAccount | undefined> {
    return use(async (client) => {
      const entry = await find(client, PEOPLE, 'uid', login)
      if (entry) made.add(entry.dn)
      return entry && toAccount(entry)
    })
  }

  return {
    async createAccount(login, active) {
      await use((client) =>
        client.add(`uid=${login},${PEOPLE}`, {
          objectClass: 'inetOrgPerson',
          uid: login,
          cn: 'Was Here',
          sn: 'Here',
          mail: `${login}@app.example`,
          ...(!active && { pwdAccountLockedTime: LOCKED }),
        }),
      )
      const created = await account(login)
      if (!created) throw new Error(`the directory has no ${login}`)
      return created
    },
    account,
    members: (name) =>
      use(async (client) => {
        const group = await find(client, GROUPS, 'cn', name)
        if (!group) return undefined
        made.add(group.dn)
        const ids: string[] = []
        for (const dn of listOf(group, 'member')) {
          const { searchEntries } = await client
            .search(dn, { scope: 'base', attributes: ['entryUUID'] })
            .catch(() => ({ searchEntries: [] as Entry[] }))
          ids.push(...searchEntries.map((entry) => oneOf(entry, 'entryUUID')))
        }
        return ids
      }),
    clean: () =>
      use(async (client) => {
        for (const dn of made) await client.del(dn).catch(() => undefined)
      }),
  }
}

export const openldap: AcceptanceApp = {
  name: 'openldap',
  adapter: 'openldap',
  script: 'slapd.sh',
  connection: ({ url }) => ({
    settings: {
      url,
      transport: 'plain',
      bindDn: 'cn=postern,dc=example,dc=com',
      peopleBase: PEOPLE,
      groupsBase: GROUPS,
    },
    secrets: { password: 'P0stern-s3cret' },
  }),
  native,
  proxy: startLdapProxy,
}
