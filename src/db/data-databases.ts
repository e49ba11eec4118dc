/**
 * The databases that hold data tables. A connection's row names one by its binding, and everything that
 * provisioning leaves of the connection is in that one alone (decision 0031).
 */
import { type Database, isStorageError } from './database.ts'

/** The binding that holds the control tables as well, and the data of whom no other was chosen for. */
export const FIRST = 'DB'

/** A connection's row names a database that is not bound to the Worker. Its words are ours. */
export class DatabaseUnbound extends Error {
  override readonly name = 'DatabaseUnbound'

  constructor(binding: string) {
    super(
      `The data of this connection is in a database that is not bound to the Worker as ${binding}. ` +
        'Its operator puts the binding back into wrangler.toml and deploys.',
    )
  }
}

export interface DataDatabase {
  /** Of its binding. */
  readonly binding: string
  readonly db: Database
}

/** What names the database of a connection: the connection itself, as it is used. */
export interface Placed {
  readonly id: string
  /** Binding. */
  readonly dataDatabase: string
}

/** By id of the connection. */
export interface Gathered<T> {
  readonly found: ReadonlyMap<string, T>
  /** Bindings of databases that failed, full ones among them: nothing is known of their connections now. */
  readonly silent: ReadonlySet<string>
}

export class DataDatabases {
  readonly #bound: ReadonlyMap<string, Database>
  readonly #onSilent: (binding: string, error: unknown) => void

  /**
   * @param bound by name of the binding; `FIRST` is among them
   * @param onSilent told of each one that could not be asked among others
   */
  constructor(
    bound: ReadonlyMap<string, Database>,
    onSilent: (binding: string, error: unknown) => void,
  ) {
    this.#bound = bound
    this.#onSilent = onSilent
  }

  /** Never another one in its place. @throws {DatabaseUnbound} */
  of({ dataDatabase }: Pick<Placed, 'dataDatabase'>): Database {
    const db = this.#bound.get(dataDatabase)
    if (!db) throw new DatabaseUnbound(dataDatabase)
    return db
  }

  isBound(binding: string): boolean {
    return this.#bound.has(binding)
  }

  /** `FIRST` is the first. */
  all(): readonly DataDatabase[] {
    return [...this.#bound].map(([binding, db]) => ({ binding, db }))
  }

  /**
   * What each database knows of its own among these connections, side by side; one that fails keeps nobody
   * from the others. Of one that is not bound nothing is known: its connections are absent.
   *
   * @param read by id of the connection
   */
  async gather<T>(
    connections: readonly Placed[],
    read: (db: Database, ids: readonly string[]) => Promise<ReadonlyMap<string, T>>,
  ): Promise<Gathered<T>> {
    const silent = new Set<string>()
    const parts = [...Map.groupBy(connections, ({ dataDatabase }) => dataDatabase)].flatMap(
      ([binding, own]) => {
        const db = this.#bound.get(binding)
        return db ? [{ binding, db, ids: own.map(({ id }) => id) }] : []
      },
    )
    const found = await Promise.all(
      parts.map(async ({ binding, db, ids }) => {
        try {
          return await read(db, ids)
        } catch (error) {
          if (!isStorageError(error)) throw error
          this.#onSilent(binding, error)
          silent.add(binding)
          return new Map<string, T>()
        }
      }),
    )
    return { found: new Map(found.flatMap((each) => [...each])), silent }
  }
}
