import { describe, expect, test } from 'vitest'
import manifest from '../../../adapters/unverified/gitlab.manifest.json' with { type: 'json' }
import { match, patch, person } from '../../support/world.ts'
import { gitlab, TOKEN } from './gitlab-fake.ts'
import { lifecycle, through } from './through.ts'

const open = () => through(manifest, gitlab(), {}, { token: TOKEN })

describe('GitLab, unverified', () => {
  test('people and groups live through it', async () => {
    const opened = await open()
    const { id } = await lifecycle(opened)
    expect(opened.app.users.at(-1)).toMatchObject({
      username: 'ann',
      email: 'ann@x.example',
      organization: 'Nordlicht',
      state: 'active',
    })
    expect((await opened.ask('DELETE', `/Users/${id}`)).status).toBe(204)
    expect(opened.app.users.map(({ username }) => username)).toEqual(['root'])
  })

  test('a new address is in force at once, not when its owner has read a mail', async () => {
    const { app, ask } = await open()
    const { body } = await ask('POST', '/Users', person('ann@x.example', { displayName: 'Ann' }))
    await ask(
      'PATCH',
      `/Users/${body.id}`,
      patch({ op: 'replace', path: 'userName', value: 'a.ax@x.example' }),
    )
    expect(app.users.at(-1)?.email).toBe('a.ax@x.example')
    expect((await ask('GET', match('userName', 'a.ax@x.example'))).body.totalResults).toBe(1)
  })

  test('somebody who is blocked already is found, adopted and unblocked', async () => {
    const { app, ask } = await open()
    app.users.push({
      ...(app.users[0] as (typeof app.users)[number]),
      id: 77,
      username: 'ben',
      name: 'Ben',
      email: 'Ben@x.example',
      state: 'blocked',
      is_admin: false,
    })
    expect((await ask('GET', match('userName', 'ben@x.example'))).body.Resources).toMatchObject([
      { active: false },
    ])
    const made = await ask('POST', '/Users', person('ben@x.example', { displayName: 'Ben' }))
    expect(made.status).toBe(201)
    expect(app.users.filter(({ username }) => username.startsWith('ben'))).toMatchObject([
      { id: 77, state: 'active' },
    ])
  })

  test('administrators are read, and no more', async () => {
    const { app, ask } = await open()
    const { body } = await ask('GET', '/Users')
    const [root] = body.Resources
    expect(root.userName).toBe('admin@gitlab.example')
    const off = patch({ op: 'replace', path: 'active', value: false })
    expect((await ask('PATCH', `/Users/${root.id}`, off)).status).toBe(400)
    expect(app.writes).toEqual([])
  })
})
