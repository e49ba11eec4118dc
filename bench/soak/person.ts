import type { Body } from './conversation.ts'
import { alike, Entry, type Fields } from './entry.ts'
import { oneOf, type Random } from './random.ts'

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User'
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'

export const DOMAIN = 'fernhollow.example'

/** As the app itself says it. */
export interface AccountRow {
  readonly account_no: number
  readonly login: string
  readonly first_name: string | null
  readonly last_name: string
  readonly mail: string | null
  readonly job_title: string | null
  readonly org_unit: string | null
  readonly phone: string | null
  readonly state: string
}

const TITLES = ['Librarian', 'Archivist', 'Porter', 'Curator', 'Analyst', 'Engineer']
const UNITS = ['Archive', 'Front Desk', 'Finance', 'Workshop', 'Reading Rooms']

export class Person extends Entry {
  readonly endpoint = 'Users'
  readonly naming = 'userName'
  protected readonly paths = {
    userName: 'userName',
    externalId: 'externalId',
    givenName: 'name.givenName',
    familyName: 'name.familyName',
    mail: 'emails[type eq "work"].value',
    title: 'title',
    department: `${ENTERPRISE}:department`,
    phone: 'phoneNumbers[type eq "work"].value',
    active: 'active',
  }
  /** The beginning of every user name that this person has in the soak. */
  readonly alias: string
  /** Who comes back has the name of then: an account that was kept is found by it. */
  #userName: string
  #count = 0

  constructor(alias: string) {
    super()
    this.alias = alias
    this.#userName = `${alias}@${DOMAIN}`
    this.wanted = this.#invent()
  }

  /** Somebody changes something in the directory. */
  change(random: Random, mayLeave: boolean): void {
    const { wanted } = this
    this.#count += 1
    if (!wanted) {
      this.wanted = this.#invent()
      return
    }
    const chance = random()
    if (chance < 0.06 && mayLeave) {
      this.wanted = undefined
    } else if (chance < 0.1) {
      this.#userName = `${this.alias}.${this.#count}@${DOMAIN}`
      this.wanted = { ...wanted, userName: this.#userName }
    } else if (chance < 0.3) {
      this.wanted = { ...wanted, active: !wanted['active'] }
    } else {
      const name = oneOf(random, ['title', 'department', 'phone', 'familyName', 'mail'])
      this.wanted = { ...wanted, [name]: this.#value(name, random) }
    }
  }

  #value(name: string, random: Random): string {
    switch (name) {
      case 'title':
        return `${oneOf(random, TITLES)} ${this.#count}`
      case 'department':
        return oneOf(random, UNITS)
      case 'phone':
        return `+44207946${String(this.#count).padStart(4, '0')}`
      case 'mail':
        return `${this.alias}+${this.#count}@${DOMAIN}`
      default:
        return `Quill-${this.#count}`
    }
  }

  #invent(): Fields {
    return {
      userName: this.#userName,
      externalId: `${this.alias}:${this.#count}`,
      givenName: 'Ada',
      familyName: 'Quill',
      mail: `${this.alias}@${DOMAIN}`,
      title: 'Librarian',
      department: 'Archive',
      phone: '+442079460000',
      active: true,
    }
  }

  protected toResource(fields: Fields): Body {
    return {
      schemas: [USER, ENTERPRISE],
      userName: fields['userName'],
      externalId: fields['externalId'],
      name: { givenName: fields['givenName'], familyName: fields['familyName'] },
      emails: [{ type: 'work', primary: true, value: fields['mail'] }],
      phoneNumbers: [{ type: 'work', value: fields['phone'] }],
      title: fields['title'],
      active: fields['active'],
      [ENTERPRISE]: { department: fields['department'] },
    }
  }

  protected fieldsOf(resource: Body): Fields {
    const work = (list: Body) => list?.find((one: Body) => one.type === 'work')?.value
    return {
      userName: resource.userName,
      externalId: resource.externalId,
      givenName: resource.name?.givenName,
      familyName: resource.name?.familyName,
      mail: work(resource.emails),
      title: resource.title,
      department: resource[ENTERPRISE]?.department,
      phone: work(resource.phoneNumbers),
      active: resource.active,
    }
  }

  /** What is wrong with the account; undefined: nothing. */
  compareWith(account: AccountRow): string | undefined {
    const { wanted } = this
    if (!wanted) return 'an account of somebody who was deleted'
    const shown: Fields = {
      userName: account.login,
      givenName: account.first_name ?? '',
      familyName: account.last_name,
      mail: account.mail ?? '',
      title: account.job_title ?? '',
      department: account.org_unit ?? '',
      phone: account.phone ?? '',
      active: account.state === 'enabled',
    }
    const other = Object.keys(shown).filter((name) => !alike(shown[name], wanted[name]))
    return other.length === 0 ? undefined : `another ${other.join(', ')}`
  }
}
