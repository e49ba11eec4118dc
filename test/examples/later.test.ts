/** Fernhollow Desk where people are not there at once, over HTTP, and across a kill. */
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type DeskProcess, startDesk } from './desk.ts'

let folder: string
let file: string
let desk: DeskProcess
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'desk-later-'))
  file = path.join(folder, 'desk.json')
  desk = await startDesk('--state', file, '--no-seed')
})
afterAll(async () => {
  await desk.stop()
  await rm(folder, { recursive: true, force: true })
})

let serial = 0
// biome-ignore lint/suspicious/noExplicitAny: bodies of many shapes
async function call(method: string, target: string, body?: unknown): Promise<any> {
  const { status, json } = await desk.call(method, target, body)
  return { status, ...(json as object) }
}
async function create() {
  serial += 1
  const login = `new.${serial}@fernhollow.example`
  return { login, ...(await call('POST', '/api/accounts', { login, last_name: 'New' })) }
}

async function restart(): Promise<void> {
  await desk.stop('SIGKILL')
  desk = await startDesk('--state', file, '--no-seed')
}

describe('invitations', () => {
  beforeEach(async () => {
    await desk.call('POST', '/control/faults', { creates: 'invite' })
  })

  test('an invited person is listed under a number that acceptance replaces', async () => {
    const { status, login, invitation, account } = await create()
    expect([status, account.state, invitation.state]).toEqual([202, 'invited', 'open'])
    const listed = await call('GET', `/api/accounts?login=${login}`)
    expect(listed.rows).toEqual([account])
    const accepted = await call('POST', `/control/invitations/${invitation.invitation_no}/accept`)
    expect(accepted).toMatchObject({ login, state: 'enabled' })
    expect(accepted.account_no).not.toBe(account.account_no)
    expect((await call('GET', `/api/accounts/${account.account_no}`)).status).toBe(404)
    const after = await call('GET', `/api/invitations/${invitation.invitation_no}`)
    expect(after).toMatchObject({ state: 'accepted', account_no: accepted.account_no })
  })

  test('a withdrawn or expired invitation takes its person along, and cannot be withdrawn again', async () => {
    for (const how of ['withdrawn', 'expired'] as const) {
      const { invitation, account } = await create()
      const target = `/api/invitations/${invitation.invitation_no}`
      if (how === 'withdrawn') expect((await call('DELETE', target)).state).toBe(how)
      else await call('POST', `/control/invitations/${invitation.invitation_no}/expire`)
      expect((await call('GET', `/api/accounts/${account.account_no}`)).status).toBe(404)
      const again = await call('DELETE', target)
      expect([again.status, again.fault.code, again.fault.state]).toEqual([409, 'E_CLOSED', how])
    }
  })

  test('nothing but the invitation of somebody who has not accepted can be changed', async () => {
    const { account } = await create()
    const target = `/api/accounts/${account.account_no}`
    for (const [method, where, body] of [
      ['PATCH', target, { job_title: 'Clerk' }],
      ['POST', `${target}/suspend`, undefined],
      ['DELETE', target, undefined],
    ] as const) {
      const { status, fault } = await call(method, where, body)
      expect([status, fault.code]).toEqual([409, 'E_INVITED'])
    }
  })

  test('an invitation and its acceptance outlive a kill', async () => {
    const { login, invitation } = await create()
    await restart()
    expect((await call('GET', `/api/invitations?login=${login}`)).rows).toHaveLength(1)
    const { account_no } = await call(
      'POST',
      `/control/invitations/${invitation.invitation_no}/accept`,
    )
    await restart()
    expect((await call('GET', `/api/accounts/${account_no}`)).login).toBe(login)
  })
})

describe('jobs', () => {
  test('a job reserves the login and makes the account when its time has come', async () => {
    await desk.call('POST', '/control/faults', { creates: 'async', jobDelayMs: 1e9 })
    const { status, login, job } = await create()
    expect([status, job.state, job.account_no]).toEqual([202, 'running', null])
    expect((await call('GET', `/api/accounts?login=${login}`)).rows).toEqual([])
    const taken = await call('POST', '/api/accounts', { login, last_name: 'Other' })
    expect([taken.status, taken.fault.code]).toEqual([409, 'E_DUPLICATE'])
    await desk.call('POST', '/control/faults', { jobDelayMs: 0 })
    const done = await call('GET', `/api/jobs/${job.job_no}`)
    expect(done.state).toBe('done')
    await restart()
    expect((await call('GET', `/api/accounts/${done.account_no}`)).login).toBe(login)
  })

  test('a job that fails makes nobody, and the login is free', async () => {
    await desk.call('POST', '/control/faults', { creates: 'async', jobDelayMs: 0, jobs: 'fail' })
    const { login, job } = await create()
    expect((await call('GET', `/api/jobs/${job.job_no}`)).state).toBe('failed')
    await desk.call('POST', '/control/faults', { creates: 'sync' })
    expect((await call('POST', '/api/accounts', { login, last_name: 'New' })).status).toBe(201)
  })
})
