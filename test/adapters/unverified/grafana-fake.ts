/** Grafana's HTTP API as its documentation has it (developers/http_api: admin, user, team). */
import { type Fake, fake, json, page, same, within } from './fake.ts'

interface User {
  id: number
  login: string
  email: string
  name: string
  theme: string
  isGrafanaAdmin: boolean
  isDisabled: boolean
  createdAt: string
  updatedAt: string
}
interface Team {
  id: number
  name: string
  email: string
}

export const PASSWORD = 'grafana-test'
const PAGES = { size: 1000, most: 1000, name: 'perpage' }

export function grafana(): Fake & { readonly users: User[]; readonly teams: Team[] } {
  const users: User[] = []
  const teams: Team[] = []
  const members: { team: number; user: number }[] = []
  let last = 0
  const add = (given: Partial<User>): User => {
    const at = new Date(1_700_000_000_000 + ++last).toISOString()
    const { login = given.email ?? '', email = given.login ?? '', name = '' } = given
    const isGrafanaAdmin = given.isGrafanaAdmin ?? false
    const one = { id: last, login, email, name, theme: '', isGrafanaAdmin, isDisabled: false }
    users.push({ ...one, createdAt: at, updatedAt: at })
    return { ...one, createdAt: at, updatedAt: at }
  }
  add({ login: 'admin', email: 'admin@localhost', isGrafanaAdmin: true })

  const said = (message: string, status = 200, more: object = {}) =>
    json({ message, ...more }, status)
  const noUser = () => said('user not found', 404)
  const noTeam = () => said('Team not found', 404)
  const user = (id: unknown) => users.find((one) => String(one.id) === String(id))
  const team = (id: string) => teams.find((one) => String(one.id) === id)
  const clash = (given: Partial<User>, but?: User) =>
    users.some(
      (one) =>
        one !== but &&
        [given.login, given.email].some(
          (key) => key !== undefined && (same(one.login, key) || same(one.email, key)),
        ),
    )
  const turn = (isDisabled: boolean) => (id: string) => {
    const found = user(id)
    if (!found) return noUser()
    found.isDisabled = isDisabled
    return said(isDisabled ? 'User disabled' : 'User enabled')
  }

  const app = fake(
    {
      'GET /api/users/search': ({ query }) => {
        const text = query.get('query') ?? ''
        const found = users.filter((one) =>
          [one.login, one.email, one.name].some((value) => within(value, text)),
        )
        const rows = page(found, query, PAGES).map((one) => ({
          id: one.id,
          name: one.name,
          login: one.login,
          email: one.email,
          isAdmin: one.isGrafanaAdmin,
          isDisabled: one.isDisabled,
        }))
        return json({ totalCount: found.length, users: rows, page: 1, perPage: 1000 })
      },
      'GET /api/users/:id': ({ id }) => {
        const found = user(id)
        return found ? json(found) : noUser()
      },
      'POST /api/admin/users': ({ body }) => {
        if (!body.password) return said('Password is missing or too short', 400)
        if (clash(body)) {
          return said(
            `User with email '${body.email}' or username '${body.login}' already exists`,
            412,
          )
        }
        return said('User created', 200, { id: add(body).id })
      },
      'PUT /api/users/:id': ({ id, body }) => {
        const found = user(id)
        if (!found) return noUser()
        if (clash(body, found)) return said('user already exists', 412)
        // What is left out is empty afterwards.
        Object.assign(found, {
          login: body.login || body.email,
          email: body.email ?? '',
          name: body.name ?? '',
          theme: body.theme ?? '',
        })
        return said('User updated')
      },
      'DELETE /api/admin/users/:id': ({ id }) => {
        const found = user(id)
        if (!found) return noUser()
        users.splice(users.indexOf(found), 1)
        return said('User deleted')
      },
      'POST /api/admin/users/:id/disable': ({ id }) => turn(true)(id),
      'POST /api/admin/users/:id/enable': ({ id }) => turn(false)(id),
      'GET /api/teams/search': ({ query }) => {
        const name = query.get('name')
        const found = teams.filter((one) => name === null || same(one.name, name))
        return json({ totalCount: found.length, teams: page(found, query, PAGES), page: 1 })
      },
      'GET /api/teams/:id': ({ id }) => {
        const found = team(id)
        return found ? json(found) : noTeam()
      },
      'POST /api/teams': ({ body }) => {
        if (teams.some((one) => same(one.name, body.name))) return said('Team name taken', 409)
        const one = { id: ++last, name: body.name, email: body.email ?? '' }
        teams.push(one)
        return said('Team created', 200, { teamId: one.id })
      },
      'PUT /api/teams/:id': ({ id, body }) => {
        const found = team(id)
        if (!found) return noTeam()
        Object.assign(found, { name: body.name, email: body.email ?? '' })
        return said('Team updated')
      },
      'DELETE /api/teams/:id': ({ id }) => {
        const found = team(id)
        if (!found) return noTeam()
        teams.splice(teams.indexOf(found), 1)
        return said('Team deleted')
      },
      'GET /api/teams/:id/members': ({ id }) => {
        if (!team(id)) return noTeam()
        const found = members.filter((one) => String(one.team) === id)
        return json(found.map((one) => ({ userId: one.user, login: user(one.user)?.login })))
      },
      'POST /api/teams/:id/members': ({ id, body }) => {
        const found = team(id)
        if (!found) return noTeam()
        if (!user(body.userId)) return noUser()
        if (members.some((one) => one.team === found.id && one.user === body.userId)) {
          return said('User is already added to this team', 400)
        }
        members.push({ team: found.id, user: body.userId })
        return said('Member added to Team')
      },
      'DELETE /api/teams/:id/members/:other': ({ id, other }) => {
        if (!team(id)) return noTeam()
        const at = members.findIndex((one) => String(one.team) === id && String(one.user) === other)
        if (at < 0) return said('Team member not found', 404)
        members.splice(at, 1)
        return said('Team Member removed')
      },
    },
    (headers) =>
      headers.get('authorization') === `Basic ${btoa(`admin:${PASSWORD}`)}`
        ? undefined
        : said('Invalid username or password', 401),
    () => said('Not found', 404),
  )
  return { ...app, users, teams }
}
