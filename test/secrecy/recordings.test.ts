/** What the kit records of an app is kept in a repository: no credential is in it, however it is shown. */
import { expect, test } from 'vitest'
import { createRedactor } from '../../src/adapter/kit/redact.ts'
import { createRecorder } from '../../src/adapter/kit/tape.ts'
import { compileAny, parseAnyManifest } from '../../src/adapter/manifest/kinds.ts'
import { person } from '../support/world.ts'
import { openWitness } from './everything.ts'
import { AUTHS, openParrot, parrotManifest } from './parrot.ts'
import { foundIn, plantSecret } from './planted.ts'

test.each(Object.entries(AUTHS))('a recording holds no credential: %s', async (_, auth) => {
  const handedOut = {
    access: plantSecret('access'),
    refresh: plantSecret('refresh'),
    cookie: plantSecret('cookie'),
  }
  const key = plantSecret('key')
  const parrot = openParrot(handedOut)
  const name = `tape-${crypto.randomUUID()}`
  const url = `https://${name}.example`
  const recorder = createRecorder(url)
  recorder.begin('create')
  const witness = openWitness(recorder.record(parrot.answer))
  await witness.admin('manifest', 'PUT', `/manifests/${name}`, parrotManifest(name, auth))
  const made = await witness.admin('connection', 'POST', '/connections', {
    ...{ name, adapter: name, settings: { url }, secrets: { key } },
  })
  const { scimBaseUrl, token } = made.body as { scimBaseUrl: string; token: string }
  const scim = (method: string, path: string, body?: unknown) =>
    witness.scim('scim', scimBaseUrl + path, token, method, body)
  await scim('POST', '/Users', person('jon.falk@example.com'))
  await scim('GET', '/Users?count=5')

  const parsed = parseAnyManifest(parrotManifest(name, auth))
  if (!parsed.success) throw parsed.error
  const subject = { adapter: compileAny(parsed.data), seed: 'none' }
  const tapes = [...createRedactor(subject, url, { key }).redact(recorder.tapes())]
  expect(tapes.length).toBeGreaterThan(0)
  const text = JSON.stringify(tapes)
  expect(text).toContain('/people')
  expect(foundIn(text, { ...handedOut, key })).toEqual([])
})
