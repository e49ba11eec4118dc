/** The API of Fernhollow Desk under `/api`: accounts, teams, and who is in a team. */
import type { Counters, Faults } from './faults.ts'
import { changedAccount, changedTeam, Fault, newAccount, newTeam } from './fields.ts'
import { end, invitationOf, invite, jobOf, refuseInvited, runJobs, startJob } from './later.ts'
import { type Account, fold, type Store } from './store.ts'

export interface Desk {
  readonly store: Store
  readonly faults: Faults
  readonly counters: Counters
}

export interface Answer {
  readonly status: number
  readonly body?: unknown
}

interface Call {
  readonly desk: Desk
  /** Values of the template's `{...}` parts. */
  readonly values: readonly string[]
  readonly query: URLSearchParams
  readonly body: unknown
}

const MAX_PER_PAGE = 50
const DEFAULT_PER_PAGE = 25

function positive(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name)
  if (text === null) return otherwise
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new Fault(422, 'E_INVALID', `Not acceptable: ${name}.`, { fields: [name] })
  }
  return Number(text)
}

/** `per_page` above the maximum is quietly lowered, as many real APIs do. */
function paged<T>(rows: readonly T[], query: URLSearchParams): Answer {
  const page = positive(query, 'page', 1)
  const perPage = Math.min(positive(query, 'per_page', DEFAULT_PER_PAGE), MAX_PER_PAGE)
  return {
    status: 200,
    body: {
      rows: rows.slice((page - 1) * perPage, page * perPage),
      page,
      pages: Math.ceil(rows.length / perPage),
      count: rows.length,
    },
  }
}

function number(text: string | undefined): number {
  return text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : -1
}

function accountOf({ desk, values }: Call, at = 0): Account {
  const account = desk.store.account(number(values[at]))
  if (!account) throw new Fault(404, 'E_NOT_FOUND', 'No such account.', { what: 'account' })
  return account
}

function teamOf({ desk, values }: Call) {
  const team = desk.store.team(number(values[0]))
  if (!team) throw new Fault(404, 'E_NOT_FOUND', 'No such team.', { what: 'team' })
  return team
}

type TeamRow = Omit<ReturnType<typeof teamOf>, 'people'> & { size: number }
const teamRow = ({ people, ...team }: ReturnType<typeof teamOf>): TeamRow => ({
  ...team,
  size: people.size,
})

function refuseTakenLogin({ store, faults }: Desk, login: string, self?: number): void {
  if (faults.settings.uniqueness === 'off') return
  const taken = store.accountsBy('login', login).find((other) => other.account_no !== self)
  if (taken) {
    const { account_no } = taken
    throw new Fault(409, 'E_DUPLICATE', 'This login is taken.', { field: 'login', account_no })
  }
  const isReserved = (job: (typeof store.jobs)[number]) =>
    job.state === 'running' && fold(job.fields.login) === fold(login)
  if (store.jobs.some(isReserved)) {
    throw new Fault(409, 'E_DUPLICATE', 'This login is taken.', { field: 'login' })
  }
}

function refuseTakenTitle({ store }: Desk, title: string, self?: number): void {
  const taken = store.teamByTitle(title)
  if (taken && taken.team_no !== self) {
    const { team_no } = taken
    throw new Fault(409, 'E_DUPLICATE', 'This title is taken.', { field: 'title', team_no })
  }
}

function listAccounts({ desk: { store, faults }, query }: Call): Answer {
  const login = query.get('login')
  const mail = query.get('mail')
  let rows: Account[]
  if (login !== null) rows = store.accountsBy('login', login)
  else if (mail !== null) rows = store.accountsBy('mail', mail)
  else rows = [...store.accounts()]
  if (login !== null && mail !== null) {
    rows = rows.filter((account) => account.mail !== null && fold(account.mail) === fold(mail))
  }
  const { searchLagMs } = faults.settings
  if (searchLagMs > 0) {
    const youngest = Date.now() - searchLagMs
    rows = rows.filter((account) => Date.parse(account.updated_on) <= youngest)
  }
  return paged(rows, query)
}

function createAccount({ desk, body }: Call): Answer {
  const fields = newAccount(body)
  refuseTakenLogin(desk, fields.login)
  desk.counters.changes += 1
  switch (desk.faults.settings.creates) {
    case 'sync':
      return { status: 201, body: desk.store.createAccount(fields) }
    case 'invite': {
      const invitation = invite(desk.store, fields)
      return {
        status: 202,
        body: { invitation, account: desk.store.account(invitation.account_no) },
      }
    }
    case 'async': {
      const { fields: _, ...job } = startJob(desk.store, fields)
      return { status: 202, body: { job } }
    }
  }
}

function listInvitations({ desk: { store }, query }: Call): Answer {
  const login = query.get('login')
  const rows = store.invitations.filter((one) => login === null || fold(one.login) === fold(login))
  return paged(rows, query)
}

/** 409 `E_CLOSED` says in `state` what has become of it. */
function withdraw({ desk, values }: Call): Answer {
  const invitation = end(desk.store, number(values[0]), 'withdrawn')
  desk.counters.changes += 1
  return { status: 200, body: invitation }
}

function showJob({ desk: { store }, values }: Call): Answer {
  const { fields: _, ...job } = jobOf(store, number(values[0]))
  return { status: 200, body: job }
}

function updateAccount(call: Call): Answer {
  const { desk, body } = call
  const account = accountOf(call)
  refuseInvited(account)
  const fields = changedAccount(body)
  if (fields.login !== undefined) refuseTakenLogin(desk, fields.login, account.account_no)
  const held: Readonly<Record<string, unknown>> = { ...account }
  if (Object.entries(fields).some(([name, value]) => held[name] !== value)) {
    desk.counters.changes += 1
    desk.store.updateAccount(account, fields)
  }
  return { status: 200, body: account }
}

/** Suspending a suspended account changes nothing, and the answer says so. */
const switchTo =
  (state: Account['state']) =>
  (call: Call): Answer => {
    const account = accountOf(call)
    refuseInvited(account)
    const changed = account.state !== state
    if (changed) {
      call.desk.counters.changes += 1
      call.desk.store.updateAccount(account, { state })
    }
    return { status: 200, body: { changed, account } }
  }

function deleteAccount(call: Call): Answer {
  const account = accountOf(call)
  refuseInvited(account)
  call.desk.store.deleteAccount(account)
  call.desk.counters.changes += 1
  return { status: 204 }
}

function listTeams({ desk: { store }, query }: Call): Answer {
  const title = query.get('title')
  const found = title === null ? undefined : store.teamByTitle(title)
  const teams = title === null ? [...store.teams()] : found ? [found] : []
  return paged(teams.map(teamRow), query)
}

function createTeam({ desk, body }: Call): Answer {
  const fields = newTeam(body)
  refuseTakenTitle(desk, fields.title)
  desk.counters.changes += 1
  return { status: 201, body: teamRow(desk.store.createTeam(fields)) }
}

function updateTeam(call: Call): Answer {
  const team = teamOf(call)
  const fields = changedTeam(call.body)
  if (fields.title !== undefined) refuseTakenTitle(call.desk, fields.title, team.team_no)
  const changed = { ...team, ...fields }
  if (changed.title !== team.title || changed.note !== team.note) {
    call.desk.counters.changes += 1
    Object.assign(team, fields)
  }
  return { status: 200, body: teamRow(team) }
}

function deleteTeam(call: Call): Answer {
  call.desk.store.deleteTeam(teamOf(call).team_no)
  call.desk.counters.changes += 1
  return { status: 204 }
}

function listPeople(call: Call): Answer {
  const numbers = [...teamOf(call).people]
  const rows = numbers.map((account_no) => ({
    account_no,
    login: call.desk.store.account(account_no)?.login,
  }))
  return paged(rows, call.query)
}

/** 201 for a person who joins, 200 for one who was there. */
function addPerson(call: Call): Answer {
  const { people } = teamOf(call)
  const account = accountOf(call, 1)
  refuseInvited(account)
  const { account_no } = account
  const added = !people.has(account_no)
  if (added) {
    call.desk.counters.changes += 1
    people.add(account_no)
  }
  return { status: added ? 201 : 200, body: { added } }
}

/** Anyone who is not in the team, the unknown included, is "already gone". */
function removePerson(call: Call): Answer {
  const removed = teamOf(call).people.delete(number(call.values[1]))
  if (removed) call.desk.counters.changes += 1
  return { status: 200, body: { removed } }
}

type Handler = (call: Call) => Answer

/** By `METHOD template`; the key is also what calls are counted under. */
export const ROUTES: Readonly<Record<string, Handler>> = {
  'GET /api/accounts': listAccounts,
  'POST /api/accounts': createAccount,
  'GET /api/accounts/{no}': (call) => ({ status: 200, body: accountOf(call) }),
  'PATCH /api/accounts/{no}': updateAccount,
  'DELETE /api/accounts/{no}': deleteAccount,
  'POST /api/accounts/{no}/suspend': switchTo('suspended'),
  'POST /api/accounts/{no}/enable': switchTo('enabled'),
  'GET /api/invitations': listInvitations,
  'GET /api/invitations/{no}': ({ desk: { store }, values }) => ({
    status: 200,
    body: invitationOf(store, number(values[0])),
  }),
  'DELETE /api/invitations/{no}': withdraw,
  'GET /api/jobs/{no}': showJob,
  'GET /api/teams': listTeams,
  'POST /api/teams': createTeam,
  'GET /api/teams/{no}': (call) => ({ status: 200, body: teamRow(teamOf(call)) }),
  'PATCH /api/teams/{no}': updateTeam,
  'DELETE /api/teams/{no}': deleteTeam,
  'GET /api/teams/{no}/people': listPeople,
  'PUT /api/teams/{no}/people/{account_no}': addPerson,
  'DELETE /api/teams/{no}/people/{account_no}': removePerson,
}

interface Route {
  readonly key: string
  readonly values: readonly string[]
  readonly handler: Handler
}

/** @throws {Fault} 404 `E_ROUTE`, or 405 where only the method is wrong */
/** What jobs have done by now is there for every call. */
const afterJobs =
  (handler: Handler): Handler =>
  (call) => {
    const { store, faults, counters } = call.desk
    if (runJobs(store, faults.settings)) counters.changes += 1
    return handler(call)
  }

export function routeOf(method: string, pathname: string): Route {
  const parts = pathname.split('/')
  let pathKnown = false
  for (const [key, handler] of Object.entries(ROUTES)) {
    const [verb, template = ''] = key.split(' ')
    const expected = template.split('/')
    if (expected.length !== parts.length) continue
    if (!expected.every((part, at) => part.startsWith('{') || part === parts[at])) continue
    pathKnown = true
    if (verb !== method) continue
    const values = parts.filter((_, at) => expected[at]?.startsWith('{'))
    return { key, values, handler: afterJobs(handler) }
  }
  if (pathKnown) throw new Fault(405, 'E_METHOD', 'This cannot be done here.')
  // Unlike E_NOT_FOUND: a wrong address is not a missing person.
  throw new Fault(404, 'E_ROUTE', 'There is nothing at this address.')
}
