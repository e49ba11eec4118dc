/** Lists that an app replaces as a whole: what they are after some have joined and some have left. */
import type { Member } from '../adapter/contract.ts'

export interface MemberChange {
  readonly member: Member
  readonly wanted: boolean
}

const keyOf = ({ type, id }: Member): string => JSON.stringify([type, id])

/** Undefined: the list is so already. Everybody whom no change names stays. */
export function membersAfter(
  held: readonly Member[],
  changes: readonly MemberChange[],
): readonly Member[] | undefined {
  const next = new Map(held.map((member) => [keyOf(member), member]))
  let differs = false
  for (const { member, wanted } of changes) {
    const key = keyOf(member)
    if (next.has(key) === wanted) continue
    differs = true
    if (wanted) next.set(key, member)
    else next.delete(key)
  }
  return differs ? [...next.values()] : undefined
}

/** Undefined: the list is so already. `single`: to join one is to leave all others. */
export function groupsAfter(
  held: readonly string[],
  group: string,
  wanted: boolean,
  single: boolean,
): readonly string[] | undefined {
  const isIn = held.includes(group)
  if (!wanted) return isIn ? held.filter((id) => id !== group) : undefined
  if (single) return isIn && held.length === 1 ? undefined : [group]
  return isIn ? undefined : [...held, group]
}
