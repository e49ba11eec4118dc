/** Each request of a manifest has a role: what its templates may place, and how it may end. */
import { PAGER_PLACES, type RequestSpec, type Rule, type Verdict } from './request-schema.ts'
import type { ResourceManifest } from './resource-schema.ts'
import type { Manifest } from './schema.ts'

export interface Role {
  /** Names of placeholders beside `config`; `attributes` and `current` may be followed into. */
  readonly places: readonly string[]
  readonly verdicts: readonly VerdictKind[]
}

export type VerdictKind = Extract<Verdict, string> | 'exists' | 'invited' | 'accepted' | 'fail'

export function kindOf(verdict: Verdict): VerdictKind {
  if (typeof verdict === 'string') return verdict
  if ('exists' in verdict) return 'exists'
  if ('invited' in verdict) return 'invited'
  return 'accepted' in verdict ? 'accepted' : 'fail'
}

const PAGE = [...new Set(['limit', ...Object.values(PAGER_PLACES).flat()])]
const WRITE = ['ok', 'unchanged', 'absent', 'fail'] as const

const ROLES = {
  get: { places: ['id'], verdicts: ['ok', 'absent', 'fail'] },
  list: { places: PAGE, verdicts: ['ok', 'empty', 'fail'] },
  lookup: { places: ['value', ...PAGE], verdicts: ['ok', 'empty', 'absent', 'fail'] },
  check: { places: [], verdicts: ['ok', 'fail'] },
  create: {
    places: ['attributes', 'active', 'key', 'password'],
    verdicts: ['ok', 'exists', 'invited', 'accepted', 'fail'],
  },
  poll: {
    places: ['ticket', 'key'],
    verdicts: ['running', 'done', 'expired', 'failed', 'absent', 'fail'],
  },
  cancel: { places: ['ticket'], verdicts: WRITE },
  update: { places: ['id', 'attributes', 'current'], verdicts: WRITE },
  enable: { places: ['id', 'current'], verdicts: WRITE },
  disable: { places: ['id', 'current'], verdicts: WRITE },
  remove: { places: ['id'], verdicts: [...WRITE, 'occupied'] },
  members: { places: ['group', ...PAGE], verdicts: ['ok', 'empty', 'fail'] },
  addMembers: { places: ['group', 'member', 'members'], verdicts: [...WRITE, 'memberAbsent'] },
  removeMembers: {
    places: ['group', 'member', 'members', 'edge'],
    verdicts: [...WRITE, 'memberAbsent'],
  },
  replaceMembers: {
    places: ['group', 'members', 'revision'],
    verdicts: [...WRITE, 'memberAbsent', 'stale'],
  },
  groupsOf: { places: ['member'], verdicts: ['ok', 'absent', 'fail'] },
  replaceGroups: {
    places: ['member', 'groups', 'revision'],
    verdicts: [...WRITE, 'memberAbsent', 'stale'],
  },
} as const satisfies Readonly<Record<string, Role>>

/** What the rules of the whole manifest may say: the rest depends on the request. */
export const SHARED: readonly VerdictKind[] = ['ok', 'absent', 'fail']

export interface Placed {
  readonly role: Role
  readonly path: readonly (string | number)[]
  readonly request: Omit<RequestSpec, 'safe'>
}

/** Every request of the manifest, and where in it it is. */
export function requestsOf({ check, resources }: Manifest): readonly Placed[] {
  return [
    ...(check ? [{ role: ROLES.check, path: ['check'], request: check }] : []),
    ...Object.entries(resources).flatMap(([type, resource]) =>
      resource === undefined ? [] : requestsIn(resource, ['resources', type]),
    ),
  ]
}

function requestsIn(resource: ResourceManifest, at: readonly string[]): Placed[] {
  const { get, list, lookups, active, create, poll, cancel, update, remove, membership } = resource
  const placed: Placed[] = []
  const add = (
    role: Role,
    path: readonly (string | number)[],
    request: RequestSpec | undefined,
  ) => {
    if (request) placed.push({ role, path: [...at, ...path], request })
  }
  add(ROLES.get, ['get'], get)
  add(ROLES.list, ['list'], list)
  for (const [i, lookup] of lookups.entries()) add(ROLES.lookup, ['lookups', i], lookup)
  add(ROLES.enable, ['active', 'enable'], active?.enable)
  add(ROLES.disable, ['active', 'disable'], active?.disable)
  add(ROLES.create, ['create'], create)
  add(ROLES.poll, ['poll'], poll)
  add(ROLES.cancel, ['cancel'], cancel)
  add(ROLES.update, ['update'], update)
  add(ROLES.remove, ['remove'], remove)
  switch (membership.kind) {
    case 'none':
      break
    case 'add-remove':
      add(ROLES.addMembers, ['membership', 'add'], membership.add)
      add(ROLES.removeMembers, ['membership', 'remove'], membership.remove)
      break
    case 'replace-on-group':
      add(ROLES.replaceMembers, ['membership', 'replace'], membership.replace)
      break
    case 'replace-on-user':
      add(ROLES.groupsOf, ['membership', 'groupsOf'], membership.groupsOf)
      add(ROLES.replaceGroups, ['membership', 'replace'], membership.replace)
      break
  }
  if (membership.kind !== 'none') {
    add(ROLES.members, ['membership', 'members'], membership.members)
  }
  return placed
}

export function allRules(manifest: Manifest): readonly { path: (string | number)[]; rule: Rule }[] {
  return [
    ...manifest.rules.map((rule, i) => ({ path: ['rules', i], rule })),
    ...requestsOf(manifest).flatMap(({ path, request }) =>
      request.rules.map((rule, i) => ({ path: [...path, 'rules', i], rule })),
    ),
  ]
}
