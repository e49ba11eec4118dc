/**
 * The same exchanges against the example app, whose API is nothing like SCIM. A skip names what the
 * app cannot hold.
 *
 * Every case is replayed through the first adapter, and through the others where it differs from the cases
 * before it in what adapters decide: the calls to the app and the attributes in them, or an answer's status.
 * What the first adapter does not map, the others do not either. Where `TEST_CUTS` is `all`
 * (`npm run test:faults`), every case goes through each.
 */
import { env } from 'cloudflare:workers'
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

/** The code; the manifest in its place, the least of one, and the code in a Worker of its own. */
const FIRST = 'example'
const OTHERS = ['fernhollow', 'desk-smallest', 'example, behind a binding']
beforeAll(async () => {
  for (const one of [manifest, smallest]) {
    const { status } = await admin('PUT', `/manifests/${one.name}`, one)
    expect(status).toBeLessThan(300)
  }
})

/** What an exchange is, whoever it is about: two of one form differ in texts and numbers alone. */
function formOf(method: string, input: string, body: unknown, status: number): string {
  const { pathname, searchParams } = new URL(input)
  const place = pathname.replace(/(?<=\/)(\d+|[0-9a-f-]{36}|t-[0-9a-f-]{36})(?=\/|$)/g, '{id}')
  return [method, place, ...searchParams.keys(), shapeOf(body), status].join(' ')
}

function shapeOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shapeOf)}]`
  if (typeof value !== 'object' || value === null) return value ? typeof value : `${value}`
  return `{${Object.entries(value).map(([name, part]) => `${name}: ${shapeOf(part)}`)}}`
}

async function replay(c: Case, through: string) {
  const desk = openDesk()
  const forms: string[] = []
  const fetch = async (input: string, init: RequestInit) => {
    const response = await desk.fetch(input, init)
    const body = typeof init.body === 'string' ? JSON.parse(init.body) : undefined
    forms.push(formOf(init.method ?? 'GET', input, body, response.status))
    return response
  }
  const [adapter = '', isPrivate] = through.split(', ')
  const behindBinding = isPrivate === undefined ? [] : [adapter]
  const isolate = openIsolate({ now: Date.now() }, fetch, { behindBinding })
  const options = {
    adapter,
    settings: { url: DESK_URL },
    secrets: { apiKey: DESK_KEY },
    extensions: [NORDLICHT],
    policy: { profile: c.profile === 'strict' ? 'strict' : 'tolerant' },
  }
  const scim = await connect(options)
  const faults = await runCase(c, {
    baseUrl: scim.baseUrl,
    token: scim.token,
    badToken: await strangersToken(c),
    async fetch(url, init) {
      const response = await isolate.fetch(new Request(url, init))
      forms.push(formOf(init.method ?? 'GET', url, undefined, response.status))
      return response
    },
  })
  return { faults, form: forms.join('\n') }
}

const seen = new Set<string>()

describe('against the example app, through every adapter of it', () => {
  for (const c of cases) {
    const reason = SKIPPED[c.id]
    if (reason) test.skip(`${c.id}: ${c.title} [${reason}]`, () => {})
    else {
      test(`${c.id}: ${c.title}`, async () => {
        const { faults, form } = await replay(c, FIRST)
        expect(faults, FIRST).toEqual([])
        if (seen.has(form) && env.TEST_CUTS !== 'all') return
        seen.add(form)
        for (const other of OTHERS) expect((await replay(c, other)).faults, other).toEqual([])
      })
    }
  }
})
