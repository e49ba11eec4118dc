/** Whether the parts of a manifest agree. What each part may look like is the schema's business. */
import { appOf, type MappingEntry } from '../mapping-entry.ts'
import { parseBase } from './base.ts'
import { checkAuth } from './check-auth.ts'
import {
  checkHeaders,
  checkPlaces,
  checkRequest,
  checkRule,
  checkVerdict,
  type Fault,
  type Path,
} from './check-request.ts'
import { PAGER_PLACES, type Pager } from './request-schema.ts'
import type { LookupSpec, ResourceManifest } from './resource-schema.ts'
import { allRules, kindOf, requestsOf, SHARED } from './roles.ts'
import type { Manifest } from './schema.ts'
import { placeholdersIn } from './template.ts'

export function checkManifest(manifest: Manifest): readonly Fault[] {
  return [
    ...checkConfig(manifest),
    ...checkAuth(manifest),
    ...requestsOf(manifest).flatMap((placed) => checkRequest(manifest, placed)),
    ...allRules(manifest).flatMap(({ path, rule }) => checkRule(path, rule)),
    ...manifest.rules.flatMap((rule, i) => checkVerdict(['rules', i], rule, SHARED)),
    ...Object.entries(manifest.resources).flatMap(([type, resource]) =>
      resource === undefined ? [] : checkResource(['resources', type], type, resource),
    ),
    ...Object.entries(manifest.resources).flatMap(([type, resource]) =>
      resource === undefined ? [] : checkObjects(manifest, ['resources', type], resource),
    ),
  ]
}

/** Templates outside of requests: in conditions on objects, and in what becomes part of one. */
function checkObjects(manifest: Manifest, at: Path, resource: ResourceManifest): Fault[] {
  const { attributes, membership } = resource
  const places = (path: Path, value: unknown, known: readonly string[] = []) =>
    checkPlaces(manifest, [...at, ...path], value, known)
  return [
    ...resource.protected.flatMap(({ equals }, i) => places(['protected', i, 'equals'], equals)),
    ...Object.entries(attributes).flatMap(([name, { where, element, form }]) => [
      ...places(['attributes', name, 'form'], form, ['value']),
      ...(where ?? []).flatMap(({ equals }, i) =>
        places(['attributes', name, 'where', i, 'equals'], equals),
      ),
      ...places(['attributes', name, 'element'], element, ['value']),
    ]),
    ...places(['get', 'object'], resource.get.object, ['item', 'id']),
    ...places(['list', 'object'], resource.list.object, ['item']),
    ...resource.lookups.flatMap((lookup, i) =>
      places(['lookups', i, 'object'], lookup.object, ['item', 'value']),
    ),
    ...(membership.kind === 'none'
      ? []
      : places(['membership', 'members', 'idIn'], membership.members.idIn, ['id'])),
    ...(membership.kind === 'none'
      ? []
      : membership.members.where.flatMap(({ equals }, i) =>
          places(['membership', 'members', 'where', i, 'equals'], equals, ['group']),
        )),
    ...(membership.kind === 'replace-on-user'
      ? places(['membership', 'fallback'], membership.fallback)
      : []),
  ]
}

function checkConfig(manifest: Manifest): Fault[] {
  const { config } = manifest
  const faults: Fault[] = []
  const add = (path: Path, message: string) => faults.push({ path, message })
  const base = parseBase(manifest.base, config)
  if (!base.ok) add(['base'], base.message)
  const templates: [Path, string][] = Object.entries(manifest.headers ?? {}).map(
    ([name, template]) => [['headers', name], template],
  )
  for (const [path, template] of templates) {
    faults.push(...checkPlaces(manifest, path, template, []))
  }
  faults.push(...checkHeaders(['headers'], manifest.headers))
  for (const [name, { secret, kind, default: preset }] of Object.entries(config)) {
    if (secret && kind !== 'text') add(['config', name, 'kind'], 'a secret is always text')
    if (secret && preset !== undefined) {
      add(['config', name, 'default'], 'a secret has no default: it would be there for all to read')
    }
  }
  return faults
}

function checkPager(path: Path, pager: Pager | undefined, request: unknown): Fault[] {
  if (!pager) return []
  const placed = placeholdersIn(request)
  return PAGER_PLACES[pager.kind].flatMap((name) =>
    placed.includes(name)
      ? []
      : [{ path: [...path, 'pager'], message: `the request must place {${name}}` }],
  )
}

function checkResource(at: Path, type: string, resource: ResourceManifest): Fault[] {
  const { attributes, create, poll, cancel, update, membership, list, lookups } = resource
  const faults: Fault[] = []
  const add = (path: Path, message: string) => faults.push({ path: [...at, ...path], message })
  const declared = (path: Path, name: string | undefined) => {
    if (name !== undefined && !Object.hasOwn(attributes, name)) {
      add(path, `"${name}" is not declared in "attributes"`)
    }
  }
  declared(['naming'], resource.naming)
  for (const [scim, entry] of Object.entries(resource.mapping)) {
    declared(['mapping', scim], appOf(scim, entry as MappingEntry))
  }
  for (const [name, spec] of Object.entries(attributes)) {
    declared(['attributes', name, 'verifiedBy'], spec.verifiedBy)
    if (spec.each !== undefined && !spec.multiValued && !spec.where) {
      add(['attributes', name, 'each'], 'is about lists: write "multiValued": true')
    }
    if (spec.where && !spec.each) {
      add(['attributes', name, 'each'], 'must say where in each element of "where" the value is')
    }
    const isMade = spec.where !== undefined && spec.write !== 'never'
    if (isMade !== (spec.element !== undefined)) {
      const [is, isNot] = ['must say what a new element is', 'needs "where" beside it']
      add(['attributes', name, 'element'], isMade ? is : isNot)
    }
    if (spec.write !== 'never' && (spec.writeAt ?? spec.at) === '') {
      add(['attributes', name, 'at'], '"" can be read only: write "write": "never", or "writeAt"')
    }
  }
  for (const [i, lookup] of lookups.entries()) {
    declared(['lookups', i, 'attribute'], lookup.attribute)
    faults.push(...checkLookup([...at, 'lookups', i], lookup))
    faults.push(...checkPager([...at, 'lookups', i], lookup.pager, lookup))
  }
  if (resource.id === '') add(['id'], 'must lead to a member of the object')
  faults.push(...checkPager([...at, 'list'], list.pager, list), ...checkAnchor(at, resource))
  if (resource.active && [resource.active.off].flat().includes(resource.active.on)) {
    add(['active', 'off'], 'is the same as "on"')
  }
  faults.push(...checkCreate(at, resource))
  if (!create && (poll || cancel)) add([poll ? 'poll' : 'cancel'], 'is about a "create"')
  if (update && !placeholdersIn(update).some((name) => name.startsWith('attributes'))) {
    add(['update'], 'must place {attributes}: what has changed')
  }
  for (const [path, returns] of [
    [['update', 'returns'], update?.returns],
    [['active', 'enable', 'returns'], resource.active?.enable.returns],
    [['active', 'disable', 'returns'], resource.active?.disable.returns],
  ] as const) {
    if (returns === 'location' || (typeof returns === 'object' && !('item' in returns))) {
      add(path, 'must be "object", "nothing" or { "item": pointer }: the id is known')
    }
  }
  if (resource.get.object !== undefined) faults.push(...checkShown(at, resource))
  if (type === 'User' && membership.kind !== 'none') {
    add(['membership'], 'belongs to "Group": people are members, and have none')
  }
  if (membership.kind !== 'none') {
    const { members } = membership
    faults.push(...checkPager([...at, 'membership', 'members'], members.pager, members))
    if (placeholdersIn(membership).includes('edge') && members.edge === undefined) {
      add(['membership', 'members', 'edge'], 'must say where {edge} is read')
    }
  }
  return faults
}

/** What "get" is answered has to be made an object by its id, so no write is answered with one. */
function checkShown(at: Path, { create, update, active }: ResourceManifest): Fault[] {
  const places = [
    [['create', 'returns'], create?.id === undefined ? create?.returns : 'nothing'],
    [['update', 'returns'], update?.returns],
    [['active', 'enable', 'returns'], active?.enable.returns],
    [['active', 'disable', 'returns'], active?.disable.returns],
  ] as const
  return places.flatMap(([path, returns]) => {
    const isObject = returns === 'object' || (typeof returns === 'object' && 'item' in returns)
    if (!isObject) return []
    const instead = path[0] === 'create' ? '"location", { "id": pointer }' : '"nothing"'
    const message = `must be ${instead}: what "get" is answered is no object ("get.object")`
    return [{ path: [...at, ...path], message }]
  })
}

function checkLookup(at: Path, lookup: LookupSpec): Fault[] {
  const faults: Fault[] = []
  const absent = lookup.rules.findIndex((rule) => rule.means === 'absent')
  if (lookup.item === undefined && absent >= 0) {
    const message = 'is no answer to a search: nobody is "empty". Of one object, say "item"'
    faults.push({ path: [...at, 'rules', absent, 'means'], message })
  }
  if (lookup.item !== undefined && (lookup.items !== undefined || lookup.pager !== undefined)) {
    const message = 'is one object: leave out "items" and "pager"'
    faults.push({ path: [...at, 'item'], message })
  }
  return faults
}

function checkAnchor(at: Path, resource: ResourceManifest): Fault[] {
  const { anchor, attributes, create, lookups } = resource
  if (anchor === undefined) return []
  const refuse = (message: string): Fault[] => [{ path: [...at, 'anchor'], message }]
  const spec = Object.hasOwn(attributes, anchor) ? attributes[anchor] : undefined
  if (!spec) return refuse(`"${anchor}" is not declared in "attributes"`)
  if (!create || spec.write === 'never' || spec.type !== 'string' || spec.multiValued) {
    return refuse('must be one text that "create" can write: it keeps an id of ours')
  }
  const lookup = lookups.find((one) => one.attribute === anchor)
  return lookup?.exact && lookup.includesInactive
    ? []
    : refuse(`needs a look-up of "${anchor}" that is "exact" and "includesInactive"`)
}

function checkCreate(at: Path, resource: ResourceManifest): Fault[] {
  const { attributes, create, lookups, poll, cancel, ticket, membership } = resource
  if (!create) return []
  const faults: Fault[] = []
  const add = (path: Path, message: string) => faults.push({ path: [...at, ...path], message })
  const says = (kind: string) => create.rules.some((rule) => kindOf(rule.means) === kind)
  if (!placeholdersIn(create).some((name) => name.startsWith('attributes'))) {
    add(['create'], 'must place {attributes}: what the new object is to hold')
  }
  if (create.idempotencyKey && !placeholdersIn(create).includes('key')) {
    add(['create', 'idempotencyKey'], 'the request must place {key}')
  }
  if (create.password && !placeholdersIn(create).includes('password')) {
    add(['create', 'password'], 'the request must place {password}')
  }
  if (create.id !== undefined && !Object.hasOwn(attributes, create.id)) {
    add(['create', 'id'], `"${create.id}" is not declared in "attributes"`)
  } else if (create.id !== undefined && attributes[create.id]?.write === 'always') {
    const message = 'must be "create": whoever changed it would have another id'
    add(['attributes', create.id, 'write'], message)
  }
  const { returns } = create
  const by = typeof returns === 'object' && 'lookup' in returns ? returns.lookup : undefined
  if (by !== undefined && !lookups.some(({ attribute }) => attribute === by)) {
    add(['create', 'returns', 'lookup'], `needs a look-up of "${by}"`)
  }
  if (create.mode === 'sync') return faults
  if (membership.kind !== 'none') {
    add(['create', 'mode'], 'must be "sync": groups with members are made at once')
  }
  const expected = create.mode === 'invite' ? 'invited' : 'accepted'
  if (!says(expected)) {
    add(['create', 'rules'], `must say which answer is { "${expected}": { "ticket": pointer } }`)
  }
  if (!poll) add(['poll'], `is needed: it says what became of what was ${expected}`)
  else if (!poll.rules.some((rule) => rule.means === 'done') || poll.id === undefined) {
    add(['poll', 'id'], 'must be there, and a rule "done": where the new account is')
  }
  if (create.mode === 'invite' && !cancel) {
    add(['cancel'], 'is needed: an invitation is withdrawn where the person is removed')
  }
  if (create.pending === 'shown' && ticket === undefined) {
    add(['ticket'], 'must say where an object that is still pending holds its ticket')
  }
  return faults
}
