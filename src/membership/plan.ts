/** What a request wants of members, from its changes in their order. No I/O. */
import { ScimError } from '../scim/error.ts'
import { matches } from '../scim/match.ts'
import type { ValueChange } from '../scim/patch-delta.ts'
import type { JsonObject } from '../scim/schema.ts'

/** A member by SCIM id and resource type. */
export interface MemberId {
  readonly member: string
  readonly memberType: string
}

export interface PlannedChanges {
  /** By SCIM id: shall be a member, or shall be none. */
  readonly wanted: ReadonlyMap<string, boolean>
  /** Ids that the client names as members: each must be known, whatever follows. */
  readonly named: ReadonlySet<string>
  /** How many replaces with one member were taken for adds (`additiveSingleReplace`). */
  readonly additive: number
}

/** True where the changes cannot be planned without knowing who is in the group. */
export function needsPresent(changes: readonly ValueChange[], additiveSingle: boolean): boolean {
  return changes.some(
    (change) =>
      change.op === 'removeAll' ||
      change.op === 'removeWhere' ||
      (change.op === 'replace' && !isAdditive(change.values, additiveSingle)),
  )
}

/**
 * @param present who is in the group; asked only where `needsPresent` says so
 * @throws {ScimError} `invalidValue` where a member has no id
 */
export function planChanges(
  changes: readonly ValueChange[],
  present: readonly MemberId[],
  additiveSingle: boolean,
): PlannedChanges {
  const types = new Map(present.map(({ member, memberType }) => [member, memberType]))
  const wanted = new Map<string, boolean>()
  const named = new Set<string>()
  let additive = 0
  const name = (values: readonly JsonObject[]): string[] => {
    const ids = values.map(idOf)
    for (const id of ids) named.add(id)
    return ids
  }
  /** Members by now, earlier changes of this request included. */
  const byNow = (): string[] => [
    ...[...types.keys()].filter((id) => !wanted.has(id)),
    ...[...wanted].flatMap(([id, isWanted]) => (isWanted ? [id] : [])),
  ]
  for (const change of changes) {
    switch (change.op) {
      case 'add':
        for (const id of name(change.values)) wanted.set(id, true)
        break
      case 'remove':
        for (const id of change.values.map(idOf)) wanted.set(id, false)
        break
      case 'removeAll':
        for (const id of byNow()) wanted.set(id, false)
        break
      case 'removeWhere':
        for (const id of byNow()) {
          const member: JsonObject = { value: id, type: types.get(id) ?? 'User' }
          if (matches(change.filter, member)) wanted.set(id, false)
        }
        break
      case 'replace': {
        const ids = name(change.values)
        if (isAdditive(change.values, additiveSingle)) additive += 1
        else for (const id of byNow()) wanted.set(id, false)
        for (const id of ids) wanted.set(id, true)
        break
      }
    }
  }
  return { wanted, named, additive }
}

/** Entra may replace with one member at a time where a read once showed it members. */
function isAdditive(values: readonly JsonObject[], additiveSingle: boolean): boolean {
  return additiveSingle && values.length === 1
}

function idOf(value: JsonObject): string {
  const id = value['value']
  if (typeof id !== 'string' || id === '') {
    throw new ScimError('invalidValue', 'A member needs a "value": the id of a user or group.')
  }
  return id
}
