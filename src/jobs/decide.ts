/**
 * A person decides a finding. What is decided about accounts is written where each write and each
 * scan reads it, with the finding and the audit in one batch; docs/reconcile.md says what each means.
 */
import type { Connection } from '../access/connection.ts'
import { modeOf } from '../access/mode.ts'
import { AdapterFailure } from '../adapter/failure.ts'
import { Audit } from '../db/audit.ts'
import { writeAll } from '../db/database.ts'
import { Decided } from '../db/decided.ts'
import { Departures } from '../db/departures.ts'
import { type Finding, Findings } from '../db/findings.ts'
import { isEnded, type Link } from '../db/link.ts'
import { isReused } from '../operations/account.ts'
import { openEndpoint } from '../operations/endpoint.ts'
import { toScimError } from '../operations/failure.ts'
import { ScimError } from '../scim/error.ts'
import { entryOf, type Given, kept, Refusal, readNamed, verdictsOf, write } from './deciding.ts'
import {
  ACCOUNT_DECISIONS,
  type AccountDecision,
  accountsOf,
  type Decision,
  type GuardDecision,
  type InvalidDecision,
  invalidDecision,
} from './decisions.ts'
import { openFor } from './endpoint.ts'
import type { Jobs } from './jobs.ts'
import { mergeAccounts } from './merge-accounts.ts'
import { restoreDrift } from './restore-drift.ts'

export type DecideOutcome =
  | { readonly kind: 'decided'; readonly finding: Finding }
  | { readonly kind: 'unknown' | 'closed' }
  | { readonly kind: 'invalid'; readonly error: InvalidDecision }
  /** Why not now, and what to do first. */
  | { readonly kind: 'refused'; readonly detail: string }
  /** The app is down, or refuses us. */
  | { readonly kind: 'failed'; readonly detail: string }

const STATE_AFTER = { ignore: 'ignored', close: 'closed', reopen: 'open' } as const

export async function decide(
  jobs: Jobs,
  connection: Connection,
  id: string,
  {
    decision,
    nativeId,
    by,
  }: {
    readonly decision: string
    readonly nativeId: string | undefined
    /** Id of the administrator. */
    readonly by: string
  },
): Promise<DecideOutcome> {
  const { io } = jobs
  const findings = new Findings(jobs.openData(connection), connection.id)
  const finding = await findings.get(id)
  if (!finding) return { kind: 'unknown' }
  // Closing twice is closing.
  if (finding.state === 'closed' && decision === 'close') return { kind: 'decided', finding }
  if (finding.state === 'closed') return { kind: 'closed' }
  const error = invalidDecision(finding, decision, nativeId)
  if (error) return { kind: 'invalid', error }
  const taken = decision as Decision
  if (taken === 'restore') return restore(jobs, connection, finding)
  if (taken === 'allow' || taken === 'reject') {
    await decideParked(jobs, connection, finding, taken, by)
    return afterwards(findings, id)
  }
  if (!isAboutAccounts(taken)) {
    const decided = await findings.decide(id, STATE_AFTER[taken], { decision, by }, io.now())
    return decided ? { kind: 'decided', finding: decided } : { kind: 'closed' }
  }
  try {
    await decideAccounts(jobs, connection, finding, taken, nativeId, by)
  } catch (failure) {
    if (failure instanceof Refusal) return { kind: 'refused', detail: failure.message }
    if (failure instanceof AdapterFailure) {
      return { kind: 'failed', detail: toScimError(failure).message }
    }
    if (failure instanceof ScimError) return { kind: 'failed', detail: failure.message }
    throw failure
  }
  return afterwards(findings, id)
}

async function afterwards(findings: Findings, id: string): Promise<DecideOutcome> {
  const finding = await findings.get(id)
  return finding ? { kind: 'decided', finding } : { kind: 'unknown' }
}

/** Whoever is parked passes when the client tries again, and is not counted; or is refused. */
async function decideParked(
  jobs: Jobs,
  connection: Connection,
  finding: Finding,
  decision: GuardDecision,
  by: string,
): Promise<void> {
  const db = jobs.openData(connection)
  const now = jobs.io.now()
  const { type } = accountsOf(finding)
  const state = decision === 'allow' ? 'allowed' : 'rejected'
  const request = `decide-${jobs.io.newId()}`
  const entry = { request, type, link: finding.id, op: 'decide' as const, decision: state }
  const detail = { administrator: by }
  await writeAll(db, [
    new Departures(db, connection.id).decide(type, state, now),
    ...new Decided(db, connection.id, by).finding(
      finding,
      'closed',
      { decided: { decision } },
      now,
    ),
    new Audit(connection.id).entry({ ...entry, detail }, now),
  ])
}

async function restore(
  jobs: Jobs,
  connection: Connection,
  finding: Finding,
): Promise<DecideOutcome> {
  const { type } = accountsOf(finding)
  const outcome = await restoreDrift(jobs, connection, finding.subject.slice(type.length + 1))
  switch (outcome.kind) {
    case 'restored':
    case 'no-drift':
      return afterwards(new Findings(jobs.openData(connection), connection.id), finding.id)
    case 'no-link':
      return { kind: 'refused', detail: 'The link that this finding is about has ended: close it' }
    case 'refused':
      return { kind: outcome.isTemporary ? 'failed' : 'refused', detail: outcome.reason }
  }
}

function isAboutAccounts(decision: Decision): decision is AccountDecision {
  return ACCOUNT_DECISIONS.some((one) => one === decision)
}

async function decideAccounts(
  jobs: Jobs,
  connection: Connection,
  finding: Finding,
  decision: AccountDecision,
  nativeId: string | undefined,
  by: string,
): Promise<void> {
  const db = jobs.openData(connection)
  const { io } = jobs
  const { type } = accountsOf(finding)
  const open = await openFor(jobs, connection, 'decide')
  const endpoint = openEndpoint(open, type)
  if (!endpoint) throw new Refusal('The connection has no such resource type any more')
  const given: Given = { endpoint, decided: new Decided(db, connection.id, by), finding, nativeId }
  switch (decision) {
    case 'link':
      return finding.kind === 'ambiguous' ? choose(given) : takeOver(given)
    case 'merge': {
      if (modeOf(connection, io.now()) !== 'live') {
        throw new Refusal('A merge writes to the app: set the mode of the connection to "live"')
      }
      return mergeAccounts(given)
    }
    case 'protect':
      return protect(given)
    case 'unprotect':
      return unprotect(given)
    case 'unlink':
      return unlink(given)
  }
}

// ---- of several, this one ------------------------------------------------------------------------

async function choose(given: Given): Promise<void> {
  const { decided, finding, endpoint } = given
  const accounts = await readNamed(endpoint, accountsOf(finding).nativeIds)
  const one = kept(given, accounts)
  const facts = { decided: { decision: 'link', nativeId: one.nativeId } }
  await write(given, [
    ...verdictsOf(given, one, accounts),
    ...decided.finding(finding, 'closed', facts, endpoint.io.now()),
  ])
}

// ---- of one ----------------------------------------------------------------------------------------

async function protect(given: Given): Promise<void> {
  const { endpoint, decided, finding } = given
  const { io } = endpoint
  const { nativeIds } = accountsOf(finding)
  const nativeId = given.nativeId ?? nativeIds[0] ?? ''
  const isOrphan = finding.kind === 'orphan'
  const accounts = await readNamed(endpoint, isOrphan ? [nativeId] : nativeIds)
  const account = accounts.find((one) => one.nativeId === nativeId)
  if (!account?.object) throw new Refusal(`Account ${nativeId} is not in the app`)
  const { link } = account
  if (isEnded(link)) {
    throw new Refusal(`A client has deleted account ${nativeId}: there is nothing left to protect`)
  }
  const count = Number(finding.detail['count'] ?? 0)
  if (isOrphan && (link.state !== 'discovered' || link.verdict === 'protected')) {
    throw new Refusal(`Account ${nativeId} is none of those that only the app knows`)
  }
  // Of several, the rest is still to be decided where more than one account is left.
  const left = accounts.filter((one) => one !== account && one.link.verdict === undefined).length
  const isOver = isOrphan ? count <= 1 : left < 2
  const facts = {
    decided: { decision: 'protect', nativeId },
    ...(isOrphan && { count: count - 1 }),
  }
  await write(given, [
    decided.verdict([link.id], 'protected'),
    entryOf(given, link, 'protected'),
    ...decided.finding(finding, isOver ? 'closed' : undefined, facts, io.now()),
  ])
}

/** @throws {Refusal} where the link of a finding about one account has ended */
async function linkOf({ endpoint, finding }: Given): Promise<Link> {
  const type = endpoint.definition.type.name
  const id = finding.subject.slice(type.length + 1)
  const link = await endpoint.links.get(type, id)
  if (!link || isEnded(link)) {
    throw new Refusal('The link that this finding is about has ended: close the finding')
  }
  return link
}

async function unprotect(given: Given): Promise<void> {
  const { decided, finding, endpoint } = given
  const link = await linkOf(given)
  if (link.verdict !== 'protected') {
    throw new Refusal(
      'The app itself or the policy "protected" of this connection protects this account, not a ' +
        'decision: change that instead',
    )
  }
  const facts = { decided: { decision: 'unprotect' } }
  await write(given, [
    decided.verdict([link.id], undefined),
    entryOf(given, link, 'unprotected'),
    ...decided.finding(finding, 'closed', facts, endpoint.io.now()),
  ])
}

/** The app reused the identifier, and rightly: the account that bears it now is this person's. */
async function takeOver(given: Given): Promise<void> {
  const { decided, finding, endpoint } = given
  const link = await linkOf(given)
  const object = link.nativeId === undefined ? null : await endpoint.port.get(link.nativeId)
  if (!object) throw new Refusal('The account is not in the app any more: unlink it')
  if (!isReused(link, object)) {
    throw new Refusal('The account is the one that was linked: close the finding')
  }
  const now = endpoint.io.now()
  const facts = { decided: { decision: 'link', nativeId: object.id } }
  await write(given, [
    ...decided.takeFingerprint(link, object.fingerprint, now),
    entryOf(given, link, 'relinked'),
    ...decided.finding(finding, 'closed', facts, now),
  ])
}

async function unlink(given: Given): Promise<void> {
  const { decided, finding, endpoint } = given
  const link = await linkOf(given)
  const object = link.nativeId === undefined ? null : await endpoint.port.get(link.nativeId)
  if (object && !isReused(link, object)) {
    throw new Refusal('The account is there, and is the one that was linked: close the finding')
  }
  if (link.open) {
    throw new Refusal('A write of this person has not ended: try again in some minutes')
  }
  const now = endpoint.io.now()
  const facts = { decided: { decision: 'unlink' } }
  await write(given, [
    ...decided.end(link, false, now),
    entryOf(given, link, 'unlinked'),
    ...decided.finding(finding, 'closed', facts, now),
  ])
}
