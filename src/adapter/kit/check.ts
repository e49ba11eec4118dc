/** What a check of the conformance kit is, and how it ends. */
import type { Adapter, ResourceSpec } from '../contract.ts'
import type { Scene } from './scene.ts'

export const CHECK_GROUPS = [
  'static',
  'read',
  'write',
  'lifecycle',
  'pending',
  'membership',
  'chaos',
  'gateway',
] as const
export type CheckGroup = (typeof CHECK_GROUPS)[number]

/** What a resource type must declare for a check to be about it. */
const NEEDS = {
  create: ({ capabilities }) => capabilities.create !== 'none',
  update: ({ capabilities }) => capabilities.update === 'delta',
  switch: ({ capabilities }) => capabilities.active === 'native',
  remove: ({ capabilities }) => capabilities.remove !== 'none',
  'remove: hard': ({ capabilities }) => capabilities.remove === 'hard',
  'remove: soft': ({ capabilities }) => capabilities.remove === 'soft',
  lookups: ({ capabilities }) => capabilities.lookups.length > 0,
  'lookup of naming': ({ capabilities, naming }) =>
    capabilities.lookups.some(({ attribute }) => attribute === naming),
  'unique naming': ({ attributes, naming }) => attributes[naming]?.unique === true,
  'writable naming': ({ attributes, naming }) => attributes[naming]?.write === 'always',
  'list.skip': ({ capabilities }) => capabilities.list.skip,
  'list.order: stable': ({ capabilities }) => capabilities.list.order === 'stable',
  'idsReused: false': ({ capabilities }) => !capabilities.idsReused,
  idempotencyKey: ({ capabilities }) => capabilities.idempotencyKey,
  anchor: ({ capabilities }) => capabilities.anchor !== undefined,
  pending: ({ capabilities }) => ['invite', 'async'].includes(capabilities.create),
  'pending: shown': ({ capabilities }) => capabilities.pending === 'shown',
  members: ({ capabilities }) => capabilities.membership !== 'none',
  'add-remove': ({ capabilities }) => capabilities.membership === 'add-remove',
  replace: ({ capabilities }) => capabilities.membership.startsWith('replace'),
  'members.batch': ({ capabilities }) => (capabilities.members?.batch ?? 1) > 1,
  'members.single': ({ capabilities }) => capabilities.members?.single === true,
  'members.nested': ({ capabilities }) => capabilities.members?.nested === true,
  groups: (_, { resources }) =>
    Object.values(resources).some(({ capabilities }) => capabilities.membership !== 'none'),
  secrets: (_, { secrets }) => secrets.length > 0,
} as const satisfies Record<string, (spec: ResourceSpec, adapter: Adapter) => boolean>
export type Need = keyof typeof NEEDS

export interface Check {
  /** `group.name`. Never renamed: recordings and READMEs go by it. */
  readonly id: string
  /** One sentence: what goes wrong where this does not hold. */
  readonly why: string
  readonly needs: readonly Need[]
  /** True: it makes, changes or removes objects of the app, its own only. */
  readonly mutates: boolean
  /** True: it is about the adapter as a whole, and is run for one resource type only. */
  readonly once?: boolean
  /** @throws {CheckFailed} and whatever the adapter throws: it has failed */
  run(scene: Scene): Promise<void>
}

export function groupOf({ id }: Pick<Check, 'id'>): CheckGroup {
  const found = CHECK_GROUPS.find((group) => id.startsWith(`${group}.`))
  if (!found) throw new Error(`the check ${id} is in no group`)
  return found
}

/** The needs that are not met, in words; undefined: the check is about this resource type. */
export function unmet(check: Check, spec: ResourceSpec, adapter: Adapter): string | undefined {
  const missing = check.needs.filter((need) => !NEEDS[need](spec, adapter))
  return missing.length === 0 ? undefined : `not declared: ${missing.join(', ')}`
}

/** The adapter breaks a promise. The message says which, what was seen, and what to do. */
export class CheckFailed extends Error {
  override readonly name = 'CheckFailed'
}

/** The check is not about this app after all; the message is the public reason. */
export class CheckSkipped extends Error {
  override readonly name = 'CheckSkipped'
}

/** What the check builds on cannot be had: another check says why, and this one proves nothing. */
export class CheckBlocked extends Error {
  override readonly name = 'CheckBlocked'
}

export function demand(holds: boolean, message: string): asserts holds {
  if (!holds) throw new CheckFailed(message)
}

export function skipUnless(holds: boolean, reason: string): asserts holds {
  if (!holds) throw new CheckSkipped(reason)
}
