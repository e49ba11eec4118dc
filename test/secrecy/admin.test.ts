/** Secrets that an administrator puts in the wrong place are repeated, logged and stored nowhere. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { ORIGIN } from '../support/gateway.ts'
import { columnsHolding, leaks, openWitness } from './everything.ts'
import { AUTHS, openParrot, parrotManifest } from './parrot.ts'
import { plantSecret } from './planted.ts'

test('whatever is wrong with what an administrator sends, its secrets stay out of answers, logs and tables', async () => {
  const witness = openWitness(openParrot({}).answer)
  const secret = plantSecret('entered')
  const bearer = plantSecret('bearer')
  const name = `wrong-${crypto.randomUUID()}`
  const manifest = parrotManifest(name, AUTHS['bearer'] ?? {})
  await witness.admin('put', 'PUT', `/manifests/${name}`, manifest)
  const settings = { url: 'https://app.example' }
  const good = { name, adapter: name, settings, secrets: { key: secret } }
  const connections: unknown[] = [
    { ...good, secrets: { key: { is: secret } } },
    { ...good, secrets: { key: [secret] } },
    { ...good, secrets: secret },
    { ...good, secrets: { key: secret, other: secret } },
    { ...good, settings: { ...settings, key: secret } },
    { ...good, settings: { url: `https://gate:${secret}@app.example` } },
    { ...good, settings: { url: `https://app.example/?key=${secret}` } },
    { ...good, settings: secret },
    { ...good, policy: { match: secret, mode: secret } },
    { ...good, mapping: { User: { userName: { constant: { is: secret } } } } },
    { ...good, extensions: [secret] },
    `{"secrets":{"key":"${secret}"`,
    `"${secret}"`,
    [secret],
  ]
  const isOurs = (status: number) => status >= 400 && status < 500
  for (const body of connections) {
    const { status } = await witness.admin(
      `connection ${connections.indexOf(body)}`,
      'POST',
      '/connections',
      body,
    )
    expect([JSON.stringify(body).replaceAll(secret, '*'), isOurs(status)]).toEqual([
      JSON.stringify(body).replaceAll(secret, '*'),
      true,
    ])
  }
  const manifests: unknown[] = [
    { ...manifest, auth: { kind: 'basic', user: 'gate', secret: { is: secret } } },
    { ...manifest, auth: { kind: 'login', steps: [{ method: 'POST', path: secret }] } },
    { ...manifest, base: `https://gate:${secret}@app.example` },
    { ...manifest, base: secret },
    `{"auth":"${secret}`,
  ]
  for (const body of manifests) {
    await witness.admin(`manifest ${manifests.indexOf(body)}`, 'PUT', `/manifests/${name}-x`, body)
  }
  expect((await witness.admin('good', 'POST', '/connections', good)).status).toBe(201)
  const path = `/connections/${name}`
  for (const secrets of [{ key: 1 }, { other: secret }, secret, { key: { a: secret } }]) {
    await witness.admin('patch', 'PATCH', path, { secrets })
  }
  await witness.admin('token', 'POST', `${path}/tokens`, { expiresAt: secret })
  await witness.admin('client', 'POST', `${path}/clients`, { kind: 'secret', clientSecret: secret })
  await witness.admin('stranger', 'GET', path, undefined, bearer)
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const credentials = `grant_type=client_credentials&client_id=gate&client_secret=${bearer}`
  for (const body of [credentials, `${credentials}&scope=${bearer}`, `grant_type=${bearer}`]) {
    const url = `${ORIGIN}/scim/${name}/oauth/token`
    await witness.ask('sign in', new Request(url, { method: 'POST', headers: form, body }))
  }
  await witness.scim('stranger', `${ORIGIN}/scim/${name}/v2/Users`, bearer, 'GET')
  await witness.scim('nowhere', `${ORIGIN}/scim/${bearer}/v2/${bearer}`, bearer, 'GET')
  await witness.isolate.tick()

  const planted = {
    secret,
    bearer,
    admin: env.POSTERN_ADMIN_TOKEN,
    sealing: env.POSTERN_SEALING_KEY,
  }
  // Names of members and of secrets are no values: an error says where it was wrong by them.
  expect(leaks([...witness.answers, ...witness.log], planted)).toEqual([])
  expect(await columnsHolding({ secret, bearer })).toEqual([])
}, 60_000)
