/** People who are not there at once: invitations that somebody accepts, and jobs that take a while. */
import type { Settings } from './faults.ts'
import { Fault } from './fields.ts'
import type { Account, Invitation, Job, NewAccount, Store } from './store.ts'

const FIRST_INVITATION_NO = 5001
const FIRST_JOB_NO = 9001
const OPEN_DAYS = 7
const DAY_MS = 86_400_000

// ---- invitations -----------------------------------------------------------------------------------

/** The person is listed from now on, under a provisional number. */
export function invite(store: Store, fields: NewAccount): Invitation {
  const invitation_no = FIRST_INVITATION_NO + store.invitations.length
  const { account_no, login } = store.createAccount({ ...fields, state: 'invited', invitation_no })
  const expires_on = new Date(Date.now() + OPEN_DAYS * DAY_MS).toISOString()
  const invitation: Invitation = { invitation_no, login, state: 'open', account_no, expires_on }
  store.invitations.push(invitation)
  return invitation
}

/** The person's own account has a number of its own. */
export function accept(store: Store, no: number): Account {
  const [invitation, provisional] = openOne(store, no)
  store.deleteAccount(provisional)
  const {
    account_no: _,
    created_on: __,
    updated_on: ___,
    invitation_no: ____,
    ...fields
  } = provisional
  const account = store.createAccount({ ...fields, state: 'enabled' })
  invitation.state = 'accepted'
  invitation.account_no = account.account_no
  return account
}

export function end(store: Store, no: number, state: 'withdrawn' | 'expired'): Invitation {
  const [invitation, provisional] = openOne(store, no)
  store.deleteAccount(provisional)
  invitation.state = state
  return invitation
}

export function invitationOf(store: Store, no: number): Invitation {
  const invitation = store.invitations.find((one) => one.invitation_no === no)
  if (!invitation)
    throw new Fault(404, 'E_NOT_FOUND', 'No such invitation.', { what: 'invitation' })
  return invitation
}

function openOne(store: Store, no: number): [Invitation, Account] {
  const invitation = invitationOf(store, no)
  const account = store.account(invitation.account_no)
  if (invitation.state !== 'open' || !account) {
    const { state } = invitation
    throw new Fault(409, 'E_CLOSED', 'This invitation is not open any more.', { state })
  }
  return [invitation, account]
}

/** Nothing but its invitation can be changed of an account that is still to come. */
export function refuseInvited({ state }: Account): void {
  if (state === 'invited') throw new Fault(409, 'E_INVITED', 'This person has not accepted yet.')
}

// ---- jobs ------------------------------------------------------------------------------------------

export function startJob(store: Store, fields: NewAccount): Job {
  const job_no = FIRST_JOB_NO + store.jobs.length
  const started_on = new Date().toISOString()
  const job: Job = { job_no, state: 'running', started_on, fields, account_no: null }
  store.jobs.push(job)
  return job
}

export function jobOf(store: Store, no: number): Job {
  const job = store.jobs.find((one) => one.job_no === no)
  if (!job) throw new Fault(404, 'E_NOT_FOUND', 'No such job.', { what: 'job' })
  return job
}

/** Ends the jobs whose time has come; every call begins with it. True: there was one. */
export function runJobs(store: Store, { jobDelayMs, jobs }: Settings): boolean {
  let ran = false
  for (const job of store.jobs) {
    if (job.state !== 'running' || Date.parse(job.started_on) + jobDelayMs > Date.now()) continue
    ran = true
    if (jobs === 'fail') job.state = 'failed'
    else {
      job.account_no = store.createAccount(job.fields).account_no
      job.state = 'done'
    }
  }
  return ran
}
