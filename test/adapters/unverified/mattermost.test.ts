import { describe, expect, test } from 'vitest'
import manifest from '../../../adapters/unverified/mattermost.manifest.json' with { type: 'json' }
import { match, person } from '../../support/world.ts'
import { mattermost, TOKEN } from './mattermost-fake.ts'
import { lifecycle, through } from './through.ts'

const open = () => through(manifest, mattermost(), {}, { token: TOKEN })

describe('Mattermost, unverified', () => {
  test('people and teams live through it; who is deleted is deactivated, hidden, and comes back', async () => {
    const opened = await open()
    const { ask, app } = opened
    const { id } = await lifecycle(opened)
    expect(app.users).toMatchObject([{ username: 'ann', first_name: 'Ann', delete_at: 0 }])
    expect((await ask('DELETE', `/Users/${id}`)).status).toBe(204)
    expect(app.users[0]?.delete_at).toBeGreaterThan(0)
    expect((await ask('GET', match('userName', 'ann@x.example'))).body.totalResults).toBe(0)
    const again = await ask('POST', '/Users', person('ann@x.example', { displayName: 'Ann' }))
    expect(again.status).toBe(201)
    expect(again.body.id).not.toBe(id)
    expect(app.users).toMatchObject([{ delete_at: 0 }])
  })

  test('an address comes back as it was sent, although the app keeps it in lower case', async () => {
    const { app, ask } = await open()
    const made = await ask('POST', '/Users', person('Ann.Ax@X.example', { displayName: 'Ann' }))
    expect(app.users[0]).toMatchObject({ email: 'ann.ax@x.example', username: 'ann.ax' })
    expect((await ask('GET', `/Users/${made.body.id}`)).body.userName).toBe('Ann.Ax@X.example')
  })

  test('a name that another address has taken already is refused by what it is made of', async () => {
    const { app, ask } = await open()
    await ask('POST', '/Users', person('ann@x.example', { displayName: 'Ann' }))
    const other = await ask('POST', '/Users', person('ann@y.example', { displayName: 'Ann' }))
    expect(other).toMatchObject({ status: 409, body: { scimType: 'uniqueness' } })
    expect(app.users).toHaveLength(1)
  })
})
