/**
 * The same exchanges against the example app, whose API is nothing like SCIM. A skip names what the
 * app cannot hold.
 */
import { describe, expect, test } from 'vitest'
import { adapters } from '../../adapters/index.ts'
import manifest from '../../examples/legacy-app/fernhollow.manifest.json' with { type: 'json' }
import type { Adapter } from '../../src/adapter/contract.ts'
import { compileManifest } from '../../src/adapter/manifest/compile.ts'
import { manifestSchema } from '../../src/adapter/manifest/schema.ts'
import { connect } from '../support/gateway.ts'
import { openIsolate } from '../support/isolate.ts'
import { DESK_KEY, DESK_URL, openDesk } from '../support/open-desk.ts'
import recorded from './entra-cases.json' with { type: 'json' }
import { NORDLICHT } from './nordlicht.ts'
import { type Case, runCase } from './run-case.ts'

/** By case id: why the app's connection answers otherwise. */
const SKIPPED: Readonly<Record<string, string>> = {
  'GRP-032': 'its teams hold people only; a group as a member is refused',
}

const cases = (recorded.cases as unknown as Case[]).filter((c) => c.executable)

const asData = compileManifest(manifestSchema.parse(manifest)) as unknown as Adapter

async function replay(c: Case, adapters: ReadonlyMap<string, Adapter>): Promise<string[]> {
  const desk = openDesk()
  const isolate = openIsolate({ now: Date.now() }, desk.fetch, { adapters })
  const options = {
    adapter: 'example',
    settings: { url: DESK_URL },
    secrets: { apiKey: DESK_KEY },
    extensions: [NORDLICHT],
    policy: { profile: c.profile === 'strict' ? 'strict' : 'tolerant' },
  }
  const scim = await connect(options)
  const stranger = await connect()
  return runCase(c, {
    baseUrl: scim.baseUrl,
    token: scim.token,
    badToken: stranger.token,
    fetch: (url, init) => isolate.fetch(new Request(url, init)),
  })
}

describe.each([
  ['the example app', adapters],
  ['the example app, through its manifest', new Map([['example', asData]])],
])('against %s', (_, through) => {
  for (const c of cases) {
    const reason = SKIPPED[c.id]
    if (reason) test.skip(`${c.id}: ${c.title} [${reason}]`, () => {})
    else test(`${c.id}: ${c.title}`, async () => expect(await replay(c, through)).toEqual([]))
  }
})
