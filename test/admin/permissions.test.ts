/** Every route and method of the admin API, as every kind of administrator meets it. */
import { describe, expect, test } from 'vitest'
import { permissions } from '../../src/admin/permissions.ts'
import { type Administration, openAdministration } from '../support/administrators.ts'
import type { Answer } from '../support/gateway.ts'

/** Who may, in the words of docs/security.md; the code's table is compared with it. */
const MAY = {
  auditor: [
    'GET /me',
    'GET /overview',
    'GET /people',
    'GET /metrics',
    'GET /conditions',
    'GET /connections',
    'GET /connections/:name/overview',
    'GET /connections/:name/conditions',
    'GET /connections/:name/entra',
    'GET /connections/:name/adapter',
    'GET /connections/:name',
    'GET /connections/:name/tokens',
    'GET /connections/:name/clients',
    'GET /connections/:name/clients/:id',
    'GET /connections/:name/reconcile',
    'GET /connections/:name/reconcile/:id',
    'GET /connections/:name/preflight/:id',
    'GET /connections/:name/findings',
    'GET /connections/:name/leavers',
    'GET /connections/:name/alerts',
    'GET /connections/:name/alerts/notices',
    'GET /connections/:name/alerts/channels',
    'GET /connections/:name/alerts/channels/:channel',
    'GET /connections/:name/audit',
    'GET /connections/:name/access',
    'GET /connections/:name/health',
    'GET /connections/:name/doctor',
    'GET /connections/:name/export',
    'GET /connections/:name/links',
    'GET /connections/:name/people',
    'GET /connections/:name/people/:id',
    'GET /connections/:name/groups',
    'GET /connections/:name/groups/:id',
    'GET /connections/:name/groups/:id/members',
    'GET /connections/:name/guard',
    'GET /connections/:name/mapping/history',
  ],
  operator: [
    'PATCH /connections/:name',
    'POST /connections/:name/tokens',
    'DELETE /connections/:name/tokens/:id',
    'POST /connections/:name/clients',
    'DELETE /connections/:name/clients/:id',
    'POST /connections/:name/clients/:id/secrets',
    'DELETE /connections/:name/clients/:id/secrets/:secret',
    'POST /connections/:name/reconcile',
    'POST /connections/:name/reconcile/:id/advance',
    'POST /connections/:name/preflight',
    'POST /connections/:name/findings/:id/decide',
    'POST /connections/:name/leavers/remove',
    'PUT /connections/:name/alerts/channels/:channel',
    'DELETE /connections/:name/alerts/channels/:channel',
    'POST /connections/:name/alerts/channels/:channel/test',
    'POST /connections/:name/alerts/channels/:channel/secrets',
    'DELETE /connections/:name/alerts/channels/:channel/secrets/:secret',
    'POST /connections/:name/mapping/try',
    'POST /connections/:name/try',
    'POST /connections/:name/links',
    'DELETE /connections/:name/people/:id',
  ],
  owner: ['DELETE /connections/:name'],
} as const
const MAY_WITHOUT_LIMIT = {
  auditor: [
    'GET /adapters',
    'GET /adapters/:name',
    'GET /databases',
    'GET /manifests',
    'GET /manifests/:name',
    'GET /sealing',
    'GET /doctor',
    'GET /alerts/channels',
    'GET /alerts/channels/:channel',
  ],
  operator: [
    'POST /connections',
    'POST /adapters/:name/try',
    'PUT /manifests/:name',
    'DELETE /manifests/:name',
    'POST /manifests/:name/try',
    'POST /manifests/:name/rollback',
    'PUT /alerts/channels/:channel',
    'DELETE /alerts/channels/:channel',
    'POST /alerts/channels/:channel/test',
    'POST /alerts/channels/:channel/secrets',
    'DELETE /alerts/channels/:channel/secrets/:secret',
  ],
  owner: [
    'GET /administrators',
    'POST /administrators',
    'GET /administrators/:id',
    'PATCH /administrators/:id',
    'DELETE /administrators/:id',
    'POST /administrators/:id/tokens',
    'DELETE /administrators/:id/tokens/:token',
  ],
} as const

const ROLES = ['auditor', 'operator', 'owner'] as const
type Role = (typeof ROLES)[number]

const upTo = (table: Readonly<Record<Role, readonly string[]>>, role: Role): string[] =>
  ROLES.slice(0, ROLES.indexOf(role) + 1).flatMap((each) => table[each])

const isNoConnection = ({ status, body }: Answer) =>
  status === 404 && body.detail === 'There is no connection of this name'

/** Nothing of these is there but the connection; off-boarding is left for another test. */
function walk(api: Administration, token: string, connection: string, routes: readonly string[]) {
  return Promise.all(
    routes.map(async (route) => {
      const [method = '', path = ''] = route.split(' ')
      const at = path
        .replace(/^(\/connections\/):name/, `$1${connection}`)
        .replaceAll(/:\w+/g, 'none')
      const body = method === 'GET' || method === 'DELETE' ? undefined : { unknown: true }
      return [route, await api.ask(method, at, { token, body })] as const
    }),
  )
}

const all = permissions().map(({ method, path }) => `${method} ${path}`)
const walked = all.filter((route) => route !== 'DELETE /connections/:name')

test('every route is for whom the documentation says', () => {
  const said = [MAY, MAY_WITHOUT_LIMIT].flatMap((table) => upTo(table, 'owner'))
  expect([...all].sort()).toEqual([...said].sort())
})

describe.each(ROLES)('an %s', (role) => {
  const api = openAdministration()

  test('of all connections does what the role may, and nothing else', async () => {
    const connection = await api.connect()
    const { token } = await api.administrator(role)
    const may = [...upTo(MAY, role), ...upTo(MAY_WITHOUT_LIMIT, role)]
    const answers = await walk(api, token, connection, walked)
    const refused = answers.filter(([, { status }]) => status === 403).map(([route]) => route)
    expect(refused).toEqual(walked.filter((route) => !may.includes(route)))
    for (const [route, answer] of answers) {
      expect([401, 405, 429, 500], route).not.toContain(answer.status)
      expect(answer.body.detail ?? '', route).not.toContain('nothing here')
      expect(isNoConnection(answer), route).toBe(false)
    }
    const { may: told } = (await api.ask('GET', '/me', { token })).body
    expect([...told].sort()).toEqual([...may].sort())
  })

  test('of one connection does that there, and nothing that reaches further', async () => {
    const connection = await api.connect()
    const { token } = await api.administrator(role, [connection])
    const may: readonly string[] = upTo(MAY, role)
    const answers = await walk(api, token, connection, walked)
    const refused = answers.filter(([, { status }]) => status === 403).map(([route]) => route)
    expect(refused).toEqual(walked.filter((route) => !may.includes(route)))
    expect(answers.filter(([, answer]) => isNoConnection(answer))).toEqual([])
  })

  test('of one connection cannot tell another one from one that is not there', async () => {
    const [own, other] = [await api.connect(), await api.connect()]
    const { token } = await api.administrator(role, [own])
    const below = all.filter((route) => route.includes(' /connections/:name'))
    const there = await walk(api, token, other, below)
    api.clock.now += 60_000
    const notThere = await walk(api, token, `t-${crypto.randomUUID()}`, below)
    const seen = (answers: typeof there) =>
      answers.map(([route, { status, body }]) => [route, status, body])
    expect(seen(there)).toEqual(seen(notThere))
    const may: readonly string[] = upTo(MAY, role)
    for (const [route, answer] of there) {
      expect(may.includes(route) ? isNoConnection(answer) : answer.status === 403, route).toBe(true)
    }
    // So many routes are more than the limited may ask for at once.
    api.clock.now += 60_000
    const { items } = (await api.ask('GET', '/connections', { token })).body
    expect(items.map(({ name }: { name: string }) => name)).toEqual([own])
  })

  test('off-boards a connection only as its owner', async () => {
    const [own, other] = [await api.connect(), await api.connect()]
    const limited = await api.administrator(role, [own])
    const status = role === 'owner' ? 202 : 403
    const asked = (name: string) =>
      api.ask('DELETE', `/connections/${name}`, { token: limited.token })
    expect((await asked(other)).status).toBe(role === 'owner' ? 404 : 403)
    expect((await asked(own)).status).toBe(status)
    const { token } = await api.administrator(role)
    expect((await api.ask('DELETE', `/connections/${other}`, { token })).status).toBe(status)
  })
})

test('a refusal says which role is needed and who gives it, and is the same for all', async () => {
  const api = openAdministration()
  const { token } = await api.administrator('auditor')
  const { status, headers, body } = await api.ask('POST', '/connections', { token, body: {} })
  expect(status).toBe(403)
  expect(headers.get('content-type')).toBe('application/problem+json')
  expect(body.detail).toBe(
    'This needs the role "operator", not limited to some connections. An owner can give it to you.',
  )
})
