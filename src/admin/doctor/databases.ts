/** Whether every database that connections name is there, answers, and has room. */
import type { DataDatabases } from '../../db/data-databases.ts'
import type { Database } from '../../db/database.ts'
import { sizeOf } from '../../db/database-size.ts'
import { connectionsByDatabase } from '../../db/placed-connections.ts'
import { type Check, fail, ok, warn } from './check.ts'

/** D1 takes no more. */
const MOST_BYTES = 10e9
/** Moving takes time, and so does deploying: there has to be room until then. */
const FULL_SHARE = 0.7

export async function checkDatabases({
  db,
  data,
}: {
  /** Holds the control tables. */
  readonly db: Database
  readonly data: DataDatabases
}): Promise<readonly Check[]> {
  const placed = await connectionsByDatabase(db)
  const unbound = [...placed].filter(([binding]) => !data.isBound(binding))
  const bound = await Promise.all(
    data.all().map(async ({ binding, db: one }) => {
      const bytes = await sizeOf(one).catch(() => undefined)
      return judge(`database-${binding}`, bytes, placed.get(binding) ?? 0)
    }),
  )
  return [
    ...bound,
    ...unbound.map(([binding, connections]) =>
      fail(
        `database-${binding}`,
        `${connections} connections have their data in it, and it is not bound: they are answered 503`,
        `put the binding ${binding} back into wrangler.toml, and deploy: their data is as it was`,
      ),
    ),
  ]
}

function judge(check: string, bytes: number | undefined, connections: number): Check {
  if (bytes === undefined) {
    return fail(check, 'it does not answer', 'see the status of D1, and that the database exists')
  }
  const says = `${connections} connections, ${(bytes / 1e9).toFixed(2)} GB of ${MOST_BYTES / 1e9}`
  return bytes < MOST_BYTES * FULL_SHARE
    ? ok(check, says)
    : warn(
        check,
        `${says}: D1 takes no more than that`,
        'bind one database more for new connections (docs/scaling.md)',
      )
}
