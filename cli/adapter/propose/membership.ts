/** How a group's members are read and changed. */
import { type ApiDocument, type Operation, success } from '../openapi/document.ts'
import type { Shape } from '../openapi/shape.ts'
import { listIn, membersOf } from './answers.ts'
import { type Collection, placed } from './collection.ts'
import { type ProposedPager, proposePager } from './pager.ts'
import { fold, PERSON_KEY } from './words.ts'

type Json = Readonly<Record<string, unknown>>

const MEMBERS = /^(members?|users?|people|accounts?|persons?|memberships?|employees)$/
const LIST = /^(members|users|people|userids|memberids|accounts|accountids|persons)$/
const GROUPS = /^(groups?|teams?|roles?)(ids?)?$/

const ASK_ANSWERS =
  'What does the app answer when somebody is added who is in the group already, when somebody is removed who is not in it, and when a person is named who does not exist? Try the three with curl. An answer that is no success needs a rule in "add" or "remove": { "status": 409, "at": "/...", "contains": "...", "means": "unchanged" }, or "memberAbsent" for the third. Take this line out when it is so'

const ASK_NONE =
  'The file shows no call that adds somebody to a group. If there is one, describe it here (docs/manifest.md, "Members of groups"); without one Postern keeps the members itself and tells the app nothing of them'

interface GroupContext {
  readonly shown: Shape
  /** Where in the answer of a read the group is. */
  readonly item: string
  /** Pointer to the id of a person, in a person. */
  readonly personId: string
  readonly update: (body: Json) => Json | undefined
}

export function proposeMembership(
  api: ApiDocument,
  groups: Collection,
  users: Collection | undefined,
  group: GroupContext,
  note: (settings: readonly string[]) => void,
): Json {
  const request = (operation: Operation, names: Readonly<Record<string, string>>): Json => {
    const { path, settings } = placed(operation.path, { [groups.idParameter]: 'group', ...names })
    note(settings)
    return { method: operation.method, path }
  }
  const last = (path: string) =>
    fold(
      path
        .split('/')
        .at(-1)
        ?.replace(/\.\w+$/, '') ?? '',
    )
  const read = groups.below.find((one) => one.method === 'GET' && MEMBERS.test(last(one.path)))
  if (!read) return insideGroup(groups, group)
  const found = listIn(success(read)?.shape)
  const item = found?.item
  const ids = idsIn(item, group.personId)
  const { query, pager, maxPage } = proposePager(read, ids.edge ?? '/id')
  const members = {
    ...request(read, {}),
    ...(Object.keys(query).length > 0 && { query }),
    items: found ? found.items : '? Where in the answer is the list of members? "" is the whole',
    id: ids.id,
    ...paging({ pager, maxPage, query }),
  }
  const base = read.path
  const writes = groups.below.filter(({ method }) => method !== 'GET')
  const one = writes.filter(({ path }) => path.startsWith(`${base}/{`) || isOne(path, base))
  const parameter = (path: string) => /\{([^}]+)\}[^/]*$/.exec(path)?.[1] ?? ''
  const removal = one.find((call) => call.method === 'DELETE')
  const addOne = one.find((call) => call.method === 'PUT' || call.method === 'POST')
  const addBody = writes.find((call) => call.path === base && call.method === 'POST')
  const replace = writes.find((call) => call.path === base && call.method === 'PUT')
  const add = addBody
    ? { ...request(addBody, {}), ...addBodyOf(addBody.body.shape, groups.idParameter) }
    : addOne && request(addOne, { [parameter(addOne.path)]: 'member' })
  if (add && removal) {
    const name = parameter(removal.path)
    const isEdge = /member(ship)?id$/.test(fold(name)) && ids.edge !== undefined
    return {
      '?': ASK_ANSWERS,
      kind: 'add-remove',
      members: { ...members, ...(isEdge && { edge: ids.edge }) },
      add,
      remove: request(removal, { [name]: isEdge ? 'edge' : 'member' }),
    }
  }
  if (replace) {
    const [name] =
      Object.entries(replace.body.shape.properties).find(([, s]) => s.type === 'array') ?? []
    const json = name === undefined ? '{members}' : { [name]: '{members}' }
    return {
      kind: 'replace-on-group',
      members,
      replace: { ...request(replace, {}), body: { json } },
    }
  }
  return onUser(api, users, members) ?? { '?': ASK_NONE, kind: 'none' }
}

function isOne(path: string, base: string): boolean {
  const cut = base.replace(/\.\w+$/, '')
  return path.startsWith(`${cut}/{`)
}

export function paging({ pager, maxPage }: ProposedPager): Json {
  if (pager['kind'] === 'none') return {}
  return { pager, ...(maxPage !== undefined && { maxPage }) }
}

const ASK_MEMBER_ID =
  '? Where in each member is the id of the person? "" where it is nothing but the id'

/** The person of a membership: `{ "user_id": 7 }`, `{ "user": { "id": 7 } }`, `{ "id": 7 }`, `7`. */
function idsIn(
  item: Shape | undefined,
  person = '/id',
): { readonly id: string; readonly edge?: string } {
  if (!item || item.type === 'unknown') {
    return { id: ASK_MEMBER_ID }
  }
  if (item.type !== 'object') return { id: '' }
  const members = membersOf(item, 2)
  const named = members.find(({ at, name }) => {
    const nested = /^\/(user|member|account|person)\//.test(at)
    return nested
      ? /^(id|uuid)$/.test(fold(name))
      : /^(user|member|account|person)(id|no)$/.test(fold(name))
  })
  const own = members.find(({ at, name }) => at.lastIndexOf('/') === 0 && fold(name) === 'id')
  if (named) return { id: named.at, ...(own && { edge: own.at }) }
  const same = members.find(({ at }) => at === person)
  return { id: same?.at ?? own?.at ?? ASK_MEMBER_ID }
}

function addBodyOf(shape: Shape, groupParameter: string): Json {
  if (shape.type === 'array') return { body: { json: ['{member}'] } }
  const entries = Object.entries(shape.properties)
  const [name, inner] = entries.find(([one]) => PERSON_KEY.test(fold(one))) ?? []
  if (name === undefined) {
    return { body: { json: '? Which body adds one person? Write it with "{member}" for their id' } }
  }
  const more = shape.required.filter((one) => one !== name && Object.hasOwn(shape.properties, one))
  return {
    body: {
      json: {
        [name]: inner?.type === 'array' ? ['{member}'] : '{member}',
        ...Object.fromEntries(
          more.map((one) =>
            fold(one) === fold(groupParameter)
              ? [one, '{group}']
              : [one, requiredValue(one, shape.properties[one])],
          ),
        ),
      },
    },
  }
}

export function requiredValue(name: string, shape: Shape | undefined): unknown {
  if (
    shape?.default !== undefined &&
    ['string', 'number', 'boolean'].includes(typeof shape.default)
  ) {
    return shape.default
  }
  const listed = shape && shape.values.length > 0 ? ` One of ${shape.values.join(', ')}.` : ''
  const says = shape?.description ? ` The file says: ${shape.description.slice(0, 200)}.` : ''
  return `? The app insists on "${name}".${says}${listed} One value for all: write it here. Made of something else: take this line out, declare the attribute "${name}", and map it, for example "=${name}": { "from": "$ToLower(displayName)", "apply": "create" } (docs/mapping.md)`
}

/** Members that stand in the group itself. */
function insideGroup(
  { get, update: change, idParameter }: Collection,
  { shown, item, update, personId }: GroupContext,
): Json {
  const list = membersOf(shown, 1).find(
    (one) => one.shape.type === 'array' && LIST.test(fold(one.name)),
  )
  const taken = Object.keys(change?.body.shape.properties ?? {})
  if (!list || !get || !change) return { '?': ASK_NONE, kind: 'none' }
  const name = taken.find((one) => LIST.test(fold(one))) ?? list.name
  const replace = update({ [name]: '{members}' })
  if (!replace) return { '?': ASK_NONE, kind: 'none' }
  return {
    '?': `Does the app replace the whole list "${name}", and leave the rest of the group as it is? Try it with curl, and take this line out`,
    kind: 'replace-on-group',
    members: {
      method: 'GET',
      path: placed(get.path, { [idParameter]: 'group' }).path,
      items: item + list.at,
      id: idsIn(list.shape.items, personId).id,
    },
    replace: {
      ...replace,
      path: placed(change.path, { [idParameter]: 'group' }).path,
    },
  }
}

/** Groups that stand in the person: `PUT /users/{id}/groups`. */
function onUser(api: ApiDocument, users: Collection | undefined, members: Json): Json | undefined {
  const below = users?.below ?? []
  const last = (path: string) => fold(path.split('/').at(-1) ?? '')
  const read = below.find((one) => one.method === 'GET' && GROUPS.test(last(one.path)))
  const write = api.operations.find((one) => one.method === 'PUT' && one.path === read?.path)
  if (!read || !write || !users) return undefined
  const found = listIn(success(read)?.shape)
  const [name] =
    Object.entries(write.body.shape.properties).find(([, shape]) => shape.type === 'array') ?? []
  const { path } = placed(read.path, { [users.idParameter]: 'member' })
  return {
    kind: 'replace-on-user',
    members,
    groupsOf: {
      method: 'GET',
      path,
      items: found?.items ?? '? Where in the answer is the list of groups?',
      id: idsIn(found?.item).id,
    },
    replace: {
      method: 'PUT',
      path,
      body: { json: name === undefined ? '{groups}' : { [name]: '{groups}' } },
    },
  }
}
