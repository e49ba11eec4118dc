/**
 * What one request, or one turn of a job, leaves behind for the audit while it is under way. It is handed
 * on from operation to operation; an isolate serves many at once.
 */
import type { AppCall, OnCall } from '../adapter/app-call.ts'
import type { Actor, AuditContext, AuditEntry } from '../db/audit.ts'
import type { ScimError } from '../scim/error.ts'
import type { HeardRequest } from './hear.ts'

/** Calls of which each is kept; a walk over a list makes hundreds. */
const CALLS = 40
/** Steps that are kept for a trace. */
const STEPS = 100

/** What a request waited for: a call of the app, or a trip to D1. */
export interface Step {
  readonly of: 'app' | 'd1'
  /** Without a value. */
  readonly name: string
  /** Milliseconds since 1970. */
  readonly endedAt: number
  readonly ms: number
  readonly isFailed: boolean
  /** Of HTTP. */
  readonly status?: number | undefined
  /** Of one trip to D1. */
  readonly statements?: number
}

/** An operation of a Bulk request that was refused or failed. */
export interface RefusedPart {
  readonly request: HeardRequest
  readonly error: ScimError
}

export class Trail implements AuditContext {
  readonly request: string
  /** Milliseconds since 1970: when it began. */
  readonly at: number
  #actor: Actor
  readonly #calls: AppCall[] = []
  /** Milliseconds of each call, also of those that are not kept. */
  readonly callMs: number[] = []
  callsFailed = 0
  /** Milliseconds of each trip to D1. */
  readonly tripMs: number[] = []
  /** By which rule an account was found; `decision`: an administrator has said so. */
  rule: string | undefined
  /** Ids of what was reported. */
  readonly findings = new Set<string>()
  /** The last of each link stands, where a commit was tried again. */
  readonly decisions = new Map<string, AuditEntry>()
  /** Each has a row of its own: the answer of the whole is 200. */
  readonly refusedParts: RefusedPart[] = []
  /** Links of which an update was begun. */
  readonly begun = new Set<string>()

  constructor(request: string, actor: Actor, at: number) {
    this.request = request
    this.#actor = actor
    this.at = at
  }

  get actor(): Actor {
    return this.#actor
  }

  get calls(): readonly AppCall[] {
    return this.#calls
  }

  /** Whose request it is, when that is known. */
  admitted(actor: Actor): void {
    this.#actor = actor
  }

  readonly onCall: OnCall = (call) => {
    this.callMs.push(call.ms)
    if (call.failure !== undefined || (call.status ?? 0) >= 500) this.callsFailed += 1
    if (this.#calls.length < CALLS) this.#calls.push(call)
  }

  /** In the order in which they end. */
  readonly steps: Step[] = []

  waitedFor(step: Step): void {
    if (step.of === 'd1') this.tripMs.push(step.ms)
    if (this.steps.length < STEPS) this.steps.push(step)
  }

  readonly decided = (entry: AuditEntry): void => {
    this.decisions.set(`${entry.op}\n${entry.link}`, entry)
  }
}
