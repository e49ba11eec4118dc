/** `postern links`, `connections` and `people` against a running `npm start`. */
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { useNpmStart } from '../support/npm-start.ts'
import { scim } from '../support/scim.ts'

const TIMEOUT_MS = 120_000

describe('a running npm start', { timeout: TIMEOUT_MS }, () => {
  const gateway = useNpmStart()
  const { postern } = gateway
  const file = (name: string) => path.join(gateway.folder, name)
  const read = (target: string, client = gateway.now) => scim(client, 'GET', target)

  test('a CSV of ids is imported, and people are reached under them; a second run changes nothing', async () => {
    const accounts = await gateway.desk.accounts()
    const some = accounts.slice(0, 30)
    const rows = some.map((a) => `vendor-${a.account_no},${a.account_no},ext-${a.account_no}`)
    await writeFile(
      file('ids.csv'),
      ['id,nativeId,externalId', ...rows, 'ghost,999999,'].join('\n'),
    )
    const command = ['links', 'import', 'demo', file('ids.csv')]

    const dry = await postern([...command, '--dry-run', '--json'])
    expect([dry.code, dry.json.counts]).toEqual([1, { imported: 30, unchanged: 0, refused: 1 }])
    expect((await read(`/Users/vendor-${some[0]?.account_no}`)).status).toBe(404)

    const first = await postern([...command, '--csv', file('outcomes.csv')])
    expect(first.code).toBe(1)
    expect(first.stdout).toMatch(/imported +30\n/)
    expect(first.stdout).toContain('refused: no-account')
    const outcomes = await readFile(file('outcomes.csv'), 'utf8')
    expect(outcomes.split('\r\n')).toHaveLength(33)
    for (const { account_no, login } of some) {
      const { body } = await read(`/Users/vendor-${account_no}`)
      expect(body).toMatchObject({ userName: login, externalId: `ext-${account_no}` })
    }
    const again = await postern([...command, '--json'])
    expect(again.json.counts).toEqual({ imported: 0, unchanged: 30, refused: 1 })
  })

  test('an export of links is what another connection to the same app imports', async () => {
    const backup = file('links.ndjson')
    const exported = await postern(['links', 'export', 'demo', '--out', backup, '--json'])
    expect([exported.code, exported.json.file]).toEqual([0, backup])
    const lines = (await readFile(backup, 'utf8')).trimEnd().split('\n')
    expect(lines).toHaveLength(exported.json.links)
    const printed = await postern(['links', 'export', 'demo'])
    expect(printed.stdout.trimEnd().split('\n')).toEqual(lines)

    const document = await postern(['connections', 'export', 'demo'])
    expect(document.code).toBe(0)
    expect(document.stdout).not.toContain(gateway.now.appKey)
    await writeFile(file('demo.json'), document.stdout)
    const secrets = JSON.stringify({ apiKey: gateway.now.appKey })
    const made = await postern(
      [
        ...['connections', 'import', file('demo.json'), '--name', 'production'],
        ...['--mode', 'observe', '--secrets', '-', '--json'],
      ],
      secrets,
    )
    expect([made.code, made.json?.mode, made.stderr]).toEqual([0, 'observe', ''])

    const imported = await postern(['links', 'import', 'production', backup, '--json'])
    expect(imported.code, imported.stdout).toBe(0)
    expect(imported.json.counts.imported).toBe(lines.length)
    const [one] = lines.map((line) => JSON.parse(line))
    const before = await read(`/Users/${one.id}`)
    const after = await read(`/Users/${one.id}`, made.json)
    expect(after.body.userName).toBe(before.body.userName)
  })

  test('a document that lacks a secret is refused with the name of the secret', async () => {
    const document = await postern(['connections', 'export', 'demo'])
    await writeFile(file('bare.json'), document.stdout)
    const made = await postern(['connections', 'import', file('bare.json'), '--name', 'other'])
    expect(made.code).toBe(1)
    expect(made.stderr).toContain('secrets.apiKey is required')
  })

  test('a person is erased when the account is gone, and by force before', async () => {
    const { items } = (await postern(['links', 'import', 'demo', file('ids.csv'), '--json'])).json
    const [{ id }] = items
    const refused = await postern(['people', 'erase', 'demo', id])
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('still in the app')
    const erased = await postern(['people', 'erase', 'demo', id, '--force', '--json'])
    expect([erased.code, erased.json]).toEqual([0, { erased: id }])
    expect((await read(`/Users/${id}`)).status).toBe(404)
  })

  test('wrong usage ends with exit code 2 and a hint, and a bad file with 1', async () => {
    for (const args of [
      ['links'],
      ['links', 'imprt', 'demo'],
      ['links', 'import', 'demo'],
      ['people', 'erase', 'demo'],
      ['connections', 'import'],
      ['connections', 'import', 'x.json', '--set', 'url'],
    ]) {
      const ran = await postern(args)
      expect([args, ran.code, ran.stdout]).toEqual([args, args.includes('--set') ? 1 : 2, ''])
    }
    expect((await postern(['links', 'imprt'])).stderr).toContain('did you mean import?')
    await writeFile(file('bad.csv'), 'id;account\n1;2\n')
    const bad = await postern(['links', 'import', 'demo', file('bad.csv')])
    expect(bad.code).toBe(1)
    expect(bad.stderr).toContain('no column "account"')
    for (const command of ['links', 'people', 'connections']) {
      const help = await postern([command, '--help'])
      expect([help.code, help.stdout.includes(`npx postern ${command}`)]).toEqual([0, true])
    }
  })
})
