/** The guard from its page alone: tripped, told, allowed or rejected, and its limits. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { openPages } from '../support/pages.ts'
import { idOf, openWorld, patch, person } from '../support/world.ts'

const OFF = patch({ op: 'replace', path: 'active', value: false })

async function tripped() {
  const world = await openWorld({ policy: { guard: { maxCount: 1 } } })
  const ids: string[] = []
  for (const name of ['a', 'b', 'c']) {
    ids.push(idOf(await world.ask('POST', '/Users', person(`${name}.leaver@example.com`))))
  }
  const disable = async () => {
    const answers = []
    for (const id of ids) answers.push((await world.ask('PATCH', `/Users/${id}`, OFF)).status)
    return answers
  }
  expect(await disable()).toEqual([200, 400, 400])
  const pages = await openPages(world.open().fetch, env.POSTERN_ADMIN_TOKEN)
  const at = `/connections/${world.scim.name}/guard`
  const shown = await pages.get(at)
  const finding = /name="finding" value="([^"]+)"/.exec(shown.html)?.[1] ?? ''
  return { world, ids, disable, at, shown, finding, ...pages }
}

test('what was too much is told with names, and passes once a person allows it', async () => {
  const { disable, at, shown, finding, get, post } = await tripped()
  expect(shown.text).toContain('2 disables and deletes are held back')
  expect(shown.text).toContain('1 person let through, 2 held back')
  for (const name of ['b.leaver', 'c.leaver']) expect(shown.text).toContain(name)
  expect(shown.text).not.toContain('a.leaver')
  expect((await get(`${at}?state=done`)).text).toContain('a.leaver')

  const findings = await get(at.replace(/guard$/, 'findings'))
  expect(findings.html).toContain(`<a href="/admin${at}">Who is held back`)

  const allowed = await post(`${at}/decide`, { finding, decision: 'allow' })
  expect(allowed.text).toContain('passes when the client tries again')
  expect(allowed.text).toContain('Nobody is held back')
  expect(await disable()).toEqual([200, 200, 200])
})

test('what is rejected stays refused', async () => {
  const { disable, at, finding, get, post } = await tripped()
  const rejected = await post(`${at}/decide`, { finding, decision: 'reject' })
  expect(rejected.text).toContain('nothing was changed in the app')
  expect(await disable()).toEqual([200, 400, 400])
  expect((await get(`${at}?state=rejected`)).text).toContain('b.leaver')
})

test('its limits are changed by a form, which says what is wrong with them', async () => {
  const { at, post } = await tripped()
  const limits = { windowMinutes: '30', maxCount: '7', maxPercent: '12.5' }
  const changed = await post(`${at}/limits`, limits)
  expect(changed.text).toContain('The limits are changed')
  expect(changed.text).toContain('Within 30 minutes 7 may leave')
  const wrong = await post(`${at}/limits`, { ...limits, maxCount: 'many' })
  expect(wrong.html).toContain('href="#maxCount"')
})
