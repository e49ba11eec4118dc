/**
 * The same exchanges against the example app, whose API is nothing like SCIM. A skip names what the
 * app cannot hold.
 */
import { beforeAll, describe, expect, test } from 'vitest'
import manifest from '../../examples/legacy-app/fernhollow.manifest.json' with { type: 'json' }
import smallest from '../../examples/legacy-app/smallest.manifest.json' with { type: 'json' }
import { admin, connect } from '../support/gateway.ts'
import { openIsolate } from '../support/isolate.ts'
import { DESK_KEY, DESK_URL, openDesk } from '../support/open-desk.ts'
import recorded from './entra-cases.json' with { type: 'json' }
import { NORDLICHT } from './nordlicht.ts'
import { strangersToken } from './replay.ts'
import { type Case, runCase } from './run-case.ts'

/** By case id: why the app's connection answers otherwise. */
const SKIPPED: Readonly<Record<string, string>> = {
  'GRP-032': 'its teams hold people only; a group as a member is refused',
}

const cases = (recorded.cases as unknown as Case[]).filter((c) => c.executable)

/** The code, the manifest in its place, the least of one, and the code in a Worker of its own. */
const THROUGH = ['example', 'fernhollow', 'desk-smallest', 'example, behind a binding']
beforeAll(async () => {
  for (const one of [manifest, smallest]) {
    const { status } = await admin('PUT', `/manifests/${one.name}`, one)
    expect(status).toBeLessThan(300)
  }
})

async function replay(c: Case, through: string): Promise<string[]> {
  const desk = openDesk()
  const [adapter = '', isPrivate] = through.split(', ')
  const behindBinding = isPrivate === undefined ? [] : [adapter]
  const isolate = openIsolate({ now: Date.now() }, desk.fetch, { behindBinding })
  const options = {
    adapter,
    settings: { url: DESK_URL },
    secrets: { apiKey: DESK_KEY },
    extensions: [NORDLICHT],
    policy: { profile: c.profile === 'strict' ? 'strict' : 'tolerant' },
  }
  const scim = await connect(options)
  return runCase(c, {
    baseUrl: scim.baseUrl,
    token: scim.token,
    badToken: await strangersToken(c),
    fetch: (url, init) => isolate.fetch(new Request(url, init)),
  })
}

describe.each(THROUGH)('against the example app, through %s', (adapter) => {
  for (const c of cases) {
    const reason = SKIPPED[c.id]
    if (reason) test.skip(`${c.id}: ${c.title} [${reason}]`, () => {})
    else test(`${c.id}: ${c.title}`, async () => expect(await replay(c, adapter)).toEqual([]))
  }
})
