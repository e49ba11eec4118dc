/** `postern audit` and `access` against `npm start`: what nobody flushes is there all the same. */
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Started, startPostern } from '../../cli/launch.ts'
import { type Ran, runPostern } from '../support/postern.ts'

const LOGIN = 'ada.review@example.com'

describe('what happened', { timeout: 120_000 }, () => {
  let folder: string
  let started: Started

  const postern = (...args: string[]): Promise<Ran> => runPostern(args, { POSTERN_STATE: folder })

  async function scim(method: string, where: string, body?: object): Promise<Response> {
    const response = await fetch(started.now.scimBaseUrl + where, {
      method,
      headers: {
        authorization: `Bearer ${started.now.token}`,
        'content-type': 'application/scim+json',
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    await response.clone().text()
    return response
  }

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'postern-test-'))
    started = await startPostern([], { POSTERN_STATE: folder })
    await scim('GET', `/Users?filter=${encodeURIComponent(`userName eq "${LOGIN}"`)}`)
    const made = await scim('POST', '/Users', {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      userName: LOGIN,
      name: { givenName: 'Ada', familyName: 'Review' },
      active: true,
    })
    expect(made.status).toBe(201)
  }, 120_000)

  afterAll(async () => {
    await started?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  test('is a timeline of sentences, and the same as JSON, lines and a table', async () => {
    const told = await postern('audit', 'demo', '--person', LOGIN)
    expect(told.code, told.stderr).toBe(0)
    expect(told.stdout).toContain('came      The client (token')
    const [none, created] = ['Nobody matched', 'a new account was created']
    expect(told.stdout).toContain(none)
    // The newest is last, as in a log.
    expect(told.stdout.indexOf(created ?? '')).toBeGreaterThan(told.stdout.indexOf(none ?? ''))
    expect(told.stdout).not.toContain(LOGIN)
    const { json } = await postern('audit', 'demo', '--person', LOGIN, '--json')
    expect(json.items.map((one: { op: string }) => one.op)).toEqual(['create', 'list'])
    const lines = await postern('audit', 'demo', '--since', '1h', '--ndjson')
    expect(lines.stdout.trim().split('\n').length).toBeGreaterThanOrEqual(2)
    const table = await postern('audit', 'demo', '--since', '1h', '--csv')
    expect(table.stdout).toMatch(/^at,request,who,/)
    expect((await postern('audit', 'demo', '--json', '--csv')).code).toBe(2)
    expect((await postern('audit', 'demo', '--since', 'yesterday')).code).toBe(2)
    expect((await postern('audit', 'none-such')).code).toBe(1)
  })

  test('says who has access', async () => {
    const told = await postern('access', 'demo')
    expect(told.code, told.stderr).toBe(0)
    expect(told.stdout).toContain(LOGIN)
    expect(told.stdout).toContain('created')
    const { json } = await postern('access', 'demo', '--json')
    expect(json.items).toMatchObject([{ userName: LOGIN, how: 'created', active: true }])
    const orphans = await postern('access', 'demo', '--orphans')
    expect(orphans.stdout).toContain('No scan has finished')
    expect((await postern('access', 'demo', '--csv')).stdout).toMatch(/^kind,id,userName,/)
  })
})
