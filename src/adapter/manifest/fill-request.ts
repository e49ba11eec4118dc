/** A request as a manifest writes it, with every placeholder filled. */
import { AdapterFailure } from '../failure.ts'
import type { HttpRequest } from '../http.ts'
import { markNil } from '../xml-tree.ts'
import type { RequestSpec } from './request-schema.ts'
import { fillJson, fillPath, fillRepeated, fillTexts, type Values } from './template.ts'

type Written = Pick<RequestSpec, 'method' | 'path' | 'query' | 'headers' | 'body' | 'answers'> & {
  readonly safe?: boolean | undefined
}

/** RFC 9110 §5.5, in the characters of which one is one byte. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

export interface Defaults {
  /** Sent with each call. */
  readonly headers: Readonly<Record<string, string>>
  /** What a request is answered in that does not say. */
  readonly answers: 'json' | 'xml'
}

export function fillRequest(defaults: Defaults, spec: Written, values: Values): HttpRequest {
  const { method, path, query, headers: own = {}, body, safe, answers } = spec
  const headers = { ...fillTexts(defaults.headers, values), ...fillTexts(own, values) }
  // A line break would begin another header. The value is somebody's: no trouble of the credential.
  if (Object.values(headers).some((value) => !HEADER_VALUE.test(value))) {
    throw new AdapterFailure('invalid', 'a value cannot stand in a header', { effect: 'none' })
  }
  return {
    method,
    path: fillPath(path, values),
    route: path,
    query: fillRepeated(query ?? {}, values),
    headers,
    answers: answers ?? (body && 'xml' in body ? 'xml' : defaults.answers),
    ...(safe !== undefined && { safe }),
    ...(body && bodyOf(body, values)),
  }
}

function bodyOf(body: NonNullable<RequestSpec['body']>, values: Values): Partial<HttpRequest> {
  if ('json' in body) return { json: fillJson(body.json, values) }
  if ('form' in body) return { form: fillRepeated(body.form, values) }
  if ('graphql' in body) {
    return { json: { query: body.graphql, variables: fillJson(body.variables ?? {}, values) } }
  }
  const tree = fillJson(body.xml, values)
  return { xml: body.nil === undefined ? tree : markNil(tree, body.nil) }
}
