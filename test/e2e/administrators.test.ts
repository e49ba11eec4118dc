/** `postern administrators` against a running `npm start`. */
import { describe, expect, test } from 'vitest'
import { useNpmStart } from '../support/npm-start.ts'
import { runCommand } from '../support/postern.ts'

const TIMEOUT_MS = 120_000

describe('postern administrators', { timeout: TIMEOUT_MS }, () => {
  const gateway = useNpmStart()
  const postern = (args: readonly string[], as?: string) =>
    runCommand(['administrators', ...args, '--json'], {
      ...gateway.env,
      ...(as !== undefined && { POSTERN_ADMIN_TOKEN: as }),
    })

  test('makes, shows, changes and removes them, and what is changed holds at once', async () => {
    const at = ['--url', gateway.now.scimBaseUrl]
    const made = await postern(['new', 'Ann', '--role', 'auditor', '--connection', 'demo'])
    const { id, token, tokenId } = made.json as Record<string, string>
    expect(made.json).toMatchObject({ name: 'Ann', role: 'auditor', connections: ['demo'] })
    const me = await postern(['me', ...at], token)
    expect(me.json).toMatchObject({ id, connections: ['demo'], signedInBy: 'token' })
    const refused = await postern(['list', ...at], token)
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('role "owner"')])

    await postern(['change', `${id}`, '--role', 'owner', '--all-connections'])
    const list = await postern(['list', ...at], token)
    expect(list.json.items).toMatchObject([{ id, role: 'owner', connections: null }])
    const second = await postern(['token', `${id}`, '--label', 'laptop'])
    await postern(['revoke', `${id}`, `${tokenId}`])
    expect((await postern(['me', ...at], token)).stderr).toContain('401')
    const shown = await postern(['show', `${id}`, ...at], second.json.token)
    expect(shown.json.tokens).toMatchObject([{ id: second.json.id, label: 'laptop' }])
    expect((await postern(['remove', `${id}`])).json).toEqual({ removed: id })
    expect((await postern(['list'])).json).toEqual({ items: [] })
  })

  test.each([
    [['new', 'Ann', '--role', 'king'], 422, /role .*\n {2}correct what it names/],
    [['show', 'nobody'], 404, /\n {2}check the name or id that was given/],
  ])('%j is refused with %i, and with what to mend', async (args, status, advice) => {
    const refused = await postern(args)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(advice)
    expect(refused.stderr).not.toContain('see errors')
    expect(refused.json.error).toContain(`: ${status},`)
  })
})
