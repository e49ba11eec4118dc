/** Connections side by side on one D1, served by the same isolates. */
import { env } from 'cloudflare:workers'
import fernhollow from '../../examples/legacy-app/fernhollow.manifest.json' with { type: 'json' }
import { observed } from '../db/observed-database.ts'
import { adminApi } from '../support/admin-api.ts'
import { type Clock, type Isolate, openIsolate } from '../support/isolate.ts'
import { type DataTable, dataTables, type Row, rowsById } from '../support/tables.ts'
import { Apps } from './apps.ts'
import { type Command, perform } from './commands.ts'
import { Marks } from './marks.ts'
import { ADAPTERS, type Life, Neighbour } from './neighbour.ts'

/** What all do at the same time; then time passes, and perhaps the cron runs. */
export interface Round {
  /** By connection; the isolate that serves it. */
  readonly commands: readonly { readonly command: Command; readonly isolate: number }[]
  readonly laterMs: number
  readonly ticks: boolean
}

export const ISOLATES = 2
/** Each adapter twice. */
export const CONNECTIONS = ADAPTERS.length * 2

export interface Street {
  readonly marks: Marks
  readonly neighbours: readonly Neighbour[]
  readonly isolates: readonly Isolate[]
  readonly clock: Clock
  /** Each statement that an isolate has sent to D1 for a request. */
  readonly statements: () => ReadonlySet<string>
  /** To the second database. */
  readonly statementsElsewhere: () => ReadonlySet<string>
  readonly walk: (rounds: readonly Round[]) => Promise<void>
  /** The cron, until those who have left are erased. */
  readonly settle: () => Promise<void>
}

/**
 * @param present which of the connections there are; what the others would do is left out
 * @param elsewhere which of them have their data in the second database
 */
export async function openStreet(
  present: (at: number) => boolean,
  elsewhere: (at: number) => boolean = () => false,
): Promise<Street> {
  const marks = new Marks()
  const apps = new Apps(marks)
  const clock = { now: Date.UTC(2026, 10, 23, 12) }
  const watched = observed(env.DB)
  const all = new Map<string, Neighbour>()
  const log = (line: Readonly<Record<string, string | number>>) => {
    const one = all.get(String(line['connection']))
    // The request's own id: an answer says it as well.
    const { request: _, ...said } = line
    const text = JSON.stringify(said)
    if (one?.lives.length) marks.check(one.life.owner, 'a line of the log', text, ['con'])
    else if (/(?:val|key|ses|app)-[0-9a-f]{12}/.test(text)) marks.leaks.push(`the log: ${text}`)
  }
  // The clock is everybody's: whoever waits must not make it later for the others.
  const wait = async () => {}
  const watchedSecond = observed(env.SECOND_D1)
  const open = (DB: D1Database, second: D1Database) =>
    openIsolate(clock, apps.fetch, {
      ...{ log, wait, env: { DB }, databases: new Map([['DB_2', second]]) },
    })
  const isolates = Array.from({ length: ISOLATES }, () => open(watched.db, watchedSecond.db))
  const [first] = isolates
  if (!first) throw new Error('there is no isolate')
  const shared = { manifest: 'tenants', url: 'http://tenants.test' }
  await putManifest(first, shared.manifest)
  const neighbours = Array.from({ length: CONNECTIONS }, (_, at) => {
    const adapter = ADAPTERS[at % ADAPTERS.length] ?? 'example'
    return new Neighbour(adapter, { marks, apps }, shared, elsewhere(at))
  })
  for (const [at, one] of neighbours.entries()) {
    all.set(one.name, one)
    if (present(at)) await one.begin(first)
  }
  const tick = async () => {
    await holdOthers(neighbours)
    await open(env.DB, env.SECOND_D1).tick()
  }
  return {
    ...{ marks, neighbours, isolates, clock },
    statements: () => new Set(watched.trips.flat()),
    statementsElsewhere: () => new Set(watchedSecond.trips.flat()),
    async settle() {
      for (let ticks = 0; ticks < 3; ticks++) await tick()
    },
    async walk(rounds) {
      for (const { commands, laterMs, ticks } of rounds) {
        await Promise.all(
          commands.map(async ({ command, isolate: number }, at) => {
            const [one, isolate] = [neighbours[at], isolates[number]]
            if (one && isolate && present(at)) await perform(one, isolate, command)
          }),
        )
        clock.now += laterMs
        if (ticks) await tick()
      }
    },
  }
}

async function putManifest(isolate: Isolate, name: string): Promise<void> {
  const manifest = {
    ...fernhollow,
    name,
    auth: {
      kind: 'login',
      ttlSeconds: 3600,
      steps: [
        {
          method: 'POST',
          path: '/login',
          body: { json: { key: '{secret.apiKey}' } },
          keep: { token: '/token' },
        },
      ],
      place: [{ header: 'X-Session', value: '{token}' }],
    },
  }
  const { status, body } = await adminApi(isolate)('PUT', `/manifests/${name}`, manifest)
  if (status >= 300) throw new Error(JSON.stringify(body))
}

/** The cron takes a few of what is due of all connections: those of other tests wait. */
async function holdOthers(neighbours: readonly Neighbour[]): Promise<void> {
  const ids = neighbours.flatMap(({ lives }) => lives.map(({ id }) => id))
  const others = 'connection NOT IN (SELECT value FROM json_each(?))'
  const due = ['intent', 'edge', 'role_intent'].map(
    (table) =>
      `UPDATE ${table} SET next_at = 9000000000000000
        WHERE next_at < 9000000000000000 AND ${others}`,
  )
  const passing = `UPDATE finding SET last_seen = 9000000000000000
    WHERE kind IN ('app-credential', 'app-failing', 'mode-ended')
      AND last_seen < 9000000000000000 AND ${others}`
  for (const db of [env.DB, env.SECOND_D1]) {
    await db.batch([...due, passing].map((query) => db.prepare(query).bind(JSON.stringify(ids))))
  }
}

export type StoredRow = Row & { readonly table: string }

/** What stays whenever it is looked at: that a request came, and what it was answered, is written later. */
export function lasting(rows: readonly StoredRow[]): StoredRow[] {
  return rows.filter(
    (row) => row.table !== 'sending' && !(row.table === 'audit' && row['kind'] === 'answered'),
  )
}

let tables: Promise<DataTable[]> | undefined

/** Every row of the data tables that belongs to this life of a connection. */
export async function storedOf({ id }: Life, db: D1Database): Promise<readonly StoredRow[]> {
  tables ??= dataTables()
  const rows: StoredRow[] = []
  for (const table of await tables) {
    for (const row of await rowsById(table, id, db)) rows.push({ table: table.name, ...row })
  }
  return rows
}
