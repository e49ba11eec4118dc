import type { Body } from './conversation.ts'
import { Entry, type Fields, PATCH_OP, type Step } from './entry.ts'
import type { Person } from './person.ts'
import { oneOf, type Random } from './random.ts'

const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group'
/** Members in one PATCH, at most. */
const MOST = 5

interface Membership {
  wanted: boolean
  /** What the last answer confirmed. */
  held: 'in' | 'out' | 'doubt'
}

export interface TeamRow {
  readonly title: string
  readonly people: readonly number[]
}

export class Group extends Entry {
  readonly endpoint = 'Groups'
  readonly naming = 'displayName'
  protected readonly paths = { displayName: 'displayName', externalId: 'externalId' }
  readonly title: string
  readonly members = new Map<Person, Membership>()

  constructor(title: string) {
    super()
    this.title = title
    this.wanted = { displayName: title, externalId: `group:${title}` }
  }

  /** Somebody joins, or leaves. */
  change(person: Person): void {
    const membership = this.members.get(person)
    if (membership) membership.wanted = !membership.wanted
    else this.members.set(person, { wanted: true, held: 'out' })
  }

  override step(random: Random): Step | undefined {
    return super.step(random) ?? this.#stepOfMembers(random)
  }

  /** Those who the directory knows, with what is to be done about them. */
  #due(): [Person, Membership][] {
    return [...this.members].filter(
      ([person, { wanted, held }]) =>
        held !== (wanted ? 'in' : 'out') &&
        person.id !== undefined &&
        person.wanted &&
        !person.busy,
    )
  }

  #stepOfMembers(random: Random): Step | undefined {
    const due = this.#due()
    const [first] = due
    if (!first) return undefined
    const { wanted } = first[1]
    const chosen = due.filter(([, one]) => one.wanted === wanted).slice(0, MOST)
    return async (ask) => {
      for (const [person, membership] of chosen) {
        person.busy = true
        membership.held = 'doubt'
      }
      const values = chosen.map(([{ id }]) => ({ value: id }))
      // Both of Entra's dialects.
      const Operations =
        wanted || oneOf(random, [true, false])
          ? [{ op: wanted ? 'Add' : 'Remove', path: 'members', value: values }]
          : values.map(({ value }) => ({ op: 'Remove', path: `members[value eq "${value}"]` }))
      const body = { schemas: [PATCH_OP], Operations }
      const operation = wanted ? 'add members' : 'remove members'
      const path = `/Groups/${this.id}`
      const answer = await ask(operation, 'PATCH', path, [200, 204], body)
      for (const [person, membership] of chosen) {
        person.busy = false
        if (answer) membership.held = wanted ? 'in' : 'out'
      }
      return answer !== undefined
    }
  }

  protected toResource(fields: Fields): Body {
    return { schemas: [GROUP], ...fields }
  }

  protected fieldsOf({ displayName, externalId }: Body): Fields {
    return { displayName, externalId }
  }

  /** What is wrong with the team of the app; undefined: nothing. */
  compareWith(team: TeamRow, numberOf: ReadonlyMap<Person, number>): string | undefined {
    const wanted = [...this.members].filter(([, one]) => one.wanted).map(([p]) => numberOf.get(p))
    const lost = wanted.filter((no) => no === undefined || !team.people.includes(no))
    const extra = team.people.filter((no) => !wanted.includes(no))
    if (lost.length + extra.length === 0) return undefined
    return `${lost.length} of ${wanted.length} members are not there, and ${extra.length} others are`
  }
}
