/** `postern adapter test` without an app: static checks, and recordings played again. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adapters } from '../../adapters/index.ts'
import { folderOf, readNotes } from '../../cli/adapter/folder.ts'
import { loadAdapter } from '../../cli/adapter/load.ts'
import { isWrite } from '../../cli/adapter/proxy.ts'
import { kitBlock, writeKitBlock } from '../../cli/adapter/readme.ts'
import { hasRecording, readRecording, replaySubject } from '../../cli/adapter/recordings.ts'
import { CHECKS } from '../../src/adapter/kit/checks.ts'
import { runChecks } from '../../src/adapter/kit/run.ts'
import { runPostern } from '../support/postern.ts'

const MANIFEST = path.join(
  import.meta.dirname,
  '../../examples/legacy-app/fernhollow.manifest.json',
)
const EXAMPLE = path.join(import.meta.dirname, '../../adapters/example/recordings')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'postern-test-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const recordedOnes = [...adapters.keys()].filter((name) =>
  hasRecording(folderOf(name, name).recordings),
)

async function replay(name: string, recordings: string) {
  const { load } = await loadAdapter(name)
  const recording = await readRecording(recordings)
  const notes = await readNotes(folderOf(name, name), name)
  const subject = replaySubject(load, recording, { notes, readOnly: false })
  return { recording, results: await runChecks(subject, CHECKS) }
}

describe('recordings', () => {
  test('there are some of the example app and of Redmine', () => {
    expect(recordedOnes).toEqual(expect.arrayContaining(['example', 'redmine']))
  })

  test.each(recordedOnes)('of %s end as they did when they were recorded', async (name) => {
    const { recording, results } = await replay(name, folderOf(name, name).recordings)
    const now = results
      .filter(({ group }) => group !== 'gateway')
      .map(({ type, id, outcome }) => ({ check: `${type}.${id}`, outcome }))
    const then = recording.run.results
      .filter(({ check }) => !check.includes('.gateway.'))
      .map(({ check, outcome }) => ({ check, outcome }))
    expect(now).toEqual(then)
    expect(then.filter(({ outcome }) => outcome === 'failed')).toEqual([])
  })

  test('that lack the exchange which a check asks for fail that check', async () => {
    await cp(EXAMPLE, folder, { recursive: true })
    const file = path.join(folder, 'User.write.create-minimal.json')
    const tape = JSON.parse(await readFile(file, 'utf8'))
    tape.exchanges = tape.exchanges.slice(1)
    await writeFile(file, JSON.stringify(tape))
    const { results } = await replay('example', folder)
    expect(results.filter(({ outcome }) => outcome === 'failed')).toMatchObject([
      { id: 'write.create-minimal', reason: expect.stringContaining('POST /api/accounts') },
    ])
  })

  test('hold neither keys nor people', async () => {
    const names = await readdir(EXAMPLE)
    const text = (
      await Promise.all(names.map((name) => readFile(path.join(EXAMPLE, name), 'utf8')))
    )
      .join('\n')
      .toLowerCase()
    // The people of the example app, and the key that the tests give it.
    expect(text).not.toMatch(/quill|carrow|fernhollow|key-for-tests/)
  })
})

describe('the command', () => {
  test('says of a manifest what can be said without the app', async () => {
    const { code, json } = await runPostern(['adapter', 'test', MANIFEST, '--json'], {})
    expect([code, json]).toMatchObject([0, { adapter: 'fernhollow', failed: 0 }])
    expect(json.results[0]).toMatchObject({ id: 'static.naming', type: 'User', outcome: 'passed' })
  })

  test('exits 1 where a check fails, and says why', async () => {
    const manifest = JSON.parse(await readFile(MANIFEST, 'utf8'))
    manifest.resources.User.lookups = []
    const file = path.join(folder, 'broken.manifest.json')
    await writeFile(file, JSON.stringify(manifest))
    const { code, stdout } = await runPostern(['adapter', 'test', file], {})
    expect(code).toBe(1)
    expect(stdout).toMatch(/✗ User {3}static\.lookups {2}declare a look-up of login/)
  })

  test.each([
    [['exampel'], 'did you mean example?'],
    [['example', '--only', 'nothing'], 'there is no check nothing'],
    [['example', '--record', 'somewhere'], 'add --live'],
    [['example', '--live'], '--settings FILE'],
  ])('%j is wrong usage', async (args, hint) => {
    const { code, stderr } = await runPostern(['adapter', 'test', ...args], {})
    expect([code, stderr]).toEqual([2, expect.stringContaining(hint)])
  })
})

describe('the block of a README', () => {
  const results = [
    { id: 'read.total', type: 'User', group: 'read', outcome: 'passed', ms: 1 },
    { id: 'read.skip', type: 'User', group: 'read', outcome: 'skipped', reason: 'so', ms: 1 },
  ] as const
  const proof = { adapter: 'a', version: '1.0.0', app: 'App 7', day: '2026-11-01', results }

  test('counts by group, and says what was skipped and why', () => {
    const block = kitBlock(proof)
    expect(block).toContain('2026-11-01, by `postern adapter test a --live` on App 7: 1 passed')
    expect(block).toContain('| read | 1 | 0 |')
    expect(block).toContain('- User `read.skip` (skipped): so')
  })

  test('takes the place of the one before, and of nothing else', async () => {
    const file = path.join(folder, 'README.md')
    await writeFile(file, '# A\n\nFirst.\n')
    await writeKitBlock(file, proof)
    await writeFile(file, `${await readFile(file, 'utf8')}\nLast.\n`)
    await writeKitBlock(file, { ...proof, day: '2026-12-01' })
    const text = await readFile(file, 'utf8')
    expect(text).toMatch(/^# A\n\nFirst\.\n/)
    expect(text).toMatch(/\nLast\.\n$/)
    expect(text.match(/adapter test a/g)).toHaveLength(1)
    expect(text).toContain('2026-12-01')
  })
})

describe('what is a write, where a call is counted', () => {
  test.each([
    ['GET', '/api/users', '', false],
    ['POST', '/api/users', '{"name":"a"}', true],
    ['DELETE', '/api/users/1', '', true],
    ['POST', '/api_jsonrpc.php', '{"jsonrpc":"2.0","method":"user.get"}', false],
    ['POST', '/api_jsonrpc.php', '{"jsonrpc":"2.0","method":"user.update"}', true],
    ['POST', '/graphql', '{"query":"query Q { a }"}', false],
    ['POST', '/graphql', '{"query":"mutation M { a }"}', true],
    ['POST', '/soap', '<s:Envelope><s:Body><FindUser/></s:Body></s:Envelope>', false],
    ['POST', '/soap', '<s:Envelope><s:Body><SetUser/></s:Body></s:Envelope>', true],
    ['POST', '/oauth/token', 'grant_type=client_credentials', false],
  ])('%s %s %s: %s', (method, target, body, expected) => {
    expect(isWrite(method, target, body)).toBe(expected)
  })
})

describe('an adapter in a module of its own', () => {
  const PRIVATE = path.join(import.meta.dirname, '../../examples/private-adapter')

  test('is examined like any other', async () => {
    const file = path.join(PRIVATE, 'adapter.ts')
    const { code, json } = await runPostern(['adapter', 'test', file, '--json'], {})
    expect({ code, ...json }).toMatchObject({ code: 0, adapter: 'oak-desk', failed: 0 })
    expect(json.passed).toBeGreaterThan(5)
  })

  test('is told apart from its entrypoint, and from a module that exports none', async () => {
    await expect(loadAdapter(path.join(PRIVATE, 'index.ts'))).rejects.toMatchObject({
      advice: expect.stringContaining("apart from its Worker's entrypoint"),
    })
    const file = path.join(folder, 'none.mjs')
    await writeFile(file, 'export const answer = 42')
    await expect(loadAdapter(file)).rejects.toMatchObject({ message: `${file} exports no adapter` })
  })
})
