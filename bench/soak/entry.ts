/** One entry of a directory as a provisioning client sees it: what shall be, and what it was told is so. */
import type { Answer, Body } from './conversation.ts'
import { oneOf, type Random } from './random.ts'

export type Fields = Readonly<Record<string, string | boolean>>

export type Ask = (
  operation: string,
  method: string,
  path: string,
  deserved: readonly number[],
  body?: Body,
) => Promise<Answer | undefined>

/** True: done. False: to be tried again in the next cycle. */
export type Step = (ask: Ask, fault: (what: string) => void) => Promise<boolean>

export const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

export abstract class Entry {
  /** As the client was told; undefined: it knows of none. */
  id: string | undefined
  /** Undefined: it shall not exist. */
  wanted: Fields | undefined
  /** What the last answer confirmed; undefined: in doubt. */
  held: Fields | undefined
  /** The last match query found nobody. */
  absent = false
  /** A DELETE was sent that may have had its effect. */
  leaving = false
  /** A request about it is under way. */
  busy = false
  /** Not asked about before this moment: the next cycle. */
  notBefore = 0

  abstract readonly endpoint: 'Users' | 'Groups'
  /** The attribute that it is looked up by. */
  abstract readonly naming: string
  protected abstract toResource(fields: Fields): Body
  /** The path of a PATCH for each field. */
  protected abstract readonly paths: Readonly<Record<string, string>>
  protected abstract fieldsOf(resource: Body): Fields
  protected created(): void {}

  /** What is to be done about it. */
  step(random: Random): Step | undefined {
    if (this.wanted && this.id === undefined) {
      return this.absent ? this.#create(this.wanted) : this.#match(this.wanted)
    }
    if (this.wanted && this.differing(this.wanted).length > 0) {
      return this.#patch(this.wanted, random)
    }
    if (!this.wanted && this.id !== undefined) return this.#remove()
    return undefined
  }

  read(): Step {
    return async (ask, fault) => {
      const { held } = this
      const path = `/${this.endpoint}/${this.id}?excludedAttributes=members`
      const answer = await ask(`read ${this.endpoint}`, 'GET', path, [200])
      if (!answer || !held) return answer !== undefined
      this.#compare(held, answer.body, fault)
      return true
    }
  }

  protected differing(wanted: Fields): string[] {
    return Object.keys(wanted).filter((name) => this.held?.[name] !== wanted[name])
  }

  /** Nobody but this client changes the entry: it reads back what it was told is so. */
  #compare(held: Fields, resource: Body, fault: (what: string) => void): void {
    const shown = this.fieldsOf(resource)
    const other = Object.keys(held).filter((name) => !alike(shown[name], held[name]))
    if (other.length > 0) fault(`${this.endpoint}/${this.id} shows another ${other.join(', ')}`)
  }

  #match(wanted: Fields): Step {
    return async (ask, fault) => {
      const name = String(wanted[this.naming])
      const filter = encodeURIComponent(`${this.naming} eq "${name}"`)
      const path = `/${this.endpoint}?filter=${filter}&excludedAttributes=members`
      const answer = await ask(`match ${this.endpoint}`, 'GET', path, [200])
      if (!answer) return false
      const { totalResults, Resources = [] } = answer.body
      if (totalResults > 1 || Resources.length !== totalResults) {
        fault(`match: ${totalResults} hits, ${Resources.length} shown`)
        return false
      }
      this.absent = totalResults === 0
      this.id = Resources[0]?.id
      this.held = undefined
      return true
    }
  }

  #create(wanted: Fields): Step {
    return async (ask, fault) => {
      // In the next cycle a client asks first, whatever became of this.
      this.absent = false
      const body = this.toResource(wanted)
      const answer = await ask(`create ${this.endpoint}`, 'POST', `/${this.endpoint}`, [201], body)
      if (!answer) return false
      this.id = answer.body.id
      this.held = wanted
      this.created()
      this.#compare(wanted, answer.body, fault)
      return true
    }
  }

  #patch(wanted: Fields, random: Random): Step {
    return async (ask, fault) => {
      const names = this.differing(wanted)
      this.held = undefined
      const op = oneOf(random, ['Replace', 'Add'])
      const Operations = names.map((name) => ({
        op,
        path: this.paths[name],
        // Entra sends a boolean as text.
        value: typeof wanted[name] === 'boolean' ? (wanted[name] ? 'True' : 'False') : wanted[name],
      }))
      const body = { schemas: [PATCH_OP], Operations }
      const path = `/${this.endpoint}/${this.id}`
      const answer = await ask(`patch ${this.endpoint}`, 'PATCH', path, [200, 204], body)
      if (!answer) return false
      this.held = wanted
      if (answer.status === 200) this.#compare(wanted, answer.body, fault)
      return true
    }
  }

  #remove(): Step {
    return async (ask) => {
      const deserved = this.leaving ? [204, 404] : [204]
      this.leaving = true
      this.held = undefined
      const path = `/${this.endpoint}/${this.id}`
      if (!(await ask(`delete ${this.endpoint}`, 'DELETE', path, deserved))) return false
      this.leaving = false
      this.id = undefined
      return true
    }
  }
}

/** Names and mails have no letter case in the app. */
export function alike(one: unknown, other: unknown): boolean {
  return typeof one === 'string' && typeof other === 'string'
    ? one.toLowerCase() === other.toLowerCase()
    : one === other
}
