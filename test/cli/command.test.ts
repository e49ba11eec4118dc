import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { nearest } from '../../cli/command.ts'

const POSTERN = path.resolve(import.meta.dirname, '../../cli/postern.mjs')

function postern(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [POSTERN, ...args], {
    encoding: 'utf8',
    env: { ...process.env, POSTERN_ADMIN_TOKEN: '', ...env },
  })
  return { status, stdout, stderr }
}

describe('postern', () => {
  test('--help lists the commands and shows examples', () => {
    const { status, stdout } = postern(['--help'])
    expect(status).toBe(0)
    expect(stdout).toContain('simulate')
    expect(stdout).toContain('npx postern')
  })

  test.each([['simulate']])('%s --help lists its options and shows examples', (name) => {
    const { status, stdout } = postern([name, '--users', '3', '--help'])
    expect(status).toBe(0)
    for (const text of ['--json', '--users', 'Exit code', 'npm run simulate']) {
      expect(stdout).toContain(text)
    }
  })

  test.each([
    [[], 'postern <command>'],
    [['simulat'], 'did you mean simulate?'],
    [['simulate', '--dialekt', 'x'], 'did you mean --dialect?'],
    [['simulate', '--dialect', 'x'], 'aadOptscim062020'],
    [['simulate', '--users', '0'], 'whole number'],
    [['simulate', '--users', '1e3'], 'whole number'],
    [['simulate', '--users'], '--help'],
    [['simulate', 'demo'], '--help'],
    [['simulate', '--url', 'https://gateway.example'], 'POSTERN_ADMIN_TOKEN'],
    [['simulate', '--url', 'gateway.example', '--admin-token', 'x'], 'not an http(s) URL'],
    [
      [
        ...['simulate', '--url', 'https://g.example/scim/a/v2'],
        ...['--connection', 'b', '--admin-token', 'x'],
      ],
      '--connection names b',
    ],
  ])('wrong usage %j is 2, with a hint', (args, hint) => {
    const { status, stdout, stderr } = postern(args)
    expect(status).toBe(2)
    expect(stderr).toContain(hint)
    expect(stdout).toBe('')
  })

  test.each([
    [['simulat', '--json'], 2],
    [['simulate', '--users', '0', '--json'], 2],
    [['findings', 'demo', '--url', 'http://127.0.0.1:9', '--admin-token', 'x', '--json'], 1],
  ])(
    'with --json, %j ends with one object that says what is wrong and what to do',
    (args, code) => {
      const { status, stdout, stderr } = postern(args)
      expect(status).toBe(code)
      const { error, advice } = JSON.parse(stdout)
      expect(stderr).toBe(`error: ${error}\n  ${advice}\n`)
    },
  )

  test('simulate without a running gateway says how to get one', () => {
    const { status, stderr } = postern(['simulate'], { POSTERN_STATE: '/nowhere/at/all' })
    expect(status).toBe(1)
    expect(stderr).toContain('npm start')
    expect(stderr).toContain('--url')
  })
})

test('a slip of the finger is recognised, another word is not', () => {
  const commands = ['simulate', 'connections', 'tokens']
  expect(nearest('simulte', commands)).toBe('simulate')
  expect(nearest('token', commands)).toBe('tokens')
  expect(nearest('deploy', commands)).toBeUndefined()
})
