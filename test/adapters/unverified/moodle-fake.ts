/**
 * Moodle's web services as their documentation has them (docs.moodle.org/dev/Web_service_API_functions):
 * one address, forms in PHP's notation, and errors inside a 200.
 */
import { type Fake, fake, json, same } from './fake.ts'

interface User {
  id: number
  username: string
  firstname: string
  lastname: string
  email: string
  department: string
  idnumber: string
  suspended: boolean
}
interface Cohort {
  id: number
  name: string
  idnumber: string
  members: number[]
}

export const TOKEN = 'moodle-test'
const TEXTS = ['username', 'firstname', 'lastname', 'email', 'department', 'idnumber'] as const

export function moodle(): Fake & { readonly users: User[]; readonly cohorts: Cohort[] } {
  const users: User[] = []
  const cohorts: Cohort[] = []
  const writes: string[] = []
  let last = 1
  const thrown = (exception: string, errorcode: string) =>
    json({ exception, errorcode, message: `in words: ${errorcode}` })
  const invalid = () => thrown('invalid_parameter_exception', 'invalidparameter')
  const user = (id: string | null) => users.find((one) => String(one.id) === id)
  const cohort = (id: string | null) => cohorts.find((one) => String(one.id) === id)
  const clash = (form: URLSearchParams, but?: User) =>
    (['username', 'email'] as const).some((name) =>
      users.some((one) => one !== but && same(one[name], form.get(`users[0][${name}]`))),
    )

  const functions: Readonly<Record<string, (form: URLSearchParams) => Response>> = {
    core_user_get_users_by_field: (form) => {
      const field = (form.get('field') ?? '') as keyof User
      const value = form.get('values[0]')
      return json(users.filter((one) => same(one[field], value)))
    },
    core_user_get_users: () => json({ users, warnings: [] }),
    core_user_create_users: (form) => {
      const name = form.get('users[0][username]') ?? ''
      if (clash(form) || name !== name.toLowerCase()) return invalid()
      if (!form.get('users[0][password]')) return invalid()
      const texts = TEXTS.map((one) => [one, form.get(`users[0][${one}]`) ?? ''])
      const one = { ...Object.fromEntries(texts), id: ++last, suspended: false } as User
      users.push(one)
      return json([{ id: one.id, username: one.username }])
    },
    core_user_update_users: (form) => {
      const found = user(form.get('users[0][id]'))
      if (!found || clash(form, found)) return invalid()
      for (const name of TEXTS) found[name] = form.get(`users[0][${name}]`) ?? found[name]
      const suspended = form.get('users[0][suspended]')
      if (suspended !== null) found.suspended = suspended === '1'
      return json({ warnings: [] })
    },
    core_user_delete_users: (form) => {
      const found = user(form.get('userids[0]'))
      if (!found) return thrown('dml_missing_record_exception', 'invalidrecord')
      users.splice(users.indexOf(found), 1)
      return json(null)
    },
    core_cohort_get_cohorts: (form) => {
      const id = form.get('cohortids[0]')
      const found = cohorts.filter((one) => id === null || String(one.id) === id)
      return json(found.map(({ members: _, ...rest }) => rest))
    },
    core_cohort_create_cohorts: (form) => {
      if (form.get('cohorts[0][categorytype][type]') !== 'system') return invalid()
      const [name = '', idnumber = ''] = ['name', 'idnumber'].map(
        (one) => form.get(`cohorts[0][${one}]`) ?? '',
      )
      const one = { id: ++last, name, idnumber, members: [] }
      cohorts.push(one)
      return json([{ id: one.id, name, idnumber }])
    },
    core_cohort_update_cohorts: (form) => {
      const found = cohort(form.get('cohorts[0][id]'))
      if (!found) return invalid()
      found.name = form.get('cohorts[0][name]') ?? found.name
      return json(null)
    },
    core_cohort_delete_cohorts: (form) => {
      const found = cohort(form.get('cohortids[0]'))
      if (found) cohorts.splice(cohorts.indexOf(found), 1)
      return json(null)
    },
    core_cohort_get_cohort_members: (form) => {
      const found = cohort(form.get('cohortids[0]'))
      return found ? json([{ cohortid: found.id, userids: found.members }]) : invalid()
    },
    core_cohort_add_cohort_members: (form) => {
      const found = cohort(form.get('members[0][cohorttype][value]'))
      const member = user(form.get('members[0][usertype][value]'))
      if (!found) return invalid()
      if (!member) return thrown('invalid_parameter_exception', 'invaliduserid')
      if (!found.members.includes(member.id)) found.members.push(member.id)
      return json({ warnings: [] })
    },
    core_cohort_delete_cohort_members: (form) => {
      const found = cohort(form.get('members[0][cohortid]'))
      if (!found) return invalid()
      found.members = found.members.filter((id) => String(id) !== form.get('members[0][userid]'))
      return json(null)
    },
  }

  const app = fake(
    {
      'POST /webservice/rest/server.php': ({ query, body }) => {
        if (query.get('wstoken') !== TOKEN) return thrown('moodle_exception', 'invalidtoken')
        const name = query.get('wsfunction') ?? ''
        if (!name.includes('_get_')) writes.push(name)
        const run = functions[name]
        return run
          ? run(new URLSearchParams(body))
          : thrown('dml_missing_record_exception', 'invalidrecord')
      },
    },
    () => undefined,
    () => new Response('<html>', { status: 404 }),
  )
  return { fetch: app.fetch, writes, users, cohorts }
}
