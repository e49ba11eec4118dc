import { describe, expect, test } from 'vitest'
import { route } from '../../src/admin/api.ts'
import { aName } from '../db/stored-connection.ts'
import { admin } from './admin.ts'

const { call } = admin()

describe('the admin API', () => {
  test.each([
    ['a wrong token', 'Bearer wrong'],
    ['no token', ''],
    ['the token in another scheme', 'Basic the-admin-token'],
    ['the beginning of the token', 'Bearer the-admin'],
  ])(
    'answers %s with the same 401 and a challenge, whatever the path',
    async (_, authorization) => {
      for (const path of ['/connections', '/nothing', `/connections/${aName()}`]) {
        const answer = await call('GET', path, undefined, { authorization })
        expect(answer.status).toBe(401)
        expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="postern"')
        expect(answer.headers.get('content-type')).toBe('application/problem+json')
        expect(answer.body).toMatchObject({ status: 401, title: 'Unauthorized' })
      }
    },
  )

  test('lets nobody in where no admin token is set', async () => {
    const { call } = admin({ adminToken: '' })
    for (const authorization of ['Bearer ', 'Bearer', '', 'Bearer undefined']) {
      expect((await call('GET', '/connections', undefined, { authorization })).status).toBe(401)
    }
  })

  test('answers an unknown route with a 404 problem', async () => {
    const answer = await call('GET', '/nothing')
    expect(answer.status).toBe(404)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
  })

  test.each([
    ['PUT', '/connections', 'GET, HEAD, POST'],
    ['POST', '/connections/a', 'GET, HEAD, PATCH, DELETE'],
    ['PATCH', '/connections/a/tokens', 'GET, HEAD, POST'],
    ['GET', '/connections/a/tokens/b', 'DELETE'],
  ])('answers %s %s with 405 and Allow: %s', async (method, path, allow) => {
    const answer = await call(method, path)
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe(allow)
    expect(answer.body.status).toBe(405)
  })

  test('answers HEAD as GET, without a body', async () => {
    const answer = await call('HEAD', '/connections')
    expect([answer.status, answer.text]).toEqual([200, ''])
    expect((await call('HEAD', `/connections/${aName()}`)).status).toBe(404)
  })

  test('takes JSON of any name and nothing else', async () => {
    const body = JSON.stringify({ name: aName(), adapter: 'sandbox' })
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp']) {
      expect((await call('POST', '/connections', body, { 'content-type': type })).status).toBe(415)
    }
    const type = 'Application/Merge-Patch+JSON; charset=utf-8'
    expect((await call('POST', '/connections', body, { 'content-type': type })).status).toBe(201)
  })

  test('answers malformed JSON with 400, without quoting it', async () => {
    for (const body of ['{"secrets":{"apiKey":"kr0kodil"', '', '{}}']) {
      const answer = await call('POST', '/connections', body)
      expect(answer.status).toBe(400)
      expect(answer.text).not.toContain('kr0kodil')
    }
  })

  test('refuses a body above 1 MB, and one that nests without end', async () => {
    expect((await call('POST', '/connections', `"${'x'.repeat(1_000_000)}"`)).status).toBe(413)
    const deep = `{"settings":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
    expect((await call('POST', '/connections', deep)).status).toBe(400)
  })

  test('answers an accident with a 500 problem that gives nothing away', async () => {
    const secret = 'D1_ERROR: params: kr0kodil'
    const { call, reported } = admin({
      describeAdapter: () => {
        throw new Error(secret)
      },
    })
    const answer = await call('POST', '/connections', { name: aName(), adapter: 'crm' })
    expect(answer.status).toBe(500)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.text).not.toContain('kr0kodil')
    expect(reported).toEqual([new Error(secret)])
  })

  test('holds what others mount in it, behind the same door', async () => {
    const { call } = admin({}, (api) =>
      route(api, '/connections/:name/export', { GET: (c) => c.json({ more: true }) }),
    )
    expect((await call('GET', '/connections/a/export')).body).toEqual({ more: true })
    const wrong = { authorization: 'x' }
    expect((await call('GET', '/connections/a/export', undefined, wrong)).status).toBe(401)
  })

  test('does not open with a route in it that asks nobody for permission', () => {
    expect(() => admin({}, (api) => api.get('/more', (c) => c.json({ more: true })))).toThrow(
      'GET /more is not guarded',
    )
  })
})
