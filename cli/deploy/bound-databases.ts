/** The D1 databases that a wrangler.toml binds for the gateway: `DB`, and those that hold more connections. */
import { CommandError } from '../command.ts'

export interface BoundDatabase {
  readonly binding: string
  readonly name: string
  /** `NO_DATABASE` until there is one. */
  readonly id: string
}

/** What stands in wrangler.toml in place of the id of a database that is still to be made. */
export const NO_DATABASE = '00000000-0000-0000-0000-000000000000'

/** As `databasesIn` of the Worker has it; other D1 bindings are none of ours. */
const OURS = /^DB(?:_[A-Z0-9_]{1,20})?$/
const BLOCK = /^\[\[d1_databases\]\]$[^[]*/gm

/** In the order of the file, which begins with `DB`. @throws {CommandError} where a line is missing */
export function boundDatabases(toml: string): BoundDatabase[] {
  return [...toml.matchAll(BLOCK)].flatMap(([block]) => {
    const value = (key: string) => {
      const found = new RegExp(`^${key} = "([^"]*)"$`, 'm').exec(block)?.[1]
      if (found !== undefined) return found
      throw new CommandError(
        `a [[d1_databases]] of wrangler.toml has no line ${key} = "..."`,
        'each has binding, database_name, database_id and migrations_dir (docs/scaling.md)',
      )
    }
    const one = {
      binding: value('binding'),
      name: value('database_name'),
      id: value('database_id'),
    }
    if (!OURS.test(one.binding)) return []
    // Without it wrangler looks for migrations where there are none, and applies nothing.
    value('migrations_dir')
    return [one]
  })
}

/** The file with the id of a database that was made. */
export function withId(toml: string, binding: string, id: string): string {
  return toml.replace(BLOCK, (block) =>
    new RegExp(`^binding = "${binding}"$`, 'm').test(block)
      ? block.replace(/^database_id = "[^"]*"$/m, () => `database_id = "${id}"`)
      : block,
  )
}
