/**
 * Every statement that requests, jobs, the admin API and the console send to D1, as SQLite plans it. None walks
 * a table that grows, and none sorts what may be many: what is looked for is found by an index, however many
 * links, connections and rows of the audit there are.
 */
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { permissions } from '../../src/admin/permissions.ts'
import { EVERYTHING } from '../isolation/commands.ts'
import { openStreet } from '../isolation/street.ts'
import { useOwnDatabases } from '../support/database.ts'
import { openFilled } from '../support/filled-world.ts'
import { ORIGIN } from '../support/gateway.ts'
import { openIsolate } from '../support/isolate.ts'
import { openPages } from '../support/pages.ts'
import { walkPages } from '../support/walk-pages.ts'
import { watchStatements } from '../support/watched-statements.ts'
import { idOf, MINUTE_MS, match, openWorld, patch, person } from '../support/world.ts'

await useOwnDatabases('plans')

vi.setConfig({ testTimeout: 300_000 })

async function everyStatement(): Promise<string[]> {
  const watch = watchStatements()
  const { walk } = await openStreet((at) => at < 3)
  await walk(
    EVERYTHING.map((command, at) => ({
      commands: Array.from({ length: 3 }, () => ({ command, isolate: 0 })),
      laterMs: 11 * MINUTE_MS,
      ticks: at % 7 === 6,
    })),
  )
  const filled = await openFilled()
  await browse(filled)
  const invited = await openWorld({ adapter: 'example-invite' })
  const id = idOf(await invited.ask('POST', '/Users', person('ida@example.com')))
  await invited.ask('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'title', value: 'T' }))
  await invited.ask('GET', match('userName', 'ida@example.com'))
  for (const later of [MINUTE_MS, 3 * 60 * MINUTE_MS, 40 * 24 * 60 * MINUTE_MS]) {
    for (const world of [filled, invited]) {
      world.clock.now += later
      await world.nightlyTick()
    }
  }
  expect((await filled.call('DELETE', '')).status).toBe(202)
  await filled.tick()
  return [...watch.stop()]
}

/** Every page, and every GET of the admin API, about one connection. */
async function browse(world: Awaited<ReturnType<typeof openFilled>>): Promise<void> {
  const { name } = world.scim
  const isolate = openIsolate(world.clock, world.desk.fetch, {})
  const ids = new Map<string, string>()
  const list = async (route: string) => (await world.call('GET', route)).body.items?.[0]?.id ?? ''
  for (const kind of ['people', 'groups', 'reconcile', 'findings']) {
    ids.set(kind, await list(`/${kind}`))
  }
  const bearer = { authorization: `Bearer ${env.POSTERN_ADMIN_TOKEN}` }
  for (const { method, path } of permissions()) {
    if (method !== 'GET') continue
    const [, , , kind = ''] = path.split('/')
    const filledIn = path
      .replace(/^(\/connections)\/:name/, `$1/${name}`)
      .replace(':name', 'example')
      .replace(':channel', 'ops')
      .replace(/:\w+/, ids.get(kind) ?? 'none')
    for (const query of ['', '?query=ada&person=ada.lund@example.com&type=User&named=ada']) {
      const url = `${ORIGIN}/admin/api${filledIn}${query}`
      await (await isolate.fetch(new Request(url, { headers: bearer }))).text()
    }
  }
  const pages = await openPages(isolate.fetch, env.POSTERN_ADMIN_TOKEN)
  await walkPages(pages, name)
}

async function planOf(query: string): Promise<string[]> {
  const places = query.match(/\?\d*/g)?.length ?? 0
  const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${query}`)
    .bind(...Array.from({ length: places }, () => null))
    .all<{ detail: string }>()
  return results.map(({ detail }) => detail)
}

/** What part of which statement, and why it may. Each of them is met. */
type Exceptions = readonly (readonly [step: RegExp, query: RegExp, why: string])[]

const MAY_WALK: Exceptions = [
  [
    /connection_unsigned/,
    /adapter_identity IS NULL/,
    'an index of those from before that was kept',
  ],
  [/administrator/, /FROM administrator AS a/, 'the list of administrators, a page of it'],
  [/manifest/, /SELECT name FROM manifest ORDER BY/, 'the list of manifests, a page of it'],
  [/alert_channel/, /SELECT DISTINCT connection_id/, 'an administrator has made each channel'],
  [/connection_offboarding/, /'offboarding'/, 'an index of those that are being erased alone'],
  [/connection_name/, /AS "tokenEndsAt"/, 'metrics of all connections, 1,000 of them at most'],
  [
    /connection_alert/,
    /count\(\*\) AS n FROM connection/,
    'metrics: how many connections there are',
  ],
  [/connection$/, /GROUP BY data_db/, 'the doctor: a few thousand rows when somebody asks'],
  [/connection_secret|alert_channel/, /GROUP BY keyId/, 'the doctor, and how a key is replaced'],
  [/scan_running/, /FROM scan WHERE state = 'running'/, 'an index of running scans alone'],
  [/scan_to_prune/, /s\.pruned = 0/, 'an index of the newest three of each connection and type'],
  [/d1_migrations|sqlite_master/, /d1_migrations/, 'a row for each file in migrations/'],
]

const MAY_SORT: Exceptions = [
  [/./, /^insert into (?:counter|traffic)/i, 'classes of durations, or kinds, in one row'],
  [/./, /^insert into role_intent/i, 'the people of groups that a role table names, once each'],
  [/GROUP/, /FROM departure.*GROUP BY 1/, 'departures of one connection and a few days'],
  [/GROUP/, /FROM traffic.*GROUP BY connection, slot/, 'spans of a page of connections and a day'],
  [/GROUP/, /FROM finding.*GROUP BY (?:connection, )?kind/, 'open findings, by kind'],
  [/GROUP/, /GROUP BY data_db/, 'the doctor'],
  [/GROUP/, /GROUP BY keyId/, 'the doctor'],
  [/GROUP/, /connection_secret.*GROUP BY s\.connection_id/, 'secrets, a few of each connection'],
  [
    /GROUP/,
    /FROM link.*GROUP BY type/,
    'one connection at a glance: reads its links, not sorted rows',
  ],
  [/GROUP/, /FROM preflight_person.*GROUP BY verdict/, 'a report of one pre-flight'],
  [/./, /^update scan set counts/i, 'the end of a scan, which has met each account'],
  [
    /./,
    /LIMIT \?\) WHERE kind = 'decided'.*LIMIT 12/,
    'of the newest 10,000 rows of one connection',
  ],
  [/./, /PARTITION BY/, 'a page of what was looked up, or the last scans of a connection'],
  [/ORDER/, /FROM scan WHERE state = 'running'/, 'running scans'],
  [/ORDER/, /FROM scan WHERE connection = \?/, 'scans of one connection, two a night'],
  [/ORDER/, /FROM departure d LEFT JOIN/, 'departures of one connection and eight days'],
  [/ORDER/, /FROM edge e JOIN link l/, 'groups of one person'],
  [
    /ORDER/,
    /AS name, \(SELECT count/,
    'groups of one connection by name, on a page of the console',
  ],
  [/ORDER/, /FROM \(SELECT kind, norm FROM scan_key/, 'a report of one scan'],
  [/ORDER/, /FROM connection WHERE .*alert_at/, 'connections that somebody hears of'],
  [/ORDER/, /adapter_identity IS NULL/, 'connections from before that was kept'],
  [/ORDER/, /^SELECT id FROM link .* UNION/, 'links of one person'],
  [/ORDER/, /'mode-ended'\).*ORDER BY last_seen/, 'apps that fail now'],
  [/ORDER/, /FROM alert_channel/, 'channels of one connection and of the gateway'],
  [/ORDER/, /FROM alert WHERE connection = \? AND ended_at/, 'open alerts of one connection'],
  [/LAST TERM/, /FROM alert_delivery WHERE connection/, 'notices of the same millisecond'],
  [/ORDER/, /LEFT JOIN link n ON/, 'the refs that were given, three of each condition'],
  [/ORDER/, /kind = 'decided' AND request IN/, 'rows of the requests of one page'],
  [/ORDER/, /JOIN traffic t ON/, 'spans of a day'],
  [/ORDER/, /from "client" where/, 'clients of one connection'],
]

let planned: Promise<ReadonlyMap<string, readonly string[]>> | undefined

/** Of each statement, its spaces folded. */
function plans(): Promise<ReadonlyMap<string, readonly string[]>> {
  planned ??= everyStatement().then(async (all) => {
    const steps = await Promise.all(all.map(planOf))
    return new Map(all.map((query, at) => [query.replaceAll(/\s+/g, ' ').trim(), steps[at] ?? []]))
  })
  return planned
}

/** What is in none of the exceptions; and exceptions that nothing has needed. */
async function offences(of: (steps: readonly string[]) => string[], exceptions: Exceptions) {
  const needed = new Set<string>()
  const found: string[] = []
  for (const [query, steps] of await plans()) {
    for (const step of of(steps)) {
      const one = exceptions.find(([part, text]) => part.test(step) && text.test(query))
      if (one) needed.add(one[2])
      else found.push(`${step}: ${query}`)
    }
  }
  const idle = exceptions.filter(([, , why]) => !needed.has(why))
  return [...found, ...idle.map(([, query]) => `nothing needs the exception ${query}`)]
}

/** Lists that are bound, rows that are none, and results of the statement's own parts. */
const NO_TABLE = /VIRTUAL TABLE|CONSTANT ROW|^SCAN \(?(?:subquery|SUBQUERY)/

function walks(steps: readonly string[]): string[] {
  const parts = steps.flatMap((step) => /^(?:CO-ROUTINE|MATERIALIZE) (\w+)/.exec(step)?.[1] ?? [])
  return steps.filter((step) => {
    const [, table = ''] = /^SCAN (\w+)/.exec(step) ?? []
    return table !== '' && !NO_TABLE.test(step) && !parts.includes(table)
  })
}

const sorts = (steps: readonly string[]): string[] =>
  steps.filter((step) => step.startsWith('USE TEMP B-TREE'))

test('no statement walks a table that grows', async () => {
  expect((await plans()).size).toBeGreaterThan(200)
  expect(await offences(walks, MAY_WALK)).toEqual([])
})

test('no statement sorts what may be many', async () => {
  expect(await offences(sorts, MAY_SORT)).toEqual([])
})
