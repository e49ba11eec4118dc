/**
 * What Fernhollow Desk remembers: accounts and teams in memory, and one JSON file on disk where a
 * file is named. Everything here that changes state is synchronous, so no two requests interleave
 * inside one change.
 */
import { open, readFile, rename } from 'node:fs/promises'

export const ROLES = ['staff', 'lead', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** Field names are those of the API: a row is answered as it is kept. */
export interface Account {
  account_no: number
  login: string
  first_name: string | null
  last_name: string
  mail: string | null
  job_title: string | null
  org_unit: string | null
  phone: string | null
  /** One of a fixed catalogue. */
  role: Role
  /** `invited`: nobody has accepted yet, and `invitation_no` says which invitation. */
  state: 'enabled' | 'suspended' | 'invited'
  invitation_no?: number
  /** ISO 8601. */
  created_on: string
  updated_on: string
}

export interface Team {
  team_no: number
  title: string
  note: string | null
  created_on: string
  /** Account numbers, in the order they joined. */
  people: number[]
}

export interface Invitation {
  invitation_no: number
  login: string
  state: 'open' | 'accepted' | 'withdrawn' | 'expired'
  /** Of the provisional account while it is open; of the person's own once it is accepted. */
  account_no: number
  expires_on: string
}

export type NewAccount = Omit<Account, 'account_no' | 'created_on' | 'updated_on' | 'role'> & {
  /** Absent: `staff`. */
  readonly role?: Role
}

export interface Job {
  job_no: number
  state: 'running' | 'done' | 'failed'
  started_on: string
  /** What it is to make; the login is reserved meanwhile. */
  fields: NewAccount
  account_no: number | null
}

export interface State {
  next_account_no: number
  next_team_no: number
  accounts: Account[]
  teams: Team[]
  invitations?: Invitation[]
  jobs?: Job[]
}

/** How logins, mails and titles are compared: without regard to letter case. */
export const fold = (text: string): string => text.normalize('NFC').toLowerCase()

/** Account numbers by one folded field. */
class Index {
  readonly #numbers = new Map<string, Set<number>>()

  add(text: string | null, no: number): void {
    if (text === null) return
    const key = fold(text)
    const numbers = this.#numbers.get(key)
    if (numbers) numbers.add(no)
    else this.#numbers.set(key, new Set([no]))
  }

  remove(text: string | null, no: number): void {
    if (text === null) return
    const key = fold(text)
    const numbers = this.#numbers.get(key)
    numbers?.delete(no)
    if (numbers?.size === 0) this.#numbers.delete(key)
  }

  get(text: string): number[] {
    return [...(this.#numbers.get(fold(text)) ?? [])].sort((a, b) => a - b)
  }

  get duplicates(): number {
    let count = 0
    for (const numbers of this.#numbers.values()) count += numbers.size - 1
    return count
  }
}

interface TeamInMemory extends Omit<Team, 'people'> {
  people: Set<number>
}

export class Store {
  /** Ids ascend and are never used again: the order of insertion is the order of the numbers. */
  readonly #accounts = new Map<number, Account>()
  readonly #teams = new Map<number, TeamInMemory>()
  readonly #byLogin = new Index()
  readonly #byMail = new Index()
  #nextAccountNo: number
  #nextTeamNo: number
  readonly invitations: Invitation[]
  readonly jobs: Job[]
  readonly #file: string | undefined
  #writing: Promise<void> = Promise.resolve()
  #queued: Promise<void> | undefined

  constructor(state: State, file: string | undefined) {
    this.#file = file
    this.#nextAccountNo = state.next_account_no
    this.#nextTeamNo = state.next_team_no
    this.invitations = state.invitations ?? []
    this.jobs = state.jobs ?? []
    for (const account of state.accounts) {
      // A file that was written before accounts had roles.
      this.#insert({ ...account, role: account.role ?? 'staff' })
    }
    for (const team of state.teams) {
      this.#teams.set(team.team_no, { ...team, people: new Set(team.people) })
    }
  }

  // ---- accounts ----

  account(no: number): Account | undefined {
    return this.#accounts.get(no)
  }

  accounts(): IterableIterator<Account> {
    return this.#accounts.values()
  }

  /** In the order of their numbers; letter case does not matter. */
  accountsBy(field: 'login' | 'mail', text: string): Account[] {
    const numbers = (field === 'login' ? this.#byLogin : this.#byMail).get(text)
    return numbers.flatMap((no) => this.#accounts.get(no) ?? [])
  }

  createAccount({ role = 'staff', ...fields }: NewAccount): Account {
    const now = new Date().toISOString()
    const times = { created_on: now, updated_on: now }
    const account = { account_no: this.#nextAccountNo, ...fields, role, ...times }
    this.#nextAccountNo += 1
    this.#insert(account)
    return account
  }

  updateAccount(account: Account, fields: Partial<Account>): Account {
    this.#unindex(account)
    Object.assign(account, fields, { updated_on: new Date().toISOString() })
    this.#index(account)
    return account
  }

  /** Also leaves every team. */
  deleteAccount(account: Account): void {
    this.#unindex(account)
    this.#accounts.delete(account.account_no)
    for (const team of this.#teams.values()) team.people.delete(account.account_no)
  }

  // ---- teams ----

  team(no: number): TeamInMemory | undefined {
    return this.#teams.get(no)
  }

  teams(): IterableIterator<TeamInMemory> {
    return this.#teams.values()
  }

  teamByTitle(title: string): TeamInMemory | undefined {
    const folded = fold(title)
    return [...this.#teams.values()].find((team) => fold(team.title) === folded)
  }

  createTeam(fields: Pick<Team, 'title' | 'note'>): TeamInMemory {
    const created_on = new Date().toISOString()
    const team = { team_no: this.#nextTeamNo, ...fields, created_on, people: new Set<number>() }
    this.#nextTeamNo += 1
    this.#teams.set(team.team_no, team)
    return team
  }

  deleteTeam(no: number): void {
    this.#teams.delete(no)
  }

  // ---- the whole ----

  get counts(): { accounts: number; teams: number; memberships: number; duplicateLogins: number } {
    let memberships = 0
    for (const team of this.#teams.values()) memberships += team.people.size
    return {
      accounts: this.#accounts.size,
      teams: this.#teams.size,
      memberships,
      duplicateLogins: this.#byLogin.duplicates,
    }
  }

  toState(): State {
    return {
      next_account_no: this.#nextAccountNo,
      next_team_no: this.#nextTeamNo,
      accounts: [...this.#accounts.values()],
      teams: [...this.#teams.values()].map((team) => ({ ...team, people: [...team.people] })),
      invitations: this.invitations,
      jobs: this.jobs,
    }
  }

  /**
   * Resolves once everything changed so far is on disk. Changes made while a write is under way
   * share the next one.
   */
  saved(): Promise<void> {
    const file = this.#file
    if (file === undefined) return Promise.resolve()
    if (!this.#queued) {
      const next = this.#writing.then(() => {
        this.#queued = undefined
        return write(file, JSON.stringify(this.toState()))
      })
      this.#queued = next
      // A failed write fails those who wait for it; the next one starts afresh.
      this.#writing = next.catch(() => undefined)
    }
    return this.#queued
  }

  #insert(account: Account): void {
    this.#accounts.set(account.account_no, account)
    this.#index(account)
  }

  #index(account: Account): void {
    this.#byLogin.add(account.login, account.account_no)
    this.#byMail.add(account.mail, account.account_no)
  }

  #unindex(account: Account): void {
    this.#byLogin.remove(account.login, account.account_no)
    this.#byMail.remove(account.mail, account.account_no)
  }
}

/** A reader of `file` sees the old state or the new one, whole, whenever the process dies. */
async function write(file: string, text: string): Promise<void> {
  const handle = await open(`${file}.new`, 'w')
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(`${file}.new`, file)
}

/** State from `file`; `initial` where there is no file yet. */
export async function openStore(file: string | undefined, initial: State): Promise<Store> {
  if (file === undefined) return new Store(structuredClone(initial), undefined)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    return new Store(structuredClone(initial), file)
  }
  return new Store(JSON.parse(text) as State, file)
}
