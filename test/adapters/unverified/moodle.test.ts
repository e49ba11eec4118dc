import { describe, expect, test } from 'vitest'
import manifest from '../../../adapters/unverified/moodle.manifest.json' with { type: 'json' }
import { match } from '../../support/world.ts'
import { moodle, TOKEN } from './moodle-fake.ts'
import { lifecycle, through } from './through.ts'

describe('Moodle, unverified', () => {
  test('people and cohorts live through it, and idnumber keeps the SCIM id', async () => {
    const opened = await through(manifest, moodle(), {}, { token: TOKEN })
    const { id } = await lifecycle(opened)
    expect(opened.app.users).toMatchObject([
      { username: 'ann@x.example', firstname: 'Ann', suspended: false, idnumber: id },
    ])
    expect((await opened.ask('DELETE', `/Users/${id}`)).status).toBe(204)
    expect(opened.app.users).toEqual([])
  })

  test('a wrong token is an error inside a 200, and never an empty list', async () => {
    const { ask } = await through(manifest, moodle(), {}, { token: 'wrong' })
    const answer = await ask('GET', match('userName', 'ann@x.example'))
    expect(answer).toMatchObject({ status: 503 })
    expect(answer.body.detail).toContain('refuses the credentials')
  })
})
