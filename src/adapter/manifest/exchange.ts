/** One call to the app as a manifest writes it, and what it came to. */
import { AdapterFailure, type Effect } from '../failure.ts'
import type { HttpClient, HttpResponse, Query } from '../http.ts'
import { ask } from './ask.ts'
import type { Authorize } from './authorize.ts'
import { attributesNamed } from './convert.ts'
import { type Defaults, fillRequest } from './fill-request.ts'
import type { FillRandom } from './password.ts'
import { getAt } from './pointer.ts'
import type { RequestSpec, Rule, Verdict } from './request-schema.ts'
import type { ResourceManifest } from './resource-schema.ts'
import type { Values } from './template.ts'

export interface App extends Defaults {
  readonly http: HttpClient
  readonly authorize: Authorize
  /** Names of parameters in which `authorize` shows a credential. */
  readonly credentials: readonly string[]
  /** Settings of the connection, by name of the config field; no secrets. */
  readonly settings: Readonly<Record<string, string>>
  readonly random: FillRandom
  /** Of the whole manifest: asked after those of the request. */
  readonly rules: readonly Rule[]
  readonly check: RequestSpec | undefined
}

export interface Answer {
  readonly verdict: Exclude<Verdict, { fail: string }>
  readonly response: HttpResponse
}

export interface NextQuery {
  readonly query: Query
  readonly beside: boolean
}

/**
 * @param next what the app said to ask for next: a query in place of the request's own, or beside it
 * @throws {AdapterFailure} on everything that is no answer to this request
 */
export async function exchange(
  app: App,
  resource: ResourceManifest,
  spec: RequestSpec,
  values: Values,
  next?: NextQuery,
): Promise<Answer> {
  const filled = fillRequest(app, spec, { ...values, config: app.settings })
  const request = next
    ? { ...filled, query: next.beside ? { ...filled.query, ...next.query } : next.query }
    : filled
  const isSafe = spec.safe ?? spec.method === 'GET'
  const rules = [...spec.rules, ...app.rules]
  const write = isSafe ? undefined : { csrf: spec.csrf }
  const { response, verdict } = await ask(app.http, app.authorize, request, write, rules)
  if (verdict instanceof AdapterFailure) throw verdict
  if (typeof verdict === 'object' && 'fail' in verdict) {
    const { fail, attributes, effect } = verdict
    const named = Array.isArray(attributes)
      ? attributes
      : attributes !== undefined && getAt(response.json, attributes)
    const blamed = attributesNamed(resource, named)
    throw refusal(fail, isSafe ? 'none' : effect, response, blamed)
  }
  return { verdict, response }
}

function refusal(
  code: AdapterFailure['code'],
  effect: Effect,
  response: HttpResponse,
  attributes: readonly string[],
): AdapterFailure {
  // The status says how long to wait; what it means, the rule says better.
  const { retryAfterSeconds } = response.failure()
  return new AdapterFailure(code, `the app refused, by the manifest: ${code}`, {
    effect,
    answered: true,
    attributes,
    retryAfterSeconds,
  })
}
