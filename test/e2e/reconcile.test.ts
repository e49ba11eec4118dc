/** `postern reconcile`, `preflight` and `findings` against `npm start`: real gateway, real app. */
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { SEED_ACCOUNTS } from '../../examples/legacy-app/people.ts'
import { useNpmStart } from '../support/npm-start.ts'
import { simulateJson } from '../support/simulate.ts'

const TIMEOUT_MS = 120_000

describe('the command line tool', { timeout: TIMEOUT_MS }, () => {
  const gateway = useNpmStart()

  async function postern(...args: string[]) {
    const { code, stdout, stderr } = await gateway.postern(args)
    return { code, output: `${stdout}${stderr}` }
  }

  /** What the last line of `--json` says. */
  async function posternJson(...args: string[]) {
    const { code, stdout, stderr, json } = await gateway.postern([...args, '--json'])
    if (json === undefined) throw new Error(`${stdout}${stderr}`)
    return { code, ...json }
  }

  const setPolicy = async (policy: object) =>
    expect((await gateway.admin('PATCH', '/connections/demo', { policy })).status).toBe(200)

  test('a dry run before Entra is switched on finds forty people in the app only', async () => {
    const report = await posternJson('reconcile', 'demo', '--dry-run')
    expect(report).toMatchObject({ code: 0, state: 'done', dryRun: true, seen: 40 })
    expect(report.counts).toMatchObject({ discovered: 40, linked: 0, ambiguous: 0 })
    const { code, output } = await postern('reconcile', 'demo', '--dry-run')
    expect(code).toBe(0)
    expect(output).toMatch(/in the app only +40/)
    expect(output).toContain('Nothing was written')
  })

  test('a pre-flight of the portal’s CSV says the right thing of each person', async () => {
    const match = [
      { scim: 'userName', app: 'login' },
      { scim: 'emails[type eq "work"].value', app: 'mail' },
    ]
    await setPolicy({ match, protected: ['priya.raman@*'] })
    const row = (upn: string, mail: string, first: string, last: string) =>
      `${upn},"${last}, ${first}",${last},${mail},${first},id-${upn},Member,True`
    const known = SEED_ACCOUNTS.map(({ login, mail, first_name, last_name }) =>
      row(login.toLowerCase(), mail ?? '', first_name ?? '', last_name),
    )
    const added = Array.from({ length: 5 }, (_, i) =>
      row(`new${i}@fernhollow.example`, `new${i}@fernhollow.example`, 'New', `Person${i}`),
    )
    const shared = row('desk@contoso.example', 'front.desk@fernhollow.example', 'Desk', 'Two')
    const head =
      'userPrincipalName,displayName,surname,mail,givenName,objectId,userType,accountEnabled'
    const file = path.join(gateway.folder, 'users.csv')
    await writeFile(file, `\uFEFF${[head, ...known, ...added, shared].join('\r\n')}\r\n`)
    const csv = path.join(gateway.folder, 'verdicts.csv')

    const answer = await posternJson('preflight', 'demo', file, '--csv', csv)
    expect(answer.code).toBe(0)
    expect(answer.counts).toEqual({ linked: 0, adopt: 39, create: 5, ambiguous: 1, blocked: 1 })
    const by = new Map<string, { verdict: string; reason?: string; rule?: string }>(
      answer.items.map((item: { userName: string }) => [item.userName, item]),
    )
    for (const { login } of SEED_ACCOUNTS) {
      const userName = login.toLowerCase()
      const expected = userName.startsWith('priya.raman')
        ? { verdict: 'blocked', reason: 'protected' }
        : { verdict: 'adopt', rule: 'userName' }
      expect(by.get(userName)).toMatchObject(expected)
    }
    expect(by.get('desk@contoso.example')).toMatchObject({ verdict: 'ambiguous', count: 2 })
    for (let i = 0; i < 5; i++) {
      expect(by.get(`new${i}@fernhollow.example`)).toMatchObject({ verdict: 'create' })
    }
    expect(answer.orphans).toEqual([])
    expect((await readFile(csv, 'utf8')).trim().split('\r\n')).toHaveLength(47)

    const { output } = await postern('preflight', 'demo', file)
    expect(output).toMatch(/adopt an account +39/)
    expect(output).toContain('its account is protected')
    await setPolicy({ match: null, protected: null })
  })

  test('after Entra has run everybody is linked, and nothing needs a person', async () => {
    const run = await simulateJson(['--users', '60'], gateway.env)
    expect(run).toMatchObject({ code: 0, matched: 40, created: 20, failed: 0 })
    const report = await posternJson('reconcile', 'demo')
    expect(report.counts).toMatchObject({ linked: 60, discovered: 0, missing: 0, drift: 0 })
    expect(report.items).toHaveLength(60)
    expect(await posternJson('findings', 'demo')).toMatchObject({ code: 0, items: [] })
  })

  test('a person decides an ambiguous finding, and the next scan does not ask again', async () => {
    const match = [{ scim: 'emails[type eq "work"].value', app: 'mail' }]
    await setPolicy({ match })
    expect((await posternJson('reconcile', 'demo')).counts).toMatchObject({ ambiguous: 2 })
    const [finding] = (await posternJson('findings', 'demo', '--kind', 'ambiguous')).items
    const [one, two] = finding.detail.nativeIds
    const unnamed = await postern('findings', 'demo', '--link', finding.id)
    expect(unnamed.code).toBe(1)
    expect(unnamed.output).toContain(two)
    const decided = await posternJson('findings', 'demo', '--link', finding.id, '--account', one)
    expect(decided).toMatchObject({
      code: 0,
      state: 'closed',
      detail: { decided: { nativeId: one } },
    })
    expect((await postern('findings', 'demo', '--merge', finding.id, '--account', one)).code).toBe(
      1,
    )
    expect((await posternJson('reconcile', 'demo')).counts).toMatchObject({ ambiguous: 0 })
    expect(await posternJson('findings', 'demo')).toMatchObject({ items: [] })
    await setPolicy({ match: null })
  })

  test('the mode is set and shown, with its end', async () => {
    const gated = await posternJson('connections', 'demo', '--mode', 'gate', '--until', '2h')
    expect(gated).toMatchObject({ code: 0, name: 'demo', mode: 'gate' })
    const leftMs = Date.parse(gated.modeUntil) - Date.now()
    expect(Math.abs(leftMs - 2 * 3_600_000)).toBeLessThan(60_000)
    expect((await postern('connections')).output).toMatch(/demo +example +gate until \d{4}-/)
    const refused = await postern('connections', 'demo', '--until', '8d')
    expect(refused.code).toBe(1)
    expect(refused.output).toContain('7 days')
    expect(await posternJson('connections', '--mode', 'live', 'demo')).toMatchObject({
      mode: 'live',
      modeUntil: null,
    })
    expect(await posternJson('connections')).toMatchObject({ items: [{ name: 'demo' }] })
  })

  test('wrong usage is exit code 2, an unknown connection or a file that is no export is 1', async () => {
    for (const args of [
      ['reconcile'],
      ['preflight', 'demo'],
      ['findings', 'demo', '--closed'],
      ['findings', 'demo', '--account', '1'],
      ['connections', 'demo', '--until', 'soon'],
      ['connections', 'one', 'two'],
    ]) {
      expect((await postern(...args)).code).toBe(2)
    }
    const unknown = await postern('reconcile', 'nobody')
    expect(unknown.code).toBe(1)
    expect(unknown.output).toContain('no connection of this name')
    const file = path.join(gateway.folder, 'no-export.csv')
    await writeFile(file, 'name,city\r\nAda,Hollowby\r\n')
    const refused = await postern('preflight', 'demo', file)
    expect(refused.code).toBe(1)
    expect(refused.output).toContain('userPrincipalName')
  })
})
