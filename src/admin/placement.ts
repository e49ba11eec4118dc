/** Which database the data of a new connection is put in (docs/scaling.md). */
import { appliedMigrations } from '../db/check-ups.ts'
import { type DataDatabases, FIRST } from '../db/data-databases.ts'
import { sizeOf } from '../db/database-size.ts'
import { invalidInput, Problem } from './problem.ts'

export interface PlacementDeps {
  readonly data: DataDatabases
  /** Binding of the one that new connections go to (`NEW_CONNECTIONS_DB`); empty: the smallest. */
  readonly newConnectionsDatabase: string
}

/**
 * Binding: the one that is wanted, else the one that is set for new connections, else the smallest.
 *
 * @throws {Problem} 422 where the wanted one is not bound, 503 where the operator has to act first
 */
export async function placeConnection(
  deps: PlacementDeps,
  wanted: string | undefined,
): Promise<string> {
  const { data } = deps
  const binding = wanted ?? (await chosen(deps))
  if (!data.isBound(binding)) {
    if (wanted !== undefined) {
      const bound = data.all().map((one) => one.binding)
      const message = `is not bound to the Worker: choose one of ${bound.join(', ')}`
      throw invalidInput([{ path: 'database', message }])
    }
    throw new Problem(
      503,
      `NEW_CONNECTIONS_DB names ${binding}, which is not bound to the Worker. Its operator binds it in ` +
        'wrangler.toml, or sets another one.',
    )
  }
  await seeThatItIsReady(data, binding)
  return binding
}

async function chosen({ data, newConnectionsDatabase }: PlacementDeps): Promise<string> {
  if (newConnectionsDatabase !== '') return newConnectionsDatabase
  const all = data.all()
  if (all.length === 1) return FIRST
  const sizes = await Promise.all(
    all.map(async ({ binding, db }) => ({ binding, bytes: await sizeOf(db) })),
  )
  return sizes.reduce((least, one) => (one.bytes < least.bytes ? one : least)).binding
}

/** A database that was bound and has no tables yet is the smallest of all. */
async function seeThatItIsReady(data: DataDatabases, binding: string): Promise<void> {
  if (binding === FIRST) return
  const [own, first] = await Promise.all(
    [binding, FIRST].map((dataDatabase) => appliedMigrations(data.of({ dataDatabase }))),
  )
  const missing = (first ?? []).filter((name) => !own?.includes(name))
  if (missing.length === 0) return
  throw new Problem(
    503,
    `${binding} lacks ${missing.length} migrations. Its operator applies them: npm run deploy, or ` +
      `wrangler d1 migrations apply ${binding} --remote.`,
  )
}
