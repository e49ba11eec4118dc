/**
 * The identity provider's directory: people and groups in Entra's own vocabulary. Always the same
 * for the same number of people, so that a second run meets what the first one left.
 */
import { createHash } from 'node:crypto'
import { DOMAIN, SEED_ACCOUNTS, SEED_TEAMS } from '../../examples/legacy-app/people.ts'
import type { Account } from '../../examples/legacy-app/store.ts'
import { inventedName } from './invented-names.ts'

/** A user object, with the names of Microsoft Graph. Undefined: not set. */
export interface Person {
  readonly objectId: string
  readonly userPrincipalName: string
  readonly mailNickname: string
  readonly accountEnabled: boolean
  readonly displayName: string
  readonly givenName: string | undefined
  readonly surname: string
  readonly mail: string
  readonly proxyAddress: string | undefined
  readonly jobTitle: string | undefined
  readonly department: string | undefined
  readonly telephoneNumber: string | undefined
  readonly mobile: string | undefined
  readonly employeeId: string
  readonly preferredLanguage: string
  readonly physicalDeliveryOfficeName: string | undefined
  readonly streetAddress: string | undefined
  readonly city: string | undefined
  readonly postalCode: string | undefined
  readonly country: string | undefined
  /** userPrincipalName of someone in this directory. */
  readonly manager: string | undefined
}

/** Someone whose job changes between the initial cycle and the incremental one. */
export interface Move {
  readonly userPrincipalName: string
  readonly before: Pick<Person, 'jobTitle' | 'department'>
}

export interface Group {
  readonly objectId: string
  readonly displayName: string
  /** userPrincipalNames. */
  readonly members: readonly string[]
}

/** As it is at the end of a run; `moves` says what was different at its beginning. */
export interface Directory {
  readonly people: readonly Person[]
  readonly groups: readonly Group[]
  readonly moves: readonly Move[]
}

interface Job {
  readonly department: string
  readonly titles: readonly string[]
}

const JOBS: readonly Job[] = [
  { department: 'Reading Rooms', titles: ['Librarian', 'Curator', 'Translator'] },
  { department: 'Archive', titles: ['Archivist', 'Cataloguer', 'Conservator'] },
  { department: 'Front Desk', titles: ['Counter Clerk', 'Porter', 'Shift Lead'] },
  { department: 'Engineering', titles: ['Systems Engineer', 'Network Engineer', 'Designer'] },
  { department: 'Workshop', titles: ['Bookbinder', 'Carpenter'] },
  { department: 'Finance', titles: ['Analyst', 'Buyer', 'Auditor'] },
  { department: 'Building', titles: ['Electrician', 'Security Officer', 'Driver'] },
]

const FIRST_EMPLOYEE_NO = 20_001
const ARCHIVE_AND_WORKSHOP = ['Archive', 'Workshop']
/** One in so many changes jobs. */
const MOVES_ONE_IN = 8

/** A GUID that is always the same for the same text (RFC 9562 §5.8: version 8). */
function guidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** What Entra holds of someone who had an account in the app before there was a gateway. */
function known(account: Account, index: number): Person {
  const userPrincipalName = account.login.toLowerCase()
  const [mailNickname = userPrincipalName] = userPrincipalName.split('@')
  const { first_name, last_name, org_unit } = account
  return {
    objectId: guidOf(userPrincipalName),
    userPrincipalName,
    mailNickname,
    accountEnabled: account.state === 'enabled',
    displayName: [first_name, last_name].filter(Boolean).join(' '),
    givenName: first_name ?? undefined,
    surname: last_name,
    mail: (account.mail ?? userPrincipalName).toLowerCase(),
    proxyAddress: index % 5 === 0 ? `${mailNickname}@lists.${DOMAIN}` : undefined,
    jobTitle: account.job_title ?? undefined,
    department: org_unit ?? undefined,
    telephoneNumber: account.phone ?? undefined,
    mobile: undefined,
    employeeId: String(FIRST_EMPLOYEE_NO + index),
    preferredLanguage: 'en-GB',
    ...officeOf(org_unit ?? undefined),
    manager: undefined,
  }
}

/** Someone whom the app has never seen. Some write mails and phones as the app does not keep them. */
function invented(index: number): Person {
  const number = index - SEED_ACCOUNTS.length
  const { givenName, surname, mailNickname } = inventedName(number)
  const { department, titles } = JOBS[number % JOBS.length] ?? { department: '', titles: [] }
  const digits = String(1000 + (number % 9000))
  const local = number % 4 === 0 ? `${givenName}.${surname}` : mailNickname
  const isAscii = /^[\w.-]+$/.test(local)
  return {
    objectId: guidOf(`${mailNickname}@${DOMAIN}`),
    userPrincipalName: `${mailNickname}@${DOMAIN}`,
    mailNickname,
    accountEnabled: true,
    displayName: `${givenName} ${surname}`,
    givenName,
    surname,
    mail: `${isAscii ? local : mailNickname}@${DOMAIN}`,
    proxyAddress: undefined,
    jobTitle: titles[Math.floor(number / JOBS.length) % titles.length],
    department,
    telephoneNumber: number % 3 === 0 ? `+44 20 7946 ${digits}` : undefined,
    mobile: number % 5 === 0 ? `+44 7700 90${digits}` : undefined,
    employeeId: String(FIRST_EMPLOYEE_NO + index),
    preferredLanguage: number % 7 === 0 ? 'cy-GB' : 'en-GB',
    ...officeOf(department),
    manager: undefined,
  }
}

function officeOf(department: string | undefined) {
  const isAway = department === 'Workshop' || department === 'Building'
  return {
    physicalDeliveryOfficeName: isAway ? 'Mill Yard' : 'Fernhollow House',
    streetAddress: isAway ? '3 Mill Yard' : '1 Fern Lane',
    city: 'Hollowby',
    postalCode: isAway ? 'ZZ9 3MY' : 'ZZ9 1FL',
    country: 'GB',
  }
}

/** The first enabled person of a department leads it; leads report to the director. */
function withManagers(people: readonly Person[]): Person[] {
  const director = people.find((person) => person.jobTitle === 'Director')
  const leads = new Map<string, Person>()
  for (const person of people) {
    const { department, accountEnabled } = person
    if (department && accountEnabled && !leads.has(department)) leads.set(department, person)
  }
  return people.map((person) => {
    const lead = person.department ? leads.get(person.department) : undefined
    const above = lead && lead !== person ? lead : director
    return { ...person, manager: above === person ? undefined : above?.userPrincipalName }
  })
}

/** What changes is derived from the person, never from the run: a second run finds it done. */
function moveOf(person: Person, index: number): { move: Move; after: Person } | undefined {
  const { jobTitle, department, userPrincipalName } = person
  if (index % MOVES_ONE_IN !== 3 || jobTitle === undefined) return undefined
  const at = JOBS.findIndex((job) => job.department === department)
  const next = JOBS[(at + 1) % JOBS.length]
  const after =
    index % (2 * MOVES_ONE_IN) === 3
      ? { ...person, jobTitle: `Senior ${jobTitle}` }
      : { ...person, department: next?.department }
  return { move: { userPrincipalName, before: { jobTitle, department } }, after }
}

function groupsOf(people: readonly Person[]): Group[] {
  const membersWhere = (test: (person: Person, index: number) => boolean) =>
    people.filter(test).map((person) => person.userPrincipalName)
  const [desk, archive, engineering] = SEED_TEAMS.map((team) => team.title)
  const rules: [string | undefined, (person: Person, index: number) => boolean][] = [
    [desk, ({ department }) => department === 'Front Desk'],
    [archive, ({ department }) => ARCHIVE_AND_WORKSHOP.includes(department ?? '')],
    [engineering, ({ department }, i) => department === 'Engineering' || i % 13 === 0],
    ['All Fernhollow', ({ accountEnabled }) => accountEnabled],
    ['Evening Readers', ({ department }, i) => department === 'Reading Rooms' || i % 3 === 1],
  ]
  return rules.map(([displayName = '', test]) => ({
    objectId: guidOf(`group:${displayName}`),
    displayName,
    members: membersWhere(test),
  }))
}

/** The first 40 are those of the example app; everyone after them is invented. */
export function createDirectory(size: number): Directory {
  const everyone = Array.from({ length: size }, (_, index) => {
    const account = SEED_ACCOUNTS[index]
    return account ? known(account, index) : invented(index)
  })
  const people = withManagers(everyone)
  const changes = people.map(moveOf)
  return {
    people: people.map((person, index) => changes[index]?.after ?? person),
    // Membership follows the departments of the initial cycle.
    groups: groupsOf(people),
    moves: changes.flatMap((change) => (change ? [change.move] : [])),
  }
}

/** The same person before the incremental cycle. */
export function beforeMove(person: Person, { before }: Move): Person {
  return { ...person, ...before }
}
