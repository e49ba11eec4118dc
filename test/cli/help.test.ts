/** What holds for every command: its help says all that it takes, and shells complete what the help says. */
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { COMMANDS } from '../../cli/commands.ts'
import { describe as describeHelp } from '../../cli/completion/described.ts'
import { SHELLS, scriptFor } from '../../cli/completion/scripts.ts'
import { described } from '../../cli/completion.ts'
import { findings } from '../../cli/findings.ts'
import { FINDING_KINDS } from '../../src/db/findings.ts'

const CLI = path.resolve(import.meta.dirname, '../../cli')
const NAMES = Object.keys(COMMANDS)

/** Options that the code of a command parses, in its file and its folder. */
function parsedBy(name: string): string[] {
  const files = [`${name}.ts`, ...globSync(`${name}/**/*.ts`, { cwd: CLI })]
  const text = files.map((file) => readFileSync(path.join(CLI, file), 'utf8')).join('\n')
  const options = text.matchAll(/(?<=[\s{])'?([a-z][a-z-]*)'?: \{ type: '(?:string|boolean)'/gm)
  const shared = text.includes('GATEWAY_FLAGS') ? ['url', 'admin-token', 'json'] : []
  return [...shared, ...[...options].flatMap(([, option]) => option ?? [])]
}

describe.each(NAMES)('%s', (name) => {
  const load = () => {
    const command = COMMANDS[name]
    if (!command) throw new Error(name)
    return command()
  }

  test('says of itself in one line what it is for', async () => {
    const { summary } = await load()
    expect(summary).toMatch(/^\S.{10,85}[^.]$/)
  })

  test('its help has usage, --json, the exit codes and an example', async () => {
    const { help } = await load()
    expect(help).toMatch(new RegExp(`^(?:npx postern ${name}|npm run ${name})`))
    expect(help).toMatch(/^ {2}--json {2,}/m)
    expect(help).toMatch(/^ {2}--help {2,}/m)
    expect(help).toContain('Exit code: 0 ')
    expect(help).toContain('2 wrong usage')
    expect(help).toMatch(/^ {2}(?:\S+=\S+ )?(?:npx postern|npm run|eval "\$\(npx postern) /m)
    for (const line of help.split('\n').filter((one) => !one.startsWith(' ')))
      expect(line.length, line).toBeLessThanOrEqual(140)
  })

  test('its help names every option that it takes, and no other', async () => {
    const { options } = describeHelp(name, await load())
    const said = options.map((option) => option.name).filter((option) => option !== '--help')
    expect(said.sort()).toEqual([...new Set(parsedBy(name))].map((option) => `--${option}`).sort())
  })
})

test.each(FINDING_KINDS)('the help of findings names the kind %s', (kind) => {
  expect(findings.help).toContain(kind)
})

describe('completion', () => {
  const complete = async (...words: string[]) => {
    const script = scriptFor('bash', await described())
    const line = words.map((word) => `'${word}'`).join(' ')
    const run = `${script}\nCOMP_WORDS=(postern ${line}); COMP_CWORD=${words.length}; _postern; echo "\${COMPREPLY[@]}"`
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', run], { encoding: 'utf8' })
    expect(stderr).toBe('')
    return stdout.trim().split(' ')
  }

  test('of bash offers commands, what a command can do, and its options', async () => {
    expect(await complete('')).toEqual([...NAMES].sort().concat('--help'))
    expect(await complete('al')).toEqual(['alerts'])
    const verbs = ['list', 'channels', 'put', 'test', 'secret', 'remove']
    expect(await complete('alerts', '')).toEqual(verbs)
    expect(await complete('audit', 'demo', '--f')).toEqual(['--follow'])
    expect(await complete('audit', 'demo', '--outcome', 'x-no-file')).toEqual([''])
  })

  test.each(SHELLS)('of %s has every command and every option', async (shell) => {
    const commands = await described()
    const script = scriptFor(shell, commands)
    for (const { name, options } of commands) {
      expect(script).toContain(name)
      for (const option of options) {
        expect(script).toContain(shell === 'fish' ? `-l ${option.name.slice(2)}` : option.name)
      }
    }
  })

  test.each(SHELLS)('of %s is understood by it, where it is installed', async (shell) => {
    const input = scriptFor(shell, await described())
    const { error, status, stderr } = spawnSync(shell, ['-n'], { input, encoding: 'utf8' })
    if (error) return
    expect([status, stderr]).toEqual([0, ''])
  })
})
