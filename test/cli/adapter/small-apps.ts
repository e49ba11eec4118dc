/** The apps behind two of the API files: what they do, and no file says. */
import { type Fake, fake, json, nothing, same } from '../../adapters/unverified/fake.ts'

/** Wrapped objects, the id in a Location, rows that show little, a PUT that replaces, text errors. */
export function clinic(): Fake {
  // biome-ignore lint/suspicious/noExplicitAny: as the app keeps them
  const people: any[] = []
  // biome-ignore lint/suspicious/noExplicitAny: as the app keeps them
  const units: any[] = []
  let last = 100
  const missing = () => json({ errorCode: 'NO_SUCH', text: 'Not here' }, 404)
  const twice = () => json({ errorCode: 'TWICE', text: 'Login name in use' }, 422)
  return fake(
    {
      'GET /rest/employees': ({ query }) => {
        const login = query.get('loginName')
        const found = people
          .filter((one) => query.get('includeDisabled') === 'true' || !one.disabled)
          .filter((one) => login === null || same(one.loginName, login))
        const from = Number(query.get('offset') ?? 0)
        const rows = found.slice(from, from + Math.min(25, Number(query.get('limit') ?? 25)))
        return json({
          employees: rows.map(({ employeeNo, loginName }) => ({ employeeNo, loginName })),
          totalCount: found.length,
        })
      },
      'POST /rest/employees': ({ body }) => {
        const { employee } = body
        if (people.some((one) => same(one.loginName, employee.loginName))) return twice()
        const employeeNo = ++last
        people.push({ ...employee, employeeNo, dateCreated: `2026-01-01T00:00:${last % 60}Z` })
        return new Response(null, {
          status: 201,
          headers: { location: `/rest/employees/${employeeNo}` },
        })
      },
      'GET /rest/employees/:id': ({ id }) => {
        const employee = people.find((one) => String(one.employeeNo) === id)
        return employee ? json({ employee }) : missing()
      },
      'PUT /rest/employees/:id': ({ id, body }) => {
        const found = people.find((one) => String(one.employeeNo) === id)
        if (!found) return missing()
        Object.assign(found, body.employee)
        return nothing()
      },
      'DELETE /rest/employees/:id': ({ id }) => {
        const at = people.findIndex((one) => String(one.employeeNo) === id)
        if (at < 0) return missing()
        people.splice(at, 1)
        return nothing()
      },
      'GET /rest/units': () => json(units),
      'POST /rest/units': ({ body }) => {
        if (units.some((one) => one.label === body.label)) return twice()
        const unitId = ++last
        units.push({ unitId, label: body.label, memberIds: [] })
        return json({ unitId })
      },
      'GET /rest/units/:id': ({ id }) => {
        const found = units.find((one) => String(one.unitId) === id)
        return found ? json(found) : missing()
      },
      'PUT /rest/units/:id': ({ id, body }) => {
        const found = units.find((one) => String(one.unitId) === id)
        if (!found) return missing()
        Object.assign(found, body)
        return nothing()
      },
      'DELETE /rest/units/:id': ({ id }) => {
        const at = units.findIndex((one) => String(one.unitId) === id)
        if (at < 0) return missing()
        units.splice(at, 1)
        return nothing()
      },
    },
    (headers) =>
      headers.get('authorization') === `Basic ${btoa('boss:s3cret')}`
        ? undefined
        : json({ errorCode: 'LOGIN' }, 401),
    () => new Response('<h1>404</h1>', { status: 404 }),
  )
}

/** Cursors, a state that hides nobody, tokens for client credentials, teams that nobody makes. */
export function ledger(): Fake {
  // biome-ignore lint/suspicious/noExplicitAny: as the app keeps them
  const people: any[] = []
  const team = { uuid: 't-1', name: 'Books' }
  let inTeam: string[] = []
  let last = 0
  const missing = () =>
    json({ type: 'urn:ledger:missing', detail: 'There is none' }, 404, {
      'content-type': 'application/problem+json',
    })
  const person = (uuid: string) => people.find((one) => one.uuid === uuid)
  return fake(
    {
      'POST /v2/oauth/token': () => json({ access_token: 'granted', expires_in: 3_600 }),
      'GET /v2/accounts/a-7/people': ({ query }) => {
        const email = query.get('email')
        const found = people.filter((one) => email === null || same(one.email, email))
        const from = Number(query.get('cursor') ?? 0)
        const to = from + Math.min(50, Number(query.get('limit') ?? 10))
        const hasMore = to < found.length
        return json({
          data: found.slice(from, to),
          meta: { nextCursor: hasMore ? String(to) : null, hasMore },
        })
      },
      'POST /v2/accounts/a-7/people': ({ body }) => {
        if (people.some((one) => same(one.email, body.email))) {
          return json({ type: 'urn:ledger:taken', detail: 'There is one' }, 409)
        }
        const one = {
          status: 'ACTIVE',
          ...body,
          uuid: `p-${++last}`,
          createdAt: `2026-01-0${last}`,
        }
        people.push(one)
        return json(one, 201)
      },
      'GET /v2/accounts/a-7/people/:id': ({ id }) => {
        const found = person(id)
        return found ? json(found) : missing()
      },
      'PATCH /v2/accounts/a-7/people/:id': ({ id, body }) => {
        const found = person(id)
        return found ? json(Object.assign(found, body)) : missing()
      },
      'GET /v2/accounts/a-7/teams': () => json({ data: [team], meta: { nextCursor: null } }),
      'GET /v2/accounts/a-7/teams/:id': ({ id }) => (id === team.uuid ? json(team) : missing()),
      'GET /v2/accounts/a-7/teams/:id/people': () => json({ data: inTeam.map(person) }),
      'PUT /v2/accounts/a-7/teams/:id/people': ({ body }) => {
        inTeam = body.people
        return nothing()
      },
    },
    (headers) =>
      headers.get('authorization') === 'Bearer granted' ||
      headers.get('content-type')?.includes('form')
        ? undefined
        : json({ type: 'urn:ledger:sign-in' }, 401),
    () => json({ type: 'urn:ledger:no-route' }, 404),
  )
}
