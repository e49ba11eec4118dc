/**
 * GitLab's API as its documentation has it (docs.gitlab.com/api: users, user_moderation, groups,
 * group members), as an administrator sees it.
 */
import { type Fake, fake, json, nothing, page, same, within } from './fake.ts'

interface User {
  id: number
  username: string
  name: string
  email: string
  state: string
  job_title: string | null
  organization: string | null
  is_admin: boolean
  bot: boolean
  created_at: string
}
interface Group {
  id: number
  name: string
  path: string
  description: string
  created_at: string
}
interface Member {
  group: number
  user: number
  access_level: number
}

export const TOKEN = 'glpat-test'
const TEXTS = ['username', 'name', 'job_title', 'organization'] as const
const PAGES = { size: 20, most: 100 }

export function gitlab(): Fake & { readonly users: User[]; readonly groups: Group[] } {
  const users: User[] = []
  const groups: Group[] = []
  const members: Member[] = []
  let last = 0
  const made = () => ({ id: ++last, created_at: new Date(1_700_000_000_000 + last).toISOString() })
  users.push({
    ...made(),
    username: 'root',
    name: 'Administrator',
    email: 'admin@gitlab.example',
    state: 'active',
    job_title: '',
    organization: '',
    is_admin: true,
    bot: false,
  })

  const noUser = () => json({ message: '404 User Not Found' }, 404)
  const noGroup = () => json({ message: '404 Group Not Found' }, 404)
  const user = (id: unknown) => users.find((one) => String(one.id) === String(id))
  const group = (id: string) => groups.find((one) => String(one.id) === id)
  const taken = (body: Partial<User>, but?: User): Response | undefined => {
    const others = users.filter((one) => one !== but)
    if (body.email !== undefined && others.some((one) => same(one.email, body.email))) {
      return json({ message: 'Email has already been taken' }, 409)
    }
    if (body.username !== undefined && others.some((one) => same(one.username, body.username))) {
      return json({ message: 'Username has already been taken' }, 409)
    }
    return undefined
  }
  const moderated = (state: string) => (id: string) => {
    const found = user(id)
    if (!found) return noUser()
    if (state === 'active' && found.state === 'deactivated') {
      return json(
        { message: '403 Forbidden - Deactivated users cannot be unblocked by the API' },
        403,
      )
    }
    found.state = state
    return json(true, 201)
  }
  const shown = (member: Member) => {
    const { id, username, name, state } = user(member.user) ?? { id: member.user }
    return { id, username, name, state, access_level: member.access_level }
  }

  const app = fake(
    {
      'GET /api/v4/users': ({ query }) => {
        const username = query.get('username')
        const search = query.get('search')
        const found = users
          .filter((one) => username === null || same(one.username, username))
          .filter(
            (one) =>
              search === null ||
              within(one.username, search) ||
              within(one.name, search) ||
              same(one.email, search),
          )
        return json(page(found.toReversed(), query, PAGES))
      },
      'POST /api/v4/users': ({ body }) => {
        const missing = ['email', 'name', 'username'].find((name) => !body[name])
        if (missing) return json({ error: `${missing} is missing` }, 400)
        if (!body.password && !body.reset_password && !body.force_random_password) {
          return json(
            {
              error:
                'password, reset_password, force_random_password are missing, at least one parameter must be provided',
            },
            400,
          )
        }
        const refused = taken(body)
        if (refused) return refused
        const one: User = {
          ...made(),
          username: body.username,
          name: body.name,
          email: body.email,
          state: 'active',
          job_title: body.job_title ?? '',
          organization: body.organization ?? '',
          is_admin: false,
          bot: false,
        }
        users.push(one)
        return json(one, 201)
      },
      'GET /api/v4/users/:id': ({ id }) => {
        const found = user(id)
        return found ? json(found) : noUser()
      },
      'PUT /api/v4/users/:id': ({ id, body }) => {
        const found = user(id)
        if (!found) return noUser()
        const refused = taken(body, found)
        if (refused) return refused
        for (const name of TEXTS) if (name in body) found[name] = body[name] ?? ''
        // Without it the new address waits for its owner, and the old one is shown.
        if ('email' in body && body.skip_reconfirmation === true) found.email = body.email
        return json(found)
      },
      'DELETE /api/v4/users/:id': ({ id }) => {
        const found = user(id)
        if (!found) return noUser()
        users.splice(users.indexOf(found), 1)
        return nothing()
      },
      'POST /api/v4/users/:id/block': ({ id }) => moderated('blocked')(id),
      'POST /api/v4/users/:id/unblock': ({ id }) => moderated('active')(id),
      'GET /api/v4/groups': ({ query }) => {
        const search = query.get('search')
        const found = groups.filter(
          (one) => search === null || within(one.name, search) || within(one.path, search),
        )
        return json(page(found, query, PAGES))
      },
      'POST /api/v4/groups': ({ body }) => {
        if (!body.name || !body.path)
          return json({ error: 'name is missing, path is missing' }, 400)
        if (groups.some((one) => same(one.path, body.path))) {
          const message = 'Failed to save group {:path=>["has already been taken"]}'
          return json({ message }, 400)
        }
        const one = {
          ...made(),
          name: body.name,
          path: body.path,
          description: body.description ?? '',
        }
        groups.push(one)
        // Whoever makes a group owns it.
        members.push({ group: one.id, user: 1, access_level: 50 })
        return json(one, 201)
      },
      'GET /api/v4/groups/:id': ({ id }) => {
        const found = group(id)
        return found ? json(found) : noGroup()
      },
      'PUT /api/v4/groups/:id': ({ id, body }) => {
        const found = group(id)
        if (!found) return noGroup()
        if ('name' in body) found.name = body.name
        if ('description' in body) found.description = body.description ?? ''
        return json(found)
      },
      'DELETE /api/v4/groups/:id': ({ id }) => {
        const found = group(id)
        if (!found) return noGroup()
        groups.splice(groups.indexOf(found), 1)
        return json({ message: '202 Accepted' }, 202)
      },
      'GET /api/v4/groups/:id/members': ({ id, query }) =>
        group(id)
          ? json(page(members.filter((one) => String(one.group) === id).map(shown), query, PAGES))
          : noGroup(),
      'POST /api/v4/groups/:id/members': ({ id, body }) => {
        const found = group(id)
        if (!found) return noGroup()
        if (body.access_level === undefined) return json({ error: 'access_level is missing' }, 400)
        if (!user(body.user_id)) return noUser()
        const is = members.some((one) => one.group === found.id && one.user === body.user_id)
        if (is) return json({ message: 'Member already exists' }, 409)
        // Numbers are taken as text too.
        const one = { group: found.id, user: body.user_id, access_level: Number(body.access_level) }
        members.push(one)
        return json(shown(one), 201)
      },
      'DELETE /api/v4/groups/:id/members/:other': ({ id, other }) => {
        if (!group(id)) return noGroup()
        const at = members.findIndex(
          (one) => String(one.group) === id && String(one.user) === other,
        )
        if (at < 0) return json({ message: '404 Not Found' }, 404)
        members.splice(at, 1)
        return nothing()
      },
    },
    (headers) =>
      headers.get('private-token') === TOKEN
        ? undefined
        : json({ message: '401 Unauthorized' }, 401),
    () => json({ error: '404 Not Found' }, 404),
  )
  return { ...app, users, groups }
}
