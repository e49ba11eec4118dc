/** People or groups of an API file as a resource of a manifest, with what the file does not say as questions. */
import { type Operation, success } from '../openapi/document.ts'
import { type Shape, UNKNOWN } from '../openapi/shape.ts'
import { listIn, objectIn } from './answers.ts'
import { type ProposedAttributes, proposeAttributes } from './attributes.ts'
import { type Collection, placed } from './collection.ts'
import { lookupsOf } from './lookups.ts'
import { paging, requiredValue } from './membership.ts'
import { proposePager } from './pager.ts'
import * as questions from './questions.ts'
import { proposeSwitch } from './switch.ts'
import { CREATED, DEAD_FLAG, fold, type Kind, MODIFIED, SECRET, STATE, singular } from './words.ts'

export type Json = Readonly<Record<string, unknown>>

export interface ProposedResource {
  readonly resource: Json
  readonly attributes: ProposedAttributes
  /** What a read shows, and how a change of one member is sent. */
  readonly shown: Shape
  readonly item: string
  readonly update: (body: Json) => Json | undefined
}

export function proposeResource(
  kind: Kind,
  operations: readonly Operation[],
  collection: Collection,
  curl: questions.Curl,
  note: (settings: readonly string[]) => void,
): ProposedResource {
  const { list, get, create, update, remove, idParameter } = collection
  const pathOf = ({ path }: Operation): string => {
    const found = placed(path, { [idParameter]: 'id' })
    note(found.settings)
    return found.path
  }
  const request = (operation: Operation, json?: unknown): Json => ({
    method: operation.method,
    path: pathOf(operation),
    ...(json !== undefined && { body: bodyOf(operation, json) }),
  })
  const one = objectIn(get && success(get)?.shape)
  const found = listIn(success(list)?.shape)
  const shown = has(one.shape) ? one.shape : (found?.item ?? UNKNOWN)
  const into = { create: objectIn(create?.body.shape), update: objectIn(update?.body.shape) }
  const taken = { create: into.create.shape, update: into.update.shape }
  const id = idIn(shown, idParameter, list)
  const attributes = proposeAttributes(kind, shown, taken, id)
  const wrapped = (body: unknown, wrapper: string) =>
    wrapper === '' ? body : { [wrapper.slice(1)]: body }
  const change = (body: Json): Json | undefined =>
    update && {
      ...request(update),
      body: bodyOf(update, wrapped(body, into.update.item)),
    }
  const turn = proposeSwitch(collection, { shown, taken, request, update: change })
  const paged = proposePager(list, id.id)
  const whole = {
    ...request(list),
    ...(Object.keys(paged.query).length > 0 && { query: paged.query }),
  }
  const isPartial = found !== undefined && has(found.item) && lacks(found.item, attributes, turn)
  const [created, modified] = [CREATED, MODIFIED].map((word) =>
    Object.keys(shown.properties).find((name) => word.test(fold(name))),
  )
  const dead = Object.entries(shown.properties).find(
    ([name, inner]) => inner.type === 'boolean' && DEAD_FLAG.test(fold(name)),
  )?.[0]
  const idType = shown.properties[id.id.slice(1)]?.type
  const asks = { kind, curl, list, get, create, naming: attributes.naming }
  const resource: Json = {
    id: id.id,
    ...((idType === 'integer' || idType === 'number') && { idType: 'number' }),
    ...(created && { fingerprint: `/${created}`, createdAt: `/${created}` }),
    ...(modified && { modifiedAt: `/${modified}` }),
    ...(dead !== undefined && { absentWhen: [{ at: `/${dead}`, equals: true }] }),
    idsReused: questions.idsReused(asks, created !== undefined),
    attributes:
      Object.keys(attributes.attributes).length > 0
        ? attributes.attributes
        : { '?': questions.attributes(asks) },
    naming: attributes.naming ?? questions.naming(asks),
    mapping:
      Object.keys(attributes.mapping).length > 0 ? attributes.mapping : questions.mapping(kind),
    get: get
      ? { ...request(get), ...(one.item !== '' && { item: one.item }) }
      : { method: 'GET', path: questions.getPath(asks) },
    list: {
      ...(turn || paged.pager['kind'] === 'none'
        ? {
            '?': questions.list(
              asks,
              turn !== undefined,
              paged.pager['kind'] === 'none',
              statesOf(list),
            ),
          }
        : {}),
      ...whole,
      ...(found ? found.items !== '' && { items: found.items } : { items: questions.items(asks) }),
      ...paging(paged),
      ...(isPartial && { partial: true }),
    },
    lookups: lookupsOf({ operations, collection, attributes, paged, request, isPartial, asks }),
    ...(turn ? { active: turn.active } : kind === 'User' && { active: questions.noSwitch(asks) }),
    ...(create && { create: createOf(create, into.create.item, turn?.inCreate) }),
    ...(update && {
      update: {
        ...request(update, attributesOf(update, into.update.item)),
        ...(update.method === 'PUT' && { send: questions.send(asks, update) }),
        ...returnsOf(success(update)?.shape, one.item, 'nothing'),
      },
    }),
    ...(remove && { remove: { ...request(remove), kind: questions.remove(asks, remove) } }),
  }
  const said = [turn?.active['at'], created && `/${created}`, modified && `/${modified}`]
  const unused = attributes.unused.filter((name) => !said.includes(`/${name}`))
  return {
    resource,
    attributes: { ...attributes, unused },
    shown,
    item: one.item,
    update: change,
  }

  /** Where the call takes them: `{ "user": {attributes} }`, or a field each in a form. */
  function attributesOf(operation: Operation, wrapper: string, more: Json = {}): unknown {
    if (operation.body.kind === 'form') {
      const fields = Object.keys(attributes.attributes).map((name) => [
        name,
        `{attributes.${name}}`,
      ])
      return { ...Object.fromEntries(fields), ...more }
    }
    const isPlain = Object.keys(more).length === 0
    return wrapped(isPlain ? '{attributes}' : { '...': '{attributes}', ...more }, wrapper)
  }

  function createOf(operation: Operation, wrapper: string, onWord: string | undefined): Json {
    const required = attributes.unfilled.filter((name) => name !== onWord)
    const secrets = Object.keys(taken.create.properties).filter(
      (name) =>
        /^passw(or)?d(confirm(ation)?)?$|^passwd$/.test(fold(name)) && required.includes(name),
    )
    const more: Record<string, unknown> = {
      ...(onWord !== undefined && { [onWord]: '{active}' }),
      ...Object.fromEntries(secrets.map((name) => [name, '{password}'])),
      ...Object.fromEntries(
        required
          .filter((name) => !secrets.includes(name))
          .map((name) => [name, requiredValue(name, taken.create.properties[name])]),
      ),
    }
    const optional = Object.keys(taken.create.properties).filter(
      (name) => SECRET.test(fold(name)) && !secrets.includes(name),
    )
    const guesses = [
      ...(optional.length > 0 && kind === 'User' ? [questions.optionalSecrets(optional)] : []),
    ]
    return {
      ...(guesses.length > 0 && { '?': guesses }),
      ...request(operation, attributesOf(operation, wrapper, more)),
      ...returnsOf(
        success(operation)?.shape,
        one.item,
        questions.returns(asks, operation),
        operation,
      ),
      rules: [questions.duplicate(asks, operation)],
    }
  }

  function returnsOf(
    shape: Shape | undefined,
    item: string,
    otherwise: unknown,
    operation?: Operation,
  ): Json {
    const answer = objectIn(shape)
    const key = id.id.slice(1)
    if (has(answer.shape) && Object.hasOwn(answer.shape.properties, key)) {
      const names = Object.keys(answer.shape.properties)
      const isWhole = attributes.naming === undefined || names.includes(attributes.naming)
      if (!isWhole) return operation ? { returns: { id: `${answer.item}/${key}` } } : {}
      return { returns: answer.item === item ? 'object' : { item: answer.item } }
    }
    const ids = Object.keys(answer.shape.properties).filter((name) => /id$/.test(fold(name)))
    if (operation && ids.length === 1) return { returns: { id: `${answer.item}/${ids[0]}` } }
    if (operation && success(operation)?.headers.includes('location'))
      return { returns: 'location' }
    return { returns: otherwise }
  }
}

const has = (shape: Shape) => Object.keys(shape.properties).length > 0

function bodyOf(operation: Operation, json: unknown): unknown {
  switch (operation.body.kind) {
    case 'form':
      return { form: json }
    case 'json':
      return { json }
    case 'other':
      return has(operation.body.shape) ? questions.body(operation) : { json }
  }
}

/** The native id by the name of the path's parameter, else by what ids are called. */
function idIn(
  shown: Shape,
  parameter: string,
  list: Operation,
): { readonly id: string; readonly idIsName: boolean } {
  const names = Object.keys(shown.properties)
  const noun = singular(
    fold(
      list.path
        .split('/')
        .at(-1)
        ?.replace(/\.\w+$/, '') ?? '',
    ),
  )
  // `/users/{username}`: the path takes the name, whatever the object calls it.
  const isNamed = /^(user|login|account|group|team)?name$|^login$/.test(fold(parameter))
  const wanted = [
    fold(parameter),
    ...(isNamed ? ['username', 'login', 'loginname', 'name'] : []),
    'id',
    `${noun}id`,
    'uuid',
    'guid',
    `${noun}no`,
    'key',
    'name',
    'login',
  ]
  const name = wanted
    .map((word) => names.find((one) => fold(one) === word))
    .find((one) => one !== undefined)
  if (name === undefined) return { id: questions.id(list), idIsName: false }
  return { id: `/${name}`, idIsName: /name|login|mail|key/.test(fold(name)) }
}

/** True where the list shows less of a person than a read of one does. */
function lacks(
  item: Shape,
  { attributes }: ProposedAttributes,
  turn: { readonly active: Json } | undefined,
): boolean {
  const tops = [
    ...Object.entries(attributes).map(([name, spec]) => String(spec['at'] ?? `/${name}`)),
    ...(typeof turn?.active['at'] === 'string' ? [turn.active['at']] : []),
  ]
  return tops.some((at) => {
    const [first = ''] = at.slice(1).split('/')
    return at.startsWith('/') && !Object.hasOwn(item.properties, first)
  })
}

function statesOf({ parameters }: Operation): string[] {
  return parameters
    .filter((one) => one.in === 'query' && STATE.test(fold(one.name)))
    .map(
      ({ name, shape }) =>
        `${name}${shape.values.length > 0 ? ` (${shape.values.join(', ')})` : ''}`,
    )
}
