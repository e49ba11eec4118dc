/** The manifest in docs/adapters.md, as a newcomer copies it, against the app that the page names. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import fernhollow from '../../examples/legacy-app/fernhollow.manifest.json' with { type: 'json' }
import type { AnyPort } from '../../src/adapter/contract.ts'
import { createHttpClient } from '../../src/adapter/http.ts'
import { compileManifest } from '../../src/adapter/manifest/compile.ts'
import { manifestSchema } from '../../src/adapter/manifest/schema.ts'
import { type DeskProcess, KEY, startDesk } from '../examples/desk.ts'
import { httpKit } from '../support/http-kit.ts'

const page = readFileSync(path.join(import.meta.dirname, '../../docs/adapters.md'), 'utf8')
const [, written = ''] =
  /^## Try it: an adapter without code$.*?^```json$(.*?)^```$/ms.exec(page) ?? []

let desk: DeskProcess
beforeAll(async () => {
  desk = await startDesk()
})
afterAll(() => desk.stop())

test('the manifest of the page reads, creates, changes, switches and removes people', async () => {
  const adapter = compileManifest(manifestSchema.parse(JSON.parse(written)))
  const settings = adapter.settings.parse({ url: desk.url })
  const http = createHttpClient({
    baseUrl: adapter.baseUrl(settings),
    fetch,
    now: Date.now,
    leftMs: () => 5_000,
    maxBytes: 1_000_000,
    allowInsecure: true,
  })
  const ports = adapter.connect(httpKit({ settings, secret: () => KEY, http }))
  const { User } = ports as Readonly<Record<string, AnyPort>>
  expect((await User?.find('login', 'BEN.CARROW@fernhollow.example'))?.[0]).toMatchObject({
    id: '1017',
    active: false,
  })
  expect((await User?.list({ pageSize: 50 }))?.total).toBe(40)
  const attributes = { login: 'new@fernhollow.example', last_name: 'New' }
  const made = await User?.create?.({ attributes, active: true, idempotencyKey: 'k' })
  if (made?.kind !== 'created') throw new Error(`it was ${made?.kind}`)
  const { id } = made.object
  expect(await User?.update?.(id, { set: { mail: 'new@x.example' }, unset: [] })).toEqual({
    kind: 'ok',
  })
  await User?.setActive?.(id, false)
  expect(await User?.get(id)).toMatchObject({
    active: false,
    attributes: { mail: 'new@x.example' },
  })
  await User?.remove?.(id)
  expect(await User?.get(id)).toBe(null)
})

type Json = Record<string, unknown>

/** The part in place of what the whole has there; attributes and pairs beside those that are used. */
function withPart(whole: Json, part: Json): Json {
  const merged = { ...whole, ...part }
  for (const name of ['attributes', 'mapping']) {
    const before = whole[name] as Json | undefined
    const own = part[name] as Json | undefined
    if (own && part['naming'] === undefined) merged[name] = { ...before, ...own }
  }
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null))
}

const recipes = [...page.matchAll(/^### ([^\n]*)$(?:(?!^###? ).)*/gms)].flatMap(
  ([section, title = '']) =>
    [...section.matchAll(/^```json (User|Group|manifest)$(.*?)^```$/gms)].map(
      ([, where = '', text = '']) => ({ title, where, part: JSON.parse(text) as Json }),
    ),
)

test.each(recipes)(
  'the recipe "$title" ($where) is part of a valid manifest',
  ({ where, part }) => {
    const { resources, ...rest } = fernhollow as { resources: Json }
    const manifest =
      where === 'manifest'
        ? { ...rest, ...part, resources }
        : {
            ...rest,
            resources: { ...resources, [where]: withPart(resources[where] as Json, part) },
          }
    expect(manifestSchema.safeParse(manifest).error?.issues ?? []).toEqual([])
  },
)

test('there is a recipe for each style that the page promises', () => {
  expect(recipes.length).toBeGreaterThanOrEqual(18)
})
