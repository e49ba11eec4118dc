/**
 * A mapping as it is written: data that an adapter ships and a connection may replace. docs/mapping.md
 * says what every key means.
 */
import type { Value } from './contract.ts'

/** SCIM attribute path, or `=` and an attribute of the app, to what happens there. */
export type WrittenMapping = Readonly<Record<string, MappingEntry>>

/** A string alone is the app's attribute of a pair that works both ways. */
export type MappingEntry = string | WrittenPair | WrittenOneWay

/** A SCIM attribute and an attribute of the app, both ways. */
export interface WrittenPair {
  readonly app: string
  /** The app's value, as text, to SCIM's: what is not in it is refused, and not shown. */
  readonly values?: Readonly<Record<string, Value>>
  /** What a create sends where the client sends none, in the app's terms. */
  readonly default?: Value
  /** `create`: the app is told once, and what the client says later is echoed alone. */
  readonly apply?: 'always' | 'create'
  /** How the app is told that there is no value any more; `keep`: not at all. */
  readonly clear?: 'null' | 'empty' | 'keep'
}

/** From SCIM to the app alone: `from` is an expression over the resource, `value` a constant. */
export interface WrittenOneWay {
  /** Where the key does not name it. */
  readonly app?: string
  readonly from?: string
  readonly value?: Value
  readonly apply?: 'always' | 'create'
  readonly clear?: 'null' | 'empty' | 'keep'
}

export function isOneWay(entry: MappingEntry): entry is WrittenOneWay {
  return (
    typeof entry === 'object' && (Object.hasOwn(entry, 'from') || Object.hasOwn(entry, 'value'))
  )
}

/** The app's attribute that an entry is about; undefined where it names none. */
export function appOf(key: string, entry: MappingEntry): string | undefined {
  if (typeof entry === 'string') return entry
  return entry.app ?? (key.startsWith('=') ? key.slice(1) : undefined)
}
