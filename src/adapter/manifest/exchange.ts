/** One call to the app as a manifest writes it, and what it came to. */
import { AdapterFailure, type Effect } from '../failure.ts'
import type { HttpClient, HttpRequest, HttpResponse, Query } from '../http.ts'
import { markNil } from '../xml.ts'
import type { Authorize } from './auth.ts'
import { attributesNamed } from './convert.ts'
import { judge } from './judge.ts'
import type { FillRandom } from './password.ts'
import { getAt } from './pointer.ts'
import type { RequestSpec, Rule, Verdict } from './request-schema.ts'
import type { ResourceManifest } from './schema.ts'
import { fillJson, fillPath, fillRepeated, fillTexts, type Values } from './template.ts'

export interface App {
  readonly http: HttpClient
  readonly authorize: Authorize
  /** Settings of the connection, by name of the config field; no secrets. */
  readonly settings: Readonly<Record<string, string>>
  /** What a request is answered in that does not say. */
  readonly answers: 'json' | 'xml'
  readonly random: FillRandom
  /** Sent with each call. */
  readonly headers: Readonly<Record<string, string>>
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
  const filled = fill(app, spec, { ...values, config: app.settings })
  const request = next
    ? { ...filled, query: next.beside ? { ...filled.query, ...next.query } : next.query }
    : filled
  let response = await app.http.call(await app.authorize(request))
  // 401 has no effect: with another token the same call may be made once more.
  if (response.status === 401 && (await app.authorize.forget())) {
    response = await app.http.call(await app.authorize(request))
  }
  const verdict = judge([...spec.rules, ...app.rules], response)
  if (typeof verdict === 'object' && 'fail' in verdict) {
    const { fail, attributes, effect } = verdict
    const named = Array.isArray(attributes)
      ? attributes
      : attributes !== undefined && getAt(response.json, attributes)
    const isSafe = spec.safe ?? spec.method === 'GET'
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

function fill(app: App, spec: RequestSpec, values: Values): HttpRequest {
  const { method, path, query, headers, body, safe, answers } = spec
  return {
    method,
    path: fillPath(path, values),
    query: fillRepeated(query ?? {}, values),
    headers: { ...fillTexts(app.headers, values), ...fillTexts(headers ?? {}, values) },
    ...(safe !== undefined && { safe }),
    ...(body && 'json' in body && { json: fillJson(body.json, values) }),
    ...(body && 'xml' in body && { xml: fillXml(body, values) }),
    answers: answers ?? (body && 'xml' in body ? 'xml' : app.answers),
    ...(body && 'form' in body && { form: fillRepeated(body.form, values) }),
    ...(body &&
      'graphql' in body && {
        json: { query: body.graphql, variables: fillJson(body.variables ?? {}, values) },
      }),
    expect: 'any',
  }
}

type XmlBody = Extract<NonNullable<RequestSpec['body']>, { xml: unknown }>

function fillXml({ xml, nil }: XmlBody, values: Values): unknown {
  const tree = fillJson(xml, values)
  return nil === undefined ? tree : markNil(tree, nil)
}
