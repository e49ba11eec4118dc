/** What an answer of the app means: the first rule that holds, else what its status means. */
import type { HttpResponse } from '../http.ts'
import { getAt } from './pointer.ts'
import type { Condition, Fact, Rule, Verdict } from './request-schema.ts'

type Answer = Pick<HttpResponse, 'status' | 'body' | 'json'>

/** @throws {AdapterFailure} where no rule holds, and the status is no success with a JSON body */
export function judge(rules: readonly Rule[], response: HttpResponse): Verdict {
  const rule = rules.find((one) => holds(one, response))
  if (rule) return rule.means
  if (response.status < 200 || response.status > 299) throw response.failure()
  // A sign-in page comes with 200.
  if (response.body === 'other') throw response.misunderstood()
  return 'ok'
}

function holds(condition: Condition, { status, body, json }: Answer): boolean {
  if (condition.status !== undefined) {
    const classes = [condition.status].flat()
    if (!classes.some((one) => one === status || one === `${Math.floor(status / 100)}xx`)) {
      return false
    }
  }
  if (condition.body !== undefined && condition.body !== body) return false
  return isSo(condition, json)
}

/** Of a value alone, which has no status. */
export function isSo({ at, equals, contains, exists }: Condition, whole: unknown): boolean {
  if (at === undefined) return true
  const value = getAt(whole, at)
  if (exists === true) return value !== undefined && value !== null
  // Missing from what should hold it: an error body lacks everything, and says nothing by that.
  if (exists === false) return (value === undefined || value === null) && holderOf(whole, at)
  if (contains !== undefined) {
    const part = contains.toLowerCase()
    return [value].flat().some((text) => String(getAt(text, '')).toLowerCase().includes(part))
  }
  return Array.isArray(equals) ? equals.some((one) => one === value) : equals === (value ?? null)
}

/** True where the value, which has no status, meets all of them. */
export function meets(facts: readonly Fact[], value: unknown): boolean {
  return facts.every((fact) => isSo(fact, value))
}

function holderOf(whole: unknown, at: string): boolean {
  const holder = at === '' ? whole : getAt(whole, at.slice(0, at.lastIndexOf('/')))
  return typeof holder === 'object' && holder !== null
}
