/** How a client signs in, set up by the CLI and used over HTTP with a client library of the field. */
import { createServer, type Server } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { useNpmStart } from '../support/npm-start.ts'

const TIMEOUT_MS = 120_000
const TENANT = '5c3f0e7a-5c0e-4a44-9d3f-0f8e0d8b1a11'

describe('a client of postern', { timeout: TIMEOUT_MS }, () => {
  const gateway = useNpmStart()
  let provider: Server
  let keySet: string
  let sign: (claims: Record<string, unknown>) => Promise<string>

  async function postern(args: readonly string[], input?: unknown) {
    const text = input === undefined ? undefined : JSON.stringify(input)
    const { code, json, stderr } = await gateway.postern([...args, '--json'], text)
    expect(code, stderr).toBe(0)
    return json
  }

  const users = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` }
    return (await fetch(`${gateway.now.scimBaseUrl}/Users?count=1`, { headers })).status
  }

  async function grant(
    { clientId, tokenUrl }: { clientId: string; tokenUrl: string },
    auth: oauth.ClientAuth,
  ) {
    const server = { issuer: new URL(tokenUrl).origin, token_endpoint: tokenUrl }
    const client = { client_id: clientId }
    const http = { [oauth.allowInsecureRequests]: true }
    const body = new URLSearchParams()
    const response = await oauth.clientCredentialsGrantRequest(server, client, auth, body, http)
    return oauth.processClientCredentialsResponse(server, client, response)
  }

  beforeAll(async () => {
    const pair = await generateKeyPair('RS256', { extractable: true })
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', use: 'sig', alg: 'RS256' }
    provider = createServer((_, response) => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }))
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => provider.once('listening', resolve))
    const address = provider.address()
    if (address === null || typeof address === 'string') throw new Error('no address')
    keySet = `http://127.0.0.1:${address.port}/keys`
    sign = (claims) =>
      new SignJWT({ tid: TENANT, ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
        .setIssuer(`https://login.microsoftonline.com/${TENANT}/v2.0`)
        .setSubject('provisioning')
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(pair.privateKey)
  }, TIMEOUT_MS)

  afterAll(() => {
    provider?.close()
  })

  test('keeps its gateway’s secrets under one key, which the status names', async () => {
    const { keys, mayDrop, lost } = await postern(['secrets', 'status'])
    expect([keys.length, keys[0].use, mayDrop, lost]).toEqual([1, 'current', [], []])
  })

  test('finds its gateway well, from inside and outside', async () => {
    const { ok, checks } = await postern(['doctor', 'demo'])
    expect(ok).toBe(true)
    const well = checks.filter((one: { result: string }) => one.result === 'ok')
    expect(well.map(({ check }: { check: string }) => check)).toEqual(
      expect.arrayContaining(['edge', 'healthz', 'migrations', 'clock', 'sealing-key', 'app']),
    )
  })

  test('has a token until it is revoked', async () => {
    const made = await postern(['tokens', 'new', 'demo', '--label', 'Entra'])
    expect(await users(made.token)).toBe(200)
    const { items } = await postern(['tokens', 'list', 'demo'])
    expect(items).toContainEqual(expect.objectContaining({ id: made.id, label: 'Entra' }))
    await postern(['tokens', 'revoke', 'demo', made.id])
    const write = await fetch(`${gateway.now.scimBaseUrl}/Users/none`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${made.token}` },
    })
    expect(write.status).toBe(401)
  })

  test.each([
    ['header', oauth.ClientSecretBasic],
    ['body', oauth.ClientSecretPost],
  ])(
    'has a secret, shown in the %s, and a second one while the first is replaced',
    async (_, way) => {
      const made = await postern(['clients', 'new', 'demo', '--label', 'Entra'])
      const first = await grant(made, way(made.clientSecret))
      expect(await users(first.access_token)).toBe(200)
      const second = await postern(['clients', 'secret', 'demo', made.clientId])
      await postern(['clients', 'drop-secret', 'demo', made.clientId, made.secretId])
      await expect(grant(made, way(made.clientSecret))).rejects.toMatchObject({ status: 401 })
      const again = await grant(made, way(second.clientSecret))
      expect(await users(again.access_token)).toBe(200)
      await postern(['clients', 'remove', 'demo', made.clientId])
      await expect(grant(made, way(second.clientSecret))).rejects.toMatchObject({ status: 401 })
    },
  )

  test('is federated: its provider signs, and no secret is kept', async () => {
    const trust = { tenantId: TENANT, audiences: ['api://postern'], keySets: [keySet] }
    const client = { kind: 'assertion', clientId: 'federated', trust }
    const made = await postern(['clients', 'trust', 'demo', '-'], client)
    const assertion = await sign({ aud: 'api://postern' })
    const { access_token } = await grant(made, (_server, { client_id }, body) => {
      body.set('client_id', client_id)
      body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
      body.set('client_assertion', assertion)
    })
    expect(await users(access_token)).toBe(200)
  })

  test('sends what Entra signs where the secret is left blank', async () => {
    const trust = { tenantId: TENANT, keySets: [keySet] }
    await postern(['clients', 'trust', 'demo', '-'], { kind: 'token', trust })
    const aud = '8adf8e6e-67b2-4cf2-a259-e3dc5476c621'
    expect(await users(await sign({ aud }))).toBe(200)
    expect(await users(await sign({ aud, tid: crypto.randomUUID() }))).toBe(401)
  })
})
