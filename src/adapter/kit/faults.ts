/** What goes wrong between an adapter and its app, put there on purpose. */
import type { Fetch } from './subject.ts'

/** One call as a fault sees it. `pass` lets it reach the app, and reads the answer whole. */
interface Call {
  readonly input: string
  readonly init: RequestInit
  /** From 1, of this connection. */
  readonly number: number
  readonly pass: () => Promise<Response>
}

export type Fault = (call: Call) => Promise<Response>

export interface Faulty {
  readonly wrap: (fetch: Fetch) => Fetch
  /** Calls so far. */
  readonly calls: () => number
}

export function faulty(fault: Fault): Faulty {
  let number = 0
  return {
    calls: () => number,
    wrap: (fetch) => (input, init) => {
      number++
      return fault({ input, init, number, pass: () => whole(fetch, input, init) })
    },
  }
}

/** The call of this number goes wrong, and no other. */
export function at(number: number, fault: Fault): Fault {
  return (call) => (call.number === number ? fault(call) : call.pass())
}

async function whole(fetch: Fetch, input: string, init: RequestInit): Promise<Response> {
  const response = await fetch(input, init)
  return again(response, await response.text())
}

/** The same answer with another body. */
export function again({ status, headers }: Response, text: string): Response {
  const kept = [...headers].filter(([name]) => !/^content-(?:length|encoding)$/i.test(name))
  // RFC 9110 §6.4.1: these have no body.
  return new Response([204, 205, 304].includes(status) ? null : text, { status, headers: kept })
}

const HTML = '<!doctype html><title>Sign in</title><form action="/login"></form>'

function answer(status: number, text: string, headers: Readonly<Record<string, string>>): Response {
  return new Response(text, { status, headers })
}

function lost(): never {
  throw new TypeError('the connection was lost')
}

export const lostRequest: Fault = async () => lost()
export const lostAnswer: Fault = async ({ pass }) => {
  await pass()
  return lost()
}
const JSON_TYPE = { 'content-type': 'application/json' }
/** 503 as one of many says it: the app may have answered it at once, or never have seen the call. */
export const errorBefore: Fault = async () => answer(503, '{"message":"unavailable"}', JSON_TYPE)
export const errorAfter: Fault = async ({ pass }) => {
  await pass()
  return answer(500, '{"message":"internal error"}', JSON_TYPE)
}
export const htmlAfter: Fault = async ({ pass }) => {
  await pass()
  return answer(200, HTML, { 'content-type': 'text/html' })
}
export const refusedCredential: Fault = async () => answer(401, '{"message":"no"}', JSON_TYPE)
export const cut: Fault = async ({ pass }) => {
  const response = await pass()
  const text = await response.text()
  return again(response, text.slice(0, Math.ceil(text.length / 2)))
}

/** Too many requests, as many apps say it: with a body that is no JSON. */
export function tooMany(headers: Readonly<Record<string, string>> = {}): Fault {
  return async () => answer(429, 'Too many requests.', { 'content-type': 'text/html', ...headers })
}

export function refusal(status: number, text: string): Fault {
  const body = { message: text, error: text, errors: [text], fault: { text, field: text } }
  return async () => answer(status, JSON.stringify(body), JSON_TYPE)
}

/** The answers to one list, page by page; other calls on the way pass. `number` is from 1. */
export function pageFault(change: (page: Response, number: number) => Promise<Response>): Fault {
  let place: string | undefined
  let pages = 0
  return async ({ input, init, pass }) => {
    const response = await pass()
    const text = await response.text()
    const here = `${init.method} ${input.split('?', 1)[0]}`
    if (place === undefined && rowsIn(parse(text))) place = here
    if (here !== place) return again(response, text)
    pages++
    return change(again(response, text), pages)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The largest list of a page: its rows. */
function rowsIn(value: unknown, depth = 3): unknown[] | undefined {
  if (Array.isArray(value)) return value.length > 0 ? value : undefined
  if (typeof value !== 'object' || value === null || depth === 0) return undefined
  const lists = Object.values(value).flatMap((inner) => {
    const rows = rowsIn(inner, depth - 1)
    return rows ? [rows] : []
  })
  return lists.sort((a, b) => b.length - a.length)[0]
}

/** A page whose rows are others. Undefined where its body is no JSON with a list in it. */
export async function withRows(
  page: Response,
  change: (rows: unknown[]) => void,
): Promise<Response | undefined> {
  const text = await page.clone().text()
  const json = parse(text)
  const rows = rowsIn(json)
  if (!rows) return undefined
  change(rows)
  return again(page, JSON.stringify(json))
}
