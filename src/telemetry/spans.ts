/** A request and what it waited for as spans of OpenTelemetry, in the JSON of OTLP 1.x. Pure. */
import type { Step } from '../govern/trail.ts'
import type { Answered } from './data-point.ts'

/** Ids in hexadecimal; times in nanoseconds since 1970, which no number of JSON holds. */
export interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: typeof SERVER | typeof CLIENT
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly Attribute[]
  /** 2: an error. */
  readonly status?: { readonly code: 2 }
}

export interface Attribute {
  readonly key: string
  readonly value: { readonly stringValue: string } | { readonly intValue: string }
}

const SERVER = 2
const CLIENT = 3
/** W3C Trace Context §3.2. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/
const ALL_ZERO = /^0+$/

/**
 * @param at milliseconds since 1970: when the request came
 * @param traceparent of the client; else the trace is the request's id without its dashes
 * @param newId a UUID
 */
export function spansOf(
  line: Answered,
  at: number,
  steps: readonly Step[],
  traceparent: string | null,
  newId: () => string,
): Span[] {
  const parent = parentIn(traceparent)
  const traceId = parent?.traceId ?? line.request.replaceAll('-', '')
  // The second half of a UUID begins with bits that are set: an id is never all zero.
  const newSpanId = () => newId().replaceAll('-', '').slice(16)
  const root: Span = {
    traceId,
    spanId: newSpanId(),
    ...(parent && { parentSpanId: parent.spanId }),
    name: `${line.method} ${line.endpoint}`.trim(),
    kind: SERVER,
    ...between(at, at + line.ms),
    attributes: attributes({
      'http.request.method': line.method,
      'http.route': `/scim/{connection}/v2/${line.endpoint}`,
      'http.response.status_code': line.status,
      'postern.request': line.request,
      'postern.connection': line.connection,
      'postern.op': line.op,
      'postern.outcome': line.outcome,
      'postern.decision': line.decision,
    }),
    ...(line.status >= 500 && { status: { code: 2 } }),
  }
  const children = steps.map((step): Span => {
    const { of, name, endedAt, ms, isFailed } = step
    return {
      ...{ traceId, spanId: newSpanId(), parentSpanId: root.spanId, name, kind: CLIENT },
      ...between(endedAt - ms, endedAt),
      attributes: attributes(
        of === 'app'
          ? { 'peer.service': 'app', 'http.response.status_code': step.status ?? 0 }
          : { 'db.system.name': 'sqlite', 'db.operation.batch.size': step.statements ?? 1 },
      ),
      ...(isFailed && { status: { code: 2 } }),
    }
  })
  return [root, ...children]
}

function parentIn(header: string | null): { traceId: string; spanId: string } | undefined {
  const [, traceId = '', spanId = ''] = TRACEPARENT.exec(header ?? '') ?? []
  return ALL_ZERO.test(traceId) || ALL_ZERO.test(spanId) || traceId === ''
    ? undefined
    : { traceId, spanId }
}

function between(from: number, to: number) {
  return { startTimeUnixNano: nanoseconds(from), endTimeUnixNano: nanoseconds(to) }
}

/** @param ms whole milliseconds since 1970 */
export function nanoseconds(ms: number): string {
  return `${Math.round(ms)}000000`
}

/** Those that say nothing are left out. */
export function attributes(values: Readonly<Record<string, string | number>>): Attribute[] {
  return Object.entries(values)
    .filter(([, value]) => value !== '' && value !== 0)
    .map(([key, value]) => ({
      key,
      value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) },
    }))
}
