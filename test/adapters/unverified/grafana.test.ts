import { describe, expect, test } from 'vitest'
import manifest from '../../../adapters/unverified/grafana.manifest.json' with { type: 'json' }
import { patch, person } from '../../support/world.ts'
import { grafana, PASSWORD } from './grafana-fake.ts'
import { lifecycle, through } from './through.ts'

const open = () => through(manifest, grafana(), { user: 'admin' }, { password: PASSWORD })

describe('Grafana, unverified', () => {
  test('people and teams live through it', async () => {
    const opened = await open()
    const { id } = await lifecycle(opened)
    expect(opened.app.users.at(-1)).toMatchObject({ login: 'ann@x.example', name: 'Ann Berg' })
    expect((await opened.ask('DELETE', `/Users/${id}`)).status).toBe(204)
    expect(opened.app.users).toHaveLength(1)
  })

  test('an update of one attribute keeps the others, the theme that nobody mapped included', async () => {
    const { app, ask } = await open()
    const given = person('ann', {
      displayName: 'Ann',
      emails: [{ type: 'work', value: 'ann@x.example' }],
    })
    const { body } = await ask('POST', '/Users', given)
    Object.assign(app.users.at(-1) ?? {}, { theme: 'dark' })
    await ask(
      'PATCH',
      `/Users/${body.id}`,
      patch({ op: 'replace', path: 'displayName', value: 'A.' }),
    )
    expect(app.users.at(-1)).toMatchObject({
      login: 'ann',
      email: 'ann@x.example',
      name: 'A.',
      theme: 'dark',
    })
  })
})
