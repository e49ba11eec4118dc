/** One request of a client as a row of the audit: what it was, and what became of it. Pure. */
import type { Answered, Outcome, RequestOp } from '../db/audit.ts'
import type { ScimError } from '../scim/error.ts'
import type { Json, JsonObject, ResourceDefinition } from '../scim/schema.ts'
import { isObject } from '../scim/values.ts'
import { reasonOf } from './reason.ts'
import type { Trail } from './trail.ts'

export interface HeardRequest {
  readonly method: string
  readonly segments: readonly string[]
  readonly query: ReadonlyMap<string, string>
  readonly body: Json | undefined
}

export interface HeardAnswer {
  readonly status: number
  readonly body?: JsonObject
  /** Why it was refused. */
  readonly error: ScimError | undefined
  readonly ms: number
}

export type Row = Omit<Answered, 'connection' | 'asked' | 'given' | 'about'>

/** Of what a client was told: it names attributes and settings, and no value. */
const LONGEST_SAID = 300

/** Ids that we have given out ourselves: what else a path holds may be anything. */
const OURS = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export function rowOf(
  trail: Trail,
  definition: ResourceDefinition | undefined,
  request: HeardRequest | undefined,
  method: string,
  answer: HeardAnswer,
): Row {
  const op = request ? opOf(request, definition) : 'other'
  const outcome = outcomeOf(op, trail, answer.status)
  const found = foundIn(op, answer.body)
  const reason = reasonIn(answer)
  const { status, error, ms } = answer
  const dropped = trail.callMs.length - trail.calls.length
  return {
    request: trail.request,
    at: trail.at,
    actor: trail.actor,
    method,
    type: definition?.type.name ?? '',
    link: linkOf(op, request, answer),
    op,
    decision: reason ?? decisionOf(op, trail, request, found),
    ...{ outcome, status, ms },
    calls: trail.calls,
    detail: {
      ...(found !== undefined && { found }),
      ...(trail.rule !== undefined && { rule: trail.rule }),
      ...(trail.findings.size > 0 && { findings: [...trail.findings].slice(0, 10) }),
      ...(error?.scimType !== undefined && { scimType: error.scimType }),
      ...(error?.retryAfterSeconds !== undefined && { retryAfterSeconds: error.retryAfterSeconds }),
      ...(error && { says: error.message.slice(0, LONGEST_SAID) }),
      ...(dropped > 0 && { furtherCalls: dropped }),
    },
  }
}

/** An accident of ours has no error that a client hears of. */
function reasonIn({ error, status }: HeardAnswer): string | undefined {
  if (error) return reasonOf(error)
  return status < 500 ? undefined : status === 503 ? 'unavailable' : 'failed'
}

function opOf(
  { method, segments }: HeardRequest,
  definition: ResourceDefinition | undefined,
): RequestOp {
  const last = segments.at(-1)?.toLowerCase()
  if (last === '.search') return 'list'
  if (segments[0]?.toLowerCase() === 'bulk') return 'bulk'
  if (!definition) return 'other'
  switch (method) {
    case 'POST':
      return 'create'
    case 'PUT':
    case 'PATCH':
      return 'update'
    case 'DELETE':
      return 'delete'
    default:
      return segments.length > 1 ? 'read' : 'list'
  }
}

const WRITES: ReadonlySet<RequestOp> = new Set(['create', 'update', 'delete', 'bulk'])

export function isWriteOp(op: RequestOp): boolean {
  return WRITES.has(op)
}

function outcomeOf(op: RequestOp, trail: Trail, status: number): Outcome {
  if (status >= 500) return 'failed'
  if (status >= 400) return 'refused'
  if (!isWriteOp(op)) return 'answered'
  return trail.decisions.size > 0 ? 'done' : 'unchanged'
}

/** How many a list has answered with; undefined: it is no list. */
function foundIn(op: RequestOp, body: JsonObject | undefined): number | undefined {
  const total = op === 'list' ? body?.['totalResults'] : undefined
  return typeof total === 'number' ? total : undefined
}

function decisionOf(
  op: RequestOp,
  trail: Trail,
  request: HeardRequest | undefined,
  found: number | undefined,
): string {
  switch (op) {
    case 'create':
    case 'update':
    case 'delete':
    case 'bulk':
      return [...trail.decisions.values()].at(-1)?.decision ?? 'unchanged'
    case 'list':
      if (!request?.query.has('filter') || found === undefined) return 'listed'
      return found === 0 ? 'none' : found === 1 ? 'found' : 'several'
    case 'read':
      return 'found'
    case 'other':
      return 'answered'
  }
}

function linkOf(
  op: RequestOp,
  request: HeardRequest | undefined,
  { status, body }: HeardAnswer,
): string {
  const named = request?.segments[1] ?? ''
  switch (op) {
    case 'read':
    case 'update':
    case 'delete':
      return status < 400 || OURS.test(named) ? named : ''
    case 'create':
      return status < 400 && typeof body?.['id'] === 'string' ? body['id'] : ''
    case 'list': {
      const resources = body?.['Resources']
      const [only, ...others] = Array.isArray(resources) ? resources : []
      const id = isObject(only) && others.length === 0 ? only['id'] : undefined
      return typeof id === 'string' ? id : ''
    }
    case 'bulk':
    case 'other':
      return ''
  }
}
