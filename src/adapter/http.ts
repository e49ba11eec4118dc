/**
 * The guarded HTTP client: the only way an adapter reaches its app. It keeps to the app's own
 * origin, follows no redirect, bounds time and size, and says of every failure whether the app may
 * have changed.
 *
 * Its messages name the method and the status and nothing else: no path, no value, no word of the
 * app's. For the same reason no foreign error becomes a `cause`: a JSON parser quotes the body, and
 * `Headers` quotes the value that it refuses.
 */
import type * as z from 'zod'
import { type OnCall, routeOf } from './app-call.ts'
import type { Limits } from './contract.ts'
import { AdapterFailure, type Effect, type FailureCode, OutOfTime } from './failure.ts'
import { discard, parseJson, parseXml, readText } from './http-answer.ts'
import { failureOf } from './http-failure.ts'
import { bodyOf, headersOf, urlBelow } from './http-request.ts'
import { type Pace, paced } from './pace.ts'
import { pauseMs } from './rate-headers.ts'
import { checkAppUrl } from './url.ts'

/** By name; a list is the same name several times. */
export type Query = Readonly<
  Record<string, string | number | readonly (string | number)[] | undefined>
>

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path below the app's base URL, beginning with `/`, each part already encoded. */
  readonly path: string
  /** For the audit: the path with its values left out, for example `/users/{id}/groups`. */
  readonly route?: string
  readonly query?: Query
  readonly headers?: Readonly<Record<string, string>>
  /** Body of a write. A GET carries none. */
  readonly json?: unknown
  /** Instead of `json`: application/x-www-form-urlencoded. */
  readonly form?: Query
  /** Instead of `json`: a tree as `xml.ts` has it, with one member. */
  readonly xml?: unknown
  /** What the app answers in: anything else is `other`. Default: `json`. */
  readonly answers?: 'json' | 'xml'
  /**
   * True for a POST that only reads (JSON-RPC, a search): its failures leave the app as it was.
   * GET is safe by itself (RFC 9110 §9.2.1).
   */
  readonly safe?: boolean
  /**
   * Statuses that the adapter handles itself, besides 2xx. All others fail by `failureOf`. `any`: it
   * handles them all, and bodies that are not JSON as well.
   */
  readonly expect?: readonly number[] | 'any'
}

export interface HttpResponse {
  readonly status: number
  readonly headers: Headers
  /** Parsed JSON, or the tree of an XML body; undefined where the body is empty, or is `other`. */
  readonly json: unknown
  /** `other`, which is not what was asked for, only where `any` status is expected. */
  readonly body: 'json' | 'xml' | 'empty' | 'other'
  /**
   * The JSON as `schema` has it.
   * @throws {AdapterFailure} `protocol` where it is something else, with the effect of this call
   */
  parse<T>(schema: z.ZodType<T>): T
  /**
   * The failure to throw where an answer with an expected status makes no sense, for example a
   * 404 that is not the app's own "no such object".
   */
  misunderstood(): AdapterFailure
  /** The failure that the status means by itself: for an adapter that expects `any`. */
  failure(): AdapterFailure
}

export interface HttpClient {
  /** @throws {AdapterFailure} on an unexpected status, a lost answer, a time-out or a non-JSON body */
  call(request: HttpRequest): Promise<HttpResponse>
  /**
   * The same client at another address that the adapter declares (`otherUrls`), without the app's
   * credential: where an app has its tokens from.
   *
   * @throws {AdapterFailure} `protocol`, effect `none`, where it is not declared or is refused
   */
  at(url: string): HttpClient
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export interface HttpClientOptions {
  readonly baseUrl: string
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>
  /** Milliseconds since the epoch: the clock that dates in `Retry-After` are counted from. */
  readonly now: () => number
  /**
   * What a call that is sent now may take until its body is read, in milliseconds; 0: it is not sent.
   */
  readonly leftMs: () => number
  /** Largest body that is read, in bytes, after decompression. */
  readonly maxBytes: number
  /** True only in development: http and loopback hosts are allowed. */
  readonly allowInsecure: boolean
  /** Headers of every call: the credential. */
  readonly headers?: () => Readonly<Record<string, string>>
  /** What the app calls its own headers. */
  readonly limits?: Pick<Limits, 'remainingHeader' | 'resetHeader'> | undefined
  /** Absent: calls are made at once. */
  readonly pace?: Pace | undefined
  readonly onCall?: OnCall | undefined
  /** Addresses that `at` may be asked for. Default: none. */
  readonly otherUrls?: readonly string[]
}

/** @throws {AdapterFailure} `protocol`, effect `none`, where the base URL is refused */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { baseUrl, allowInsecure, maxBytes, now, leftMs } = options
  const refusal = checkAppUrl(baseUrl, { allowInsecure })
  if (refusal !== undefined) {
    throw new AdapterFailure('protocol', `the app's URL is refused: ${refusal}`, { effect: 'none' })
  }
  const base = new URL(baseUrl)
  // Not `options.fetch()`: workerd's own fetch refuses to be called with another `this`.
  const { fetch } = options

  const client: HttpClient = {
    now,
    at(url) {
      if (!options.otherUrls?.includes(url)) {
        throw new AdapterFailure('protocol', 'this address is not declared by the adapter', {
          effect: 'none',
        })
      }
      const { headers: _, pace, ...rest } = options
      // What another host says of its limits is not about the app.
      const own = new URL(url).origin === base.origin ? { pace } : {}
      return createHttpClient({ ...rest, ...own, baseUrl: url, otherUrls: [] })
    },
    async call(request) {
      const safe = request.safe ?? request.method === 'GET'
      const url = urlBelow(base, request)
      const headers = headersOf(request, options.headers?.() ?? {})
      const body = await bodyOf(request)
      const any = request.expect === 'any'
      const timeoutMs = leftMs()
      if (timeoutMs <= 0) throw new OutOfTime()
      const controller = new AbortController()
      const sentAt = now()
      let seen: number | undefined
      let failed: FailureCode | undefined

      const exchange = async (): Promise<HttpResponse> => {
        const response = await fetch(url, {
          method: request.method,
          headers,
          body,
          redirect: 'manual',
          cache: 'no-store',
          signal: controller.signal,
        })
        const { status } = response
        const pause = pauseMs(status, response.headers, now(), options.limits)
        if (pause !== undefined) options.pace?.pause(pause)
        seen = status
        const failure = () =>
          failureOf(request.method, safe, status, response.headers, now(), options.limits)
        if (!response.ok && !isExpected(request, status)) {
          discard(response)
          throw failure()
        }
        const lost: Effect = safe || (status >= 400 && status < 500) ? 'none' : 'unknown'
        const misunderstood = (): AdapterFailure =>
          new AdapterFailure(
            'protocol',
            `the app's answer to a ${request.method} (${status}) is not understood`,
            { effect: lost },
          )
        const text = await readText(response, maxBytes, misunderstood)
        const parsed = request.answers === 'xml' ? await parseXml(text) : parseJson(text)
        if (parsed.body === 'other' && !any) throw misunderstood()
        const { json } = parsed
        return {
          status,
          headers: response.headers,
          ...parsed,
          misunderstood,
          failure,
          parse(schema) {
            const result = schema.safeParse(json)
            if (!result.success) throw misunderstood()
            return result.data
          },
        }
      }

      let timer: ReturnType<typeof setTimeout> | undefined
      const timeout = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          reject(
            new AdapterFailure(
              'timeout',
              `the app did not answer a ${request.method} within ${timeoutMs} ms`,
              { effect: safe ? 'none' : 'unknown' },
            ),
          )
          controller.abort()
        }, timeoutMs)
      })
      try {
        return await Promise.race([exchange(), timeout])
      } catch (error) {
        failed = error instanceof AdapterFailure ? error.code : 'unavailable'
        if (error instanceof AdapterFailure) throw error
        throw new AdapterFailure(
          'unavailable',
          `the connection to the app was lost during a ${request.method}`,
          { effect: safe ? 'none' : 'unknown' },
        )
      } finally {
        if (timer !== undefined) clearTimeout(timer)
        options.onCall?.({
          method: request.method,
          route: request.route ?? routeOf(request.path),
          status: seen,
          failure: failed,
          ms: now() - sentAt,
        })
      }
    },
  }
  const call = (request: HttpRequest) => paced(options.pace, leftMs(), () => client.call(request))
  return { ...client, call }
}

function isExpected({ expect }: HttpRequest, status: number): boolean {
  return expect === 'any' || (expect?.includes(status) ?? false)
}
