/**
 * Stands in front of an app and spoils some of its calls, in every way that real ones are spoiled. The
 * effect of a spoiled call may be there before the gateway hears of it, after it has given up, or never.
 */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { oneOf, type Random } from './random.ts'

interface Call {
  readonly response: ServerResponse
  /** The app does it. */
  readonly pass: () => Promise<Answer>
  /** Longer than the gateway waits. */
  readonly tooLongMs: number
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly text: string
}

const HTML = 'text/html; charset=utf-8'
const JSON_TYPE = 'application/json'
const PAGE = '<!doctype html><title>Sign in</title><form action="/login"></form>'

function send({ response }: Call, { status, type, text }: Answer, headers = {}): void {
  if (response.destroyed) return
  const typed = text === '' ? headers : { 'content-type': type, ...headers }
  response.writeHead(status, typed).end(text)
}

const refuse = (call: Call, status: number, headers = {}) =>
  send(call, { status, type: JSON_TYPE, text: '{"message":"not now"}' }, headers)

const cut = ({ response }: Call) => void response.socket?.resetAndDestroy()

/** By name, as they are counted. */
const FAULTS: Readonly<Record<string, (call: Call) => Promise<void>>> = {
  '429 with Retry-After': async (call) => refuse(call, 429, { 'retry-after': '1' }),
  '429 without Retry-After': async (call) =>
    send(call, { status: 429, type: HTML, text: 'Too many requests.' }),
  '500 before the effect': async (call) => refuse(call, 500),
  '500 after the effect': async (call) => {
    await call.pass()
    refuse(call, 500)
  },
  '502 before the effect': async (call) => send(call, { status: 502, type: HTML, text: PAGE }),
  '502 after the effect': async (call) => {
    await call.pass()
    send(call, { status: 502, type: HTML, text: PAGE })
  },
  '503 before the effect': async (call) => refuse(call, 503, { 'retry-after': '1' }),
  '503 after the effect': async (call) => {
    await call.pass()
    refuse(call, 503)
  },
  'reset before the effect': async (call) => cut(call),
  'answer lost': async (call) => {
    await call.pass()
    cut(call)
  },
  'answer after the time-out': async (call) => {
    const answer = await call.pass()
    await sleep(call.tooLongMs)
    send(call, answer)
  },
  'effect after the time-out': async (call) => {
    await sleep(call.tooLongMs)
    send(call, await call.pass())
  },
  'HTML with 200': async (call) => {
    await call.pass()
    send(call, { status: 200, type: HTML, text: PAGE })
  },
  'HTML with 404': async (call) => send(call, { status: 404, type: HTML, text: PAGE }),
  'cut JSON': async (call) => {
    const answer = await call.pass()
    send(call, { ...answer, text: answer.text.slice(0, Math.ceil(answer.text.length / 2)) })
  },
  // Something on the way sends it again: a create is answered as the duplicate of itself.
  'sent twice': async (call) => {
    await call.pass()
    send(call, await call.pass())
  },
}

export interface FailingApp {
  readonly url: string
  readonly calls: () => number
  /** Spoiled calls so far, by what was done to them. */
  readonly spoiled: () => ReadonlyMap<string, number>
  /** From now on every call passes. */
  readonly heal: () => void
  readonly stop: () => void
}

export interface FailingAppOptions {
  readonly target: string
  readonly random: Random
  /** Share of the calls that are spoiled. */
  readonly rate: number
  readonly tooLongMs: number
}

function kept(headers: IncomingHttpHeaders): Record<string, string> {
  const names = ['content-type', 'accept', 'x-desk-key']
  return Object.fromEntries(names.flatMap((n) => (headers[n] ? [[n, String(headers[n])]] : [])))
}

export async function startFailingApp(options: FailingAppOptions): Promise<FailingApp> {
  const { target, random, tooLongMs } = options
  let { rate } = options
  let calls = 0
  const spoiled = new Map<string, number>()
  const names = Object.keys(FAULTS)
  const server = createServer(async (request, response) => {
    const body = await buffer(request)
    const pass = async (): Promise<Answer> => {
      const answer = await fetch(target + request.url, {
        method: request.method ?? 'GET',
        headers: kept(request.headers),
        ...(body.byteLength > 0 && { body: new Uint8Array(body) }),
      })
      const type = answer.headers.get('content-type') ?? JSON_TYPE
      return { status: answer.status, type, text: await answer.text() }
    }
    const call = { response, pass, tooLongMs }
    calls += 1
    try {
      if (random() >= rate) return send(call, await pass())
      const name = oneOf(random, names)
      spoiled.set(name, (spoiled.get(name) ?? 0) + 1)
      await FAULTS[name]?.(call)
    } catch (error) {
      // The app is on this machine and does not fail by itself: the soak would measure something else.
      console.error('the app itself failed', error)
      response.destroy()
    }
  })
  server.keepAliveTimeout = 75_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    calls: () => calls,
    spoiled: () => spoiled,
    heal: () => {
      rate = 0
    },
    stop: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
