import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { refusalsSince } from '../../src/db/condition-facts.ts'
import { openDatabase } from '../../src/db/database.ts'
import { observed } from './observed-database.ts'

test('what was done since is found by one seek for each refusal', async () => {
  const { db, trips } = observed(env.DB)
  await refusalsSince(openDatabase(db), ['nobody'], 0)
  const [text = ''] = trips.flat()
  const places = Array.from(text.matchAll(/\?/g), () => null)
  const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${text}`)
    .bind(...places)
    .all<{ detail: string }>()
  const plan = results.map(({ detail }) => detail).filter((step) => step.startsWith('SEARCH'))
  expect(plan).toEqual([
    expect.stringContaining('audit_refused (connection=? AND at>?)'),
    expect.stringContaining('audit_done_link (connection=? AND link=? AND op=? AND at>?)'),
    expect.stringContaining('audit_done_about (connection=? AND about=? AND op=? AND at>?)'),
  ])
})
