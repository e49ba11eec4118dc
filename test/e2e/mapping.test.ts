/** `postern mapping try` against `npm start`: the bundled Worker computes expressions. */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { useNpmStart } from '../support/npm-start.ts'

const TIMEOUT_MS = 120_000

describe('postern mapping try', { timeout: TIMEOUT_MS }, () => {
  const gateway = useNpmStart()
  const tryOut = (...args: string[]) => gateway.postern(['mapping', 'try', 'demo', ...args])

  async function fileOf(name: string, content: unknown): Promise<string> {
    const file = path.join(gateway.folder, name)
    await writeFile(file, JSON.stringify(content))
    return file
  }

  test('shows what the app would get and what is read back, and says what fails', async () => {
    const names = { userName: 'login', 'name.familyName': 'last_name' }
    const sample = await fileOf('person.json', {
      userName: 'ilse@nordlicht.example',
      name: { familyName: 'Vargård' },
    })
    const good = await fileOf('good.json', {
      User: { ...names, '=phone': { from: '$NormalizeDiacritics(name.familyName)' } },
    })
    const told = await tryOut('--file', good, '--sample', sample, '--json')
    expect(told.code).toBe(0)
    expect(told.json).toMatchObject({
      app: { attributes: { login: 'ilse@nordlicht.example', phone: 'Vargard' } },
      resource: { userName: 'ilse@nordlicht.example' },
      errors: [],
    })
    const failing = await fileOf('failing.json', {
      User: { ...names, '=phone': { from: '$number(userName)' } },
    })
    const failed = await tryOut('--file', failing, '--sample', sample)
    expect(failed.code).toBe(1)
    expect(failed.stdout + failed.stderr).toContain(
      'mapping.User.=phone: The app\'s attribute "phone"',
    )
    expect((await tryOut('--native-id', '1001')).stdout).toContain('the app holds')
    expect((await tryOut()).code).toBe(2)
    const wrong = await fileOf('wrong.json', { User: { '=phone': { from: '$Guid()' } } })
    const refused = await tryOut('--file', wrong, '--sample', sample)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('mapping.User.=phone.from')
  })
})
