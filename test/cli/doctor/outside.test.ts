/** The public address as it may be: with something in front of the gateway, or a certificate that is none. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { checkOutside } from '../../../cli/doctor/outside.ts'

const DAY_MS = 86_400_000
const REFUSAL = JSON.stringify({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
  status: '401',
  detail: 'no token',
})

const gateway: http.RequestListener = ({ url }, response) => {
  if (url === '/healthz') response.end('{"status":"ok"}')
  else response.writeHead(401, { 'content-type': 'application/scim+json' }).end(REFUSAL)
}

const open: (http.Server | https.Server)[] = []
afterEach(() => {
  for (const server of open.splice(0)) server.close()
})

async function serve(server: http.Server | https.Server): Promise<number> {
  open.push(server)
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  return address.port
}

const results = (checks: Awaited<ReturnType<typeof checkOutside>>) =>
  Object.fromEntries(checks.map(({ check, result }) => [check, result]))

async function look(listener: http.RequestListener) {
  const port = await serve(http.createServer(listener))
  return checkOutside({ scimBaseUrl: `http://127.0.0.1:${port}/scim/acme/v2` }, Date.now())
}

const page =
  (status: number, headers: Record<string, string>): http.RequestListener =>
  ({ url }, response) =>
    url === '/healthz'
      ? response.end('{"status":"ok"}')
      : response.writeHead(status, { 'content-type': 'text/html', ...headers }).end('<html>')

test('a gateway that answers what Entra sends is well', async () => {
  const agents: (string | undefined)[] = []
  const checks = await look((request, response) => {
    agents.push(request.headers['user-agent'])
    gateway(request, response)
  })
  expect(results(checks)).toEqual({ tls: 'ok', healthz: 'ok', edge: 'ok' })
  expect(agents.at(-1)).toBeUndefined()
})

test.each([
  ['a challenge', page(403, { 'cf-mitigated': 'challenge' }), 'challenge of Cloudflare (403)'],
  [
    'Cloudflare Access',
    page(302, { location: 'https://acme.cloudflareaccess.com/cdn-cgi/access/login' }),
    'the sign-in of Cloudflare Access',
  ],
  ['a redirect', page(301, { location: 'https://www.example.com/' }), 'a redirect (301)'],
  ['a page', page(200, {}), 'status 200, a page'],
])('%s in front of the gateway is a failure that names it', async (_, listener, named) => {
  const edge = (await look(listener)).find(({ check }) => check === 'edge')
  expect(edge).toMatchObject({ result: 'fail', says: expect.stringContaining(named) })
})

test('an edge that blocks what has no User-Agent is told from one that blocks everybody', async () => {
  const blocks = page(403, {})
  const checks = await look((request, response) =>
    (request.headers['user-agent'] ? gateway : blocks)(request, response),
  )
  const edge = checks.find(({ check }) => check === 'edge')
  expect(edge).toMatchObject({
    result: 'fail',
    advice: expect.stringContaining('Browser Integrity Check'),
  })
})

test('an address where nobody is is a failure, and one without TLS elsewhere is one', async () => {
  const server = http.createServer(gateway)
  const port = await serve(server)
  await new Promise((resolve) => server.close(resolve))
  const gone = await checkOutside({ scimBaseUrl: `http://127.0.0.1:${port}/scim/a/v2` }, 0)
  expect(results(gone)).toMatchObject({ healthz: 'fail', edge: 'fail' })
  const plain = await checkOutside({ scimBaseUrl: 'http://gw.example/scim/a/v2' }, 0)
  expect(results(plain)).toEqual({ tls: 'fail' })
})

test('a database that does not answer is told from an address that is another’s', async () => {
  const down = await look((_, response) => response.writeHead(503).end('{"status":"unavailable"}'))
  expect(down[1]).toMatchObject({ result: 'fail', advice: expect.stringContaining('DB') })
  const other = await look((_, response) => response.writeHead(404).end())
  expect(other[1]).toMatchObject({ result: 'fail', advice: expect.stringContaining('BASE_URL') })
})

describe('over TLS', () => {
  let folder: string
  let pair: { key: string; cert: string }

  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'postern-test-'))
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name)) as [
      string,
      string,
    ]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '90']
    execFileSync('openssl', ['req', '-x509', ...made, ...subject, '-keyout', key, '-out', cert], {
      stdio: 'ignore',
    })
    pair = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  async function shake(options: { trusted?: boolean; later?: number; only13?: boolean } = {}) {
    const { trusted = true, later = 0, only13 = false } = options
    const least = only13 ? ({ minVersion: 'TLSv1.3' } as const) : {}
    const port = await serve(https.createServer({ ...pair, ...least }, gateway))
    const scimBaseUrl = `https://localhost:${port}/scim/acme/v2`
    const ca = trusted ? { ca: pair.cert } : {}
    return results(await checkOutside({ scimBaseUrl, ...ca }, Date.now() + later))
  }

  test('a certificate that is trusted is well until two weeks before its end', async () => {
    expect(await shake()).toEqual({ tls: 'ok', healthz: 'ok', edge: 'ok' })
    expect(await shake({ later: 80 * DAY_MS })).toMatchObject({ tls: 'warn' })
  })

  test('a certificate that nobody vouches for is a failure', async () => {
    expect(await shake({ trusted: false })).toEqual({ tls: 'fail' })
  })

  test('TLS 1.2 switched off is a failure', async () => {
    expect(await shake({ only13: true })).toEqual({ tls: 'fail' })
  })
})
