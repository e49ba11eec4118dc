/** `postern manifests` against a running `npm start`, whose example app then goes by a manifest. */
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { useNpmStart } from '../support/npm-start.ts'
import { byUserName, scim } from '../support/scim.ts'

const TIMEOUT_MS = 120_000
const MANIFEST = path.join(
  import.meta.dirname,
  '../../examples/legacy-app/fernhollow.manifest.json',
)

describe('postern manifests', { timeout: TIMEOUT_MS }, () => {
  const gateway = useNpmStart()
  const { postern } = gateway

  test('puts, lists, shows and goes back; a connection goes by what is in force', async () => {
    const put = await postern(['manifests', 'put', MANIFEST, '--json'])
    expect([put.code, put.json]).toMatchObject([0, { name: 'fernhollow', revision: 1 }])

    const document = JSON.parse(await readFile(MANIFEST, 'utf8'))
    const next = JSON.stringify({ ...document, version: '1.1.0' })
    expect((await postern(['manifests', 'put', '-'], next)).stdout).toContain('fernhollow 1.1.0')
    const list = await postern(['manifests', 'list', '--json'])
    expect(list.json.items).toMatchObject([{ name: 'fernhollow', version: '1.1.0' }])

    const file = path.join(gateway.folder, 'connection.json')
    const { appUrl, appKey } = gateway.now
    await writeFile(
      file,
      JSON.stringify({ name: 'by-data', adapter: 'fernhollow', settings: { url: appUrl } }),
    )
    const secrets = JSON.stringify({ apiKey: appKey })
    const made = await postern(['connections', 'import', file, '--secrets', '-', '--json'], secrets)
    const found = await scim(made.json, 'GET', byUserName('ada.quill@fernhollow.example'))
    expect(found.body.totalResults).toBe(1)

    const back = await postern(['manifests', 'rollback', 'fernhollow', '--to', '1.0.0', '--json'])
    expect(back.json).toMatchObject({ version: '1.0.0', revision: 1 })
    const shown = await postern(['manifests', 'show', 'fernhollow'])
    expect(shown.stdout).toContain('used by by-data')
    expect(shown.stdout).toMatch(/> +1 +1\.0\.0/)
  })

  test('faults are printed with where they are, and nothing is sent', async () => {
    const document = JSON.parse(await readFile(MANIFEST, 'utf8'))
    document.resources.User.naming = 'nick'
    document.auth.secret = 'token'
    const { code, stderr } = await postern(['manifests', 'put', '-'], JSON.stringify(document))
    expect(code).toBe(1)
    expect(stderr).toContain('- has 2 faults')
    expect(stderr).toContain('config.token: must be declared here')
    expect(stderr).toContain('resources.User.naming: "nick" is not declared')
    const upgrade = JSON.parse(await readFile(MANIFEST, 'utf8'))
    upgrade.resources.User.id = '/login'
    const refused = await postern(['manifests', 'put', '-'], JSON.stringify(upgrade))
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('resources.User.id was "/account_no"')
  })

  test.each([
    [['manifests'], 'what is to be done?'],
    [['manifests', '--json'], 'what is to be done?'],
    [['manifests', 'rolback', 'x'], 'did you mean rollback?'],
    [['manifests', 'rollback', 'x'], 'back to which one?'],
    [['manifests', 'put'], 'no file given'],
  ])('%j is wrong usage', async (args, hint) => {
    const { code, stderr } = await postern(args)
    expect([code, stderr]).toEqual([2, expect.stringContaining(hint)])
  })
})
