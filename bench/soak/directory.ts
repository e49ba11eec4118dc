/**
 * The directory behind one connection, and a provisioning client as Entra's: one request at a time about
 * an entry; what failed is tried again in the next cycle, after asking who is there.
 */
import type { Conversation } from './conversation.ts'
import type { Entry, Step } from './entry.ts'
import { Group, type TeamRow } from './group.ts'
import { type AccountRow, DOMAIN, Person } from './person.ts'
import { oneOf, type Random } from './random.ts'

/** Requests of one client that wait for their answers. */
const MOST_AT_ONCE = 8

export interface DirectoryOptions {
  readonly name: string
  readonly scimBaseUrl: string
  readonly token: string
  readonly people: number
  readonly groups: number
  /** Between two tries. Entra's is 40 minutes. */
  readonly cycleMs: number
  /** True: the account of a deleted person stays in the app, switched off. */
  readonly keepsAccounts: boolean
}

export class Directory {
  readonly people: readonly Person[]
  readonly groups: readonly Group[]
  readonly name: string
  readonly #options: DirectoryOptions
  readonly #random: Random
  readonly #conversation: Conversation
  #underWay = 0

  constructor(options: DirectoryOptions, random: Random, conversation: Conversation) {
    this.#options = options
    this.#random = random
    this.#conversation = conversation
    this.name = options.name
    this.people = Array.from({ length: options.people }, (_, i) => new Person(aliasOf(i)))
    this.groups = Array.from({ length: options.groups }, (_, i) => new Group(titleOf(i)))
  }

  get #entries(): readonly Entry[] {
    return [...this.people, ...this.groups]
  }

  /** True: everything is so, as far as the client was told. */
  isContent(): boolean {
    return this.#entries.every((entry) => !entry.busy && !entry.step(this.#random))
  }

  /** The next cycle begins now. */
  hurry(): void {
    for (const entry of this.#entries) entry.notBefore = 0
  }

  /**
   * One request: what is to be done, or else a change in the directory, or a read. False: none was made,
   * because as many as a client makes at once wait for their answers.
   */
  async request(now: number): Promise<boolean> {
    const free = this.#free(now)
    if (free.length === 0 || this.#underWay >= MOST_AT_ONCE) return false
    const entry = oneOf(this.#random, free)
    const step = entry.step(this.#random) ?? this.#somethingNew(entry)
    await this.#take(entry, step)
    return true
  }

  /** One request of those that are to be made; false: there is none now. */
  async settle(now: number): Promise<boolean> {
    const free = this.#free(now).filter((entry) => entry.step(this.#random))
    const [entry] = free
    const step = entry?.step(this.#random)
    if (!entry || !step) return false
    await this.#take(entry, step)
    return true
  }

  #free(now: number): Entry[] {
    const free = this.#entries.filter((entry) => !entry.busy && entry.notBefore <= now)
    const due = free.filter((entry) => entry.step(this.#random))
    return due.length > 0 ? due : free
  }

  #somethingNew(entry: Entry): Step {
    const random = this.#random
    if (entry instanceof Group) {
      if (random() < 0.5) return entry.read()
      const provisioned = this.people.filter((person) => person.held && !person.busy)
      for (let n = 0; n < 3 && provisioned.length > 0; n++) entry.change(oneOf(random, provisioned))
    } else if (entry instanceof Person) {
      if (entry.wanted && random() < 0.35) return entry.read()
      // What becomes of the memberships of an account that stays is another question.
      const isMember = this.groups.some((group) => group.members.has(entry))
      entry.change(random, !(this.#options.keepsAccounts && isMember))
      if (!entry.wanted) for (const group of this.groups) group.members.delete(entry)
    }
    return entry.step(random) ?? entry.read()
  }

  async #take(entry: Entry, step: Step): Promise<void> {
    const { fault, ask } = this.#conversation
    entry.busy = true
    this.#underWay += 1
    try {
      const done = await step(
        (operation, method, path, deserved, body) =>
          ask(this.#options, operation, { method, path, body }, deserved),
        (what) => fault(`${this.name}: ${what}`),
      )
      if (!done) entry.notBefore = Date.now() + this.#options.cycleMs * (0.5 + this.#random())
    } finally {
      this.#underWay -= 1
      entry.busy = false
    }
  }

  /** What is wrong in the app, now that everything should be so. */
  verify(accounts: readonly AccountRow[], teams: readonly TeamRow[]): string[] {
    const faults: string[] = []
    const numberOf = new Map<Person, number>()
    let expected = 0
    for (const person of this.people) {
      const own = accounts.filter(({ login }) => isOf(person, login))
      const [account] = own
      const kept = !person.wanted && this.#options.keepsAccounts
      if (person.wanted && own.length === 1 && account) {
        expected += 1
        numberOf.set(person, account.account_no)
        const wrong = person.compareWith(account)
        if (wrong) faults.push(`${this.name} ${person.alias}: ${wrong}`)
      } else if (kept && own.length === 1 && account) {
        expected += 1
        if (account.state !== 'suspended') faults.push(`${this.name} ${person.alias}: switched on`)
      } else if (person.wanted || kept || own.length > 0) {
        const should = person.wanted || kept ? 'one' : 'none'
        faults.push(`${this.name} ${person.alias}: ${own.length} accounts, not ${should}`)
        expected += own.length
      }
    }
    if (accounts.length !== expected) {
      faults.push(`${this.name}: ${accounts.length} accounts, not ${expected}`)
    }
    for (const group of this.groups) {
      const own = teams.filter(({ title }) => title === group.title)
      const [team] = own
      if (own.length !== 1 || !team) faults.push(`${this.name} ${group.title}: ${own.length} teams`)
      const wrong = team && group.compareWith(team, numberOf)
      if (wrong) faults.push(`${this.name} ${group.title}: ${wrong}`)
    }
    if (teams.length !== this.groups.length) faults.push(`${this.name}: ${teams.length} teams`)
    return faults
  }
}

export const aliasOf = (i: number): string => `person.${i}`
const titleOf = (i: number): string => `Team ${i}`

/** Under any of the names that the person has had. */
function isOf({ alias }: Person, login: string): boolean {
  const [local = ''] = login.toLowerCase().split(`@${DOMAIN}`)
  return local === alias || local.startsWith(`${alias}.`)
}
