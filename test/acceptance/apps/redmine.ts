/** Redmine 5 from Debian, through its JSON API. */
import * as z from 'zod'
import type { AcceptanceApp, Native, NativeAccount, RealApp } from '../app.ts'

const KEY = '0123456789abcdef0123456789abcdef01234567'

const userSchema = z.object({ id: z.number(), login: z.string(), lastname: z.string() })
const shownSchema = z.object({ user: userSchema.extend({ status: z.number() }) })
const groupSchema = z.object({ id: z.number(), name: z.string() })

function native({ url }: RealApp): Native {
  const made = { logins: new Set<string>(), groups: new Set<string>() }

  async function call(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(url + path, {
      method,
      headers: { 'x-redmine-api-key': KEY, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 200)}`)
    return text.trim() === '' ? undefined : JSON.parse(text)
  }

  const toAccount = ({ user }: z.output<typeof shownSchema>): NativeAccount => ({
    id: String(user.id),
    active: user.status === 1,
    lastName: user.lastname,
  })

  async function account(login: string): Promise<NativeAccount | undefined> {
    made.logins.add(login)
    const query = new URLSearchParams({ name: login, status: '' })
    const { users } = z
      .object({ users: z.array(userSchema) })
      .parse(await call('GET', `/users.json?${query}`))
    const found = users.find((user) => user.login.toLowerCase() === login.toLowerCase())
    if (!found) return undefined
    return toAccount(shownSchema.parse(await call('GET', `/users/${found.id}.json`)))
  }

  async function group(name: string): Promise<number | undefined> {
    made.groups.add(name)
    const { groups } = z
      .object({ groups: z.array(groupSchema) })
      .parse(await call('GET', '/groups.json'))
    return groups.find((one) => one.name === name)?.id
  }

  return {
    async createAccount(login, active) {
      made.logins.add(login)
      const [mail, status] = [`${login}@app.example`, active ? 1 : 3]
      const names = { firstname: 'Was', lastname: 'Here' }
      const user = { login, mail, status, generate_password: true, ...names }
      return toAccount(shownSchema.parse(await call('POST', '/users.json', { user })))
    },
    account,
    async members(name) {
      const id = await group(name)
      if (id === undefined) return undefined
      const { users } = z
        .object({ group: z.object({ users: z.array(z.object({ id: z.number() })) }) })
        .parse(await call('GET', `/groups/${id}.json?include=users`)).group
      return users.map((user) => String(user.id))
    },
    async clean() {
      for (const login of made.logins) {
        const found = await account(login)
        if (found) await call('DELETE', `/users/${found.id}.json`)
      }
      for (const name of made.groups) {
        const id = await group(name)
        if (id !== undefined) await call('DELETE', `/groups/${id}.json`)
      }
    },
  }
}

const app = (adapter: string): AcceptanceApp => ({
  name: adapter,
  adapter,
  script: 'redmine.sh',
  connection: ({ url }) => ({ settings: { url }, secrets: { apiKey: KEY } }),
  native,
})

export const redmine = app('redmine')
/** The same app, spoken to in XML; what it holds is looked at in JSON all the same. */
export const redmineXml = app('redmine-xml')
