import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { AREAS, TABS } from '../../src/console/tabs.ts'
import { useOwnDatabases } from '../support/database.ts'
import { openFilled } from '../support/filled-world.ts'
import { openIsolate } from '../support/isolate.ts'
import { openPages } from '../support/pages.ts'
import { walkPages } from '../support/walk-pages.ts'

// What others leave behind while this walks is none of its pages.
await useOwnDatabases('links')

test('every link of a page leads to one, and each page has a link to it', async () => {
  const { clock, desk, scim } = await openFilled()
  const isolate = openIsolate(clock, desk.fetch, {})
  const pages = await openPages(isolate.fetch, env.POSTERN_ADMIN_TOKEN)
  const walked = await walkPages(pages, scim.name)
  const broken = walked.filter(({ status }) => status !== 200)
  expect(broken.map(({ status, path }) => `${status} ${path}`)).toEqual([])
  const met = walked.map(({ path }) => `/admin${path}`)
  const listed = TABS.map(([, , path]) => `/admin/connections/${scim.name}${path}`)
  expect(met).toEqual(expect.arrayContaining([...listed, ...AREAS.map(([, , path]) => path)]))
  // One of each kind: a person, a group, a scan, a pre-flight, a manifest, an adapter ...
  expect(walked.length).toBeGreaterThan(TABS.length + AREAS.length + 8)
})
