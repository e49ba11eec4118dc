/** `postern mapping try` against `npm start`: the bundled Worker computes expressions. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Started, startPostern } from '../../cli/launch.ts'

const PROJECT = path.resolve(import.meta.dirname, '../..')
const TIMEOUT_MS = 120_000

describe('postern mapping try', { timeout: TIMEOUT_MS }, () => {
  let folder: string
  let started: Started

  async function postern(...args: string[]) {
    const { POSTERN_ADMIN_TOKEN: _, ...inherited } = process.env
    const child = spawn(process.execPath, ['cli/postern.mjs', 'mapping', 'try', 'demo', ...args], {
      cwd: PROJECT,
      env: { ...inherited, POSTERN_STATE: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8')
      stream.on('data', (text: string) => {
        output += text
      })
    }
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
    return { code, output: stripVTControlCharacters(output) }
  }

  async function fileOf(name: string, content: unknown): Promise<string> {
    const file = path.join(folder, name)
    await writeFile(file, JSON.stringify(content))
    return file
  }

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'postern-test-'))
    started = await startPostern([], { POSTERN_STATE: folder })
  }, TIMEOUT_MS)

  afterAll(async () => {
    await started?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  test('shows what the app would get and what is read back, and says what fails', async () => {
    const names = { userName: 'login', 'name.familyName': 'last_name' }
    const sample = await fileOf('person.json', {
      userName: 'ilse@nordlicht.example',
      name: { familyName: 'Vargård' },
    })
    const good = await fileOf('good.json', {
      User: { ...names, '=phone': { from: '$NormalizeDiacritics(name.familyName)' } },
    })
    const told = await postern('--file', good, '--sample', sample, '--json')
    expect(told.code).toBe(0)
    expect(JSON.parse(told.output.trim().split('\n').at(-1) ?? '')).toMatchObject({
      app: { attributes: { login: 'ilse@nordlicht.example', phone: 'Vargard' } },
      resource: { userName: 'ilse@nordlicht.example' },
      errors: [],
    })
    const failing = await fileOf('failing.json', {
      User: { ...names, '=phone': { from: '$number(userName)' } },
    })
    const failed = await postern('--file', failing, '--sample', sample)
    expect(failed.code).toBe(1)
    expect(failed.output).toContain('mapping.User.=phone: The app\'s attribute "phone"')
    expect((await postern('--native-id', '1001')).output).toContain('the app holds')
    expect((await postern()).code).toBe(2)
    const wrong = await fileOf('wrong.json', { User: { '=phone': { from: '$Guid()' } } })
    const refused = await postern('--file', wrong, '--sample', sample)
    expect(refused.code).toBe(1)
    expect(refused.output).toContain('mapping.User.=phone.from')
  })
})
