/** Mattermost's API v4 as its documentation has it (developers.mattermost.com/api-documentation). */
import { type Fake, fake, json, page, same, within } from './fake.ts'

interface User {
  id: string
  create_at: number
  update_at: number
  delete_at: number
  username: string
  email: string
  first_name: string
  last_name: string
  nickname: string
  position: string
  roles: string
}
interface Team {
  id: string
  create_at: number
  delete_at: number
  name: string
  display_name: string
  type: string
}

export const TOKEN = 'mattermost-test'
const TEXTS = ['username', 'email', 'first_name', 'last_name', 'nickname', 'position'] as const
const PAGES = { size: 60, most: 200, first: 0 } as const
const ID = /^[a-z0-9]{26}$/

export function mattermost(): Fake & { readonly users: User[]; readonly teams: Team[] } {
  const users: User[] = []
  const teams: Team[] = []
  const members: { team_id: string; user_id: string; delete_at: number }[] = []
  let clock = 1_700_000_000_000
  let last = 0
  const newId = () => String(++last).padStart(26, 'x')

  const failure = (status: number, id: string) =>
    json(
      {
        id,
        message: `in words: ${id}`,
        detailed_error: '',
        request_id: newId(),
        status_code: status,
      },
      status,
    )
  const badId = () => failure(400, 'api.context.invalid_url_param.app_error')
  const noUser = () => failure(404, 'app.user.missing_account.const')
  const noTeam = () => failure(404, 'app.team.get.find.app_error')
  const user = (id: string) => users.find((one) => one.id === id)
  const team = (id: string) => teams.find((one) => one.id === id)
  const refusal = (body: Partial<User>, but?: User): Response | undefined => {
    if (body.username !== undefined && !/^[a-z][a-z0-9._-]{2,63}$/i.test(body.username)) {
      return failure(400, 'model.user.is_valid.username.app_error')
    }
    const others = users.filter((one) => one !== but)
    if (body.username !== undefined && others.some((one) => same(one.username, body.username))) {
      return failure(400, 'app.user.save.username_exists.app_error')
    }
    if (body.email !== undefined && others.some((one) => same(one.email, body.email))) {
      return failure(400, 'app.user.save.email_exists.app_error')
    }
    return undefined
  }
  // Names and addresses are kept in lower case, whatever was sent.
  const kept = (name: string, value: unknown): string =>
    name === 'username' || name === 'email' ? String(value).toLowerCase() : String(value ?? '')

  const app = fake(
    {
      'GET /api/v4/users': ({ query }) => json(page(users, query, PAGES)),
      'POST /api/v4/users/search': ({ body }) =>
        json(
          users
            .filter((one) => body.allow_inactive === true || one.delete_at === 0)
            .filter((one) =>
              // Words begin with the term.
              TEXTS.slice(0, 4).some((name) =>
                one[name].toLowerCase().startsWith(body.term.toLowerCase()),
              ),
            )
            .slice(0, body.limit ?? 100),
        ),
      'POST /api/v4/users/usernames': ({ body }) =>
        json(users.filter((one) => body.includes(one.username))),
      'POST /api/v4/users': ({ body }) => {
        if (!body.email) return failure(400, 'model.user.is_valid.email.app_error')
        if (!body.password) return failure(400, 'model.user.is_valid.pwd.app_error')
        const refused = refusal(body)
        if (refused) return refused
        const one = {
          id: newId(),
          create_at: ++clock,
          update_at: clock,
          delete_at: 0,
          roles: 'system_user',
          ...(Object.fromEntries(TEXTS.map((name) => [name, kept(name, body[name])])) as Pick<
            User,
            (typeof TEXTS)[number]
          >),
        }
        users.push(one)
        return json(one, 201)
      },
      'GET /api/v4/users/username/:id': ({ id }) => {
        const found = users.find((one) => same(one.username, id))
        return found ? json(found) : noUser()
      },
      'GET /api/v4/users/:id': ({ id }) => {
        if (!ID.test(id)) return badId()
        const found = user(id)
        return found ? json(found) : noUser()
      },
      'PUT /api/v4/users/:id/patch': ({ id, body }) => {
        const found = user(id)
        if (!found) return noUser()
        const refused = refusal(body, found)
        if (refused) return refused
        for (const name of TEXTS) if (name in body) found[name] = kept(name, body[name])
        found.update_at = ++clock
        return json(found)
      },
      'PUT /api/v4/users/:id/active': ({ id, body }) => {
        const found = user(id)
        if (!found) return noUser()
        found.delete_at = body.active ? 0 : ++clock
        return json({ status: 'OK' })
      },
      'DELETE /api/v4/users/:id': ({ id }) => {
        const found = user(id)
        if (!found) return noUser()
        found.delete_at = ++clock
        return json({ status: 'OK' })
      },
      'GET /api/v4/teams': ({ query }) =>
        json(
          page(
            teams.filter((one) => one.delete_at === 0),
            query,
            PAGES,
          ),
        ),
      'POST /api/v4/teams/search': ({ body }) =>
        json(teams.filter((one) => one.delete_at === 0 && within(one.display_name, body.term))),
      'POST /api/v4/teams': ({ body }) => {
        if (!/^[a-z][a-z0-9-]+$/.test(body.name))
          return failure(400, 'model.team.is_valid.url.app_error')
        if (teams.some((one) => one.name === body.name)) {
          return failure(400, 'app.team.save.existing.app_error')
        }
        const { name, display_name, type } = body
        const one = { id: newId(), create_at: ++clock, delete_at: 0, name, display_name, type }
        teams.push(one)
        return json(one, 201)
      },
      'GET /api/v4/teams/:id': ({ id }) => {
        const found = team(id)
        return found ? json(found) : noTeam()
      },
      'PUT /api/v4/teams/:id/patch': ({ id, body }) => {
        const found = team(id)
        if (!found) return noTeam()
        if ('display_name' in body) found.display_name = body.display_name
        return json(found)
      },
      'DELETE /api/v4/teams/:id': ({ id }) => {
        const found = team(id)
        if (!found) return noTeam()
        found.delete_at = ++clock
        return json({ status: 'OK' })
      },
      'GET /api/v4/teams/:id/members': ({ id, query }) =>
        json(
          page(
            members.filter((one) => one.team_id === id && one.delete_at === 0),
            query,
            PAGES,
          ),
        ),
      'POST /api/v4/teams/:id/members': ({ id, body }) => {
        if (!team(id)) return noTeam()
        if (!user(body.user_id)) return noUser()
        const found = members.find((one) => one.team_id === id && one.user_id === body.user_id)
        if (found) found.delete_at = 0
        const one = found ?? { team_id: id, user_id: body.user_id, delete_at: 0 }
        if (!found) members.push(one)
        return json(one, 201)
      },
      'DELETE /api/v4/teams/:id/members/:other': ({ id, other }) => {
        const found = members.find(
          (one) => one.team_id === id && one.user_id === other && one.delete_at === 0,
        )
        if (!found) return failure(404, 'app.team.get_member.missing.app_error')
        found.delete_at = ++clock
        return json({ status: 'OK' })
      },
    },
    (headers) =>
      headers.get('authorization') === `Bearer ${TOKEN}`
        ? undefined
        : failure(401, 'api.context.session_expired.app_error'),
    () => failure(404, 'api.context.404.app_error'),
  )
  return { ...app, users, teams }
}
