import { type JsonObject, type MappedValue, readTarget } from './attribute-mapping.ts'

/** One value that has to be written, and whether the service showed another one before. */
export interface Change extends MappedValue {
  readonly op: 'add' | 'replace'
}

/**
 * What differs between what the mappings want and what a GET showed. As in Entra: letter case
 * counts only where the target is "exact case", attributes that are not mapped do not count, and a
 * value that is empty in the directory is left alone in the service. Entra adds where the service
 * shows nothing, and replaces where it shows something.
 */
export function differenceOf(wanted: readonly MappedValue[], shown: JsonObject): Change[] {
  return wanted.flatMap(({ target, value }): Change[] => {
    const held = readTarget(shown, target)
    if (held === undefined || held === null) return [{ target, value, op: 'add' }]
    if (isSame(value, held, target.exact)) return []
    return [{ target, value, op: 'replace' }]
  })
}

function isSame(wanted: string | boolean, held: unknown, exact: boolean): boolean {
  if (wanted === held) return true
  return (
    !exact &&
    typeof wanted === 'string' &&
    typeof held === 'string' &&
    wanted.toLowerCase() === held.toLowerCase()
  )
}
