/** Which paths of an API are those of people, and which those of groups. */
import { type ApiDocument, type Operation, success } from '../openapi/document.ts'
import { listIn } from './answers.ts'
import { fold, type Kind, NOUNS, pairsOf, singular } from './words.ts'

export interface Collection {
  readonly list: Operation
  /** `/users/{id}`, with the parameter that is the id. */
  readonly idParameter: string
  readonly get: Operation | undefined
  readonly create: Operation | undefined
  readonly update: Operation | undefined
  readonly remove: Operation | undefined
  /** Calls about one object that lie below it. */
  readonly below: readonly Operation[]
}

const EXTENSION = /\.(json|xml|php)$/
const parametersIn = (path: string): string[] =>
  [...path.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => name)
const lastPart = (path: string): string => path.split('/').at(-1) ?? ''
const parent = (path: string): string => path.slice(0, path.lastIndexOf('/'))
const isPlaceholder = (part: string) => /^\{[^}]+\}(\.\w+)?$/.test(part)
const nounOf = (path: string) => fold(lastPart(path).replace(EXTENSION, ''))

export function findCollection({ operations }: ApiDocument, kind: Kind): Collection | undefined {
  const nouns: readonly string[] = NOUNS[kind]
  const [best] = operations
    .filter(({ method, path }) => method === 'GET' && nouns.includes(nounOf(path)))
    .map((list) => ({ list, found: collect(operations, list) }))
    .map(({ list, found }) => ({ found, score: score(kind, list, found) }))
    .sort((a, b) => b.score - a.score)
  return best?.found
}

function score(kind: Kind, list: Operation, { get, create, update, remove }: Collection): number {
  const names = Object.keys(listIn(success(list)?.shape)?.item.properties ?? {}).map(fold)
  const known = pairsOf(kind).filter(([, words]) => words.some((word) => names.includes(word)))
  const verbs = [get, create, update, remove].filter((one) => one !== undefined).length
  const nouns: readonly string[] = NOUNS[kind]
  return (
    verbs * 4 +
    known.length * 2 -
    nouns.indexOf(nounOf(list.path)) -
    // `/projects/{id}/users` are somebody's users.
    parametersIn(list.path).length * 6 -
    list.path.split('/').length
  )
}

function collect(operations: readonly Operation[], list: Operation): Collection {
  const noun = nounOf(list.path)
  const names = [noun, singular(noun)]
  const isItem = ({ path }: Operation) =>
    isPlaceholder(lastPart(path)) && names.includes(nounOf(parent(path)))
  const near = (a: Operation) => (parent(a.path) === list.path.replace(EXTENSION, '') ? 0 : 1)
  const items = operations
    .filter(isItem)
    .sort((a, b) => near(a) - near(b) || a.path.length - b.path.length)
  const item = items[0]
  const at = (method: Operation['method']) =>
    items.find((one) => one.method === method && one.path === item?.path) ??
    items.find((one) => one.method === method)
  const creates = operations.filter(
    ({ method, path }) =>
      method === 'POST' &&
      (names.includes(nounOf(path)) ||
        (/^(new|create|add)$/.test(lastPart(path)) && names.includes(nounOf(parent(path))))) &&
      parametersIn(path).length <= parametersIn(list.path).length,
  )
  const base = item?.path.replace(EXTENSION, '')
  return {
    list,
    idParameter: parametersIn(item?.path ?? '').at(-1) ?? 'id',
    get: at('GET'),
    create: creates.find(({ path }) => path === list.path) ?? creates[0],
    update: at('PATCH') ?? patchBelow(operations, base) ?? at('PUT'),
    remove: at('DELETE'),
    below: operations.filter(({ path }) => items.some((one) => isBelow(path, one.path))),
  }
}

const isBelow = (path: string, item: string) => path.startsWith(`${item.replace(EXTENSION, '')}/`)

/** Some apps have a partial update beside the PUT that replaces: `PUT /users/{id}/patch`. */
function patchBelow(operations: readonly Operation[], item: string | undefined) {
  return operations.find(
    ({ method, path }) => item !== undefined && method !== 'GET' && path === `${item}/patch`,
  )
}

/** `/users/{user_id}` as a manifest writes it; parameters before the id are settings. */
export function placed(
  path: string,
  names: Readonly<Record<string, string>>,
): { readonly path: string; readonly settings: readonly string[] } {
  const settings: string[] = []
  const text = path.replace(/\{([^}]+)\}/g, (_, name: string) => {
    const known = names[name]
    if (known !== undefined) return `{${known}}`
    const setting = name.replace(/[^A-Za-z0-9_-]/g, '_')
    settings.push(setting)
    return `{config.${setting}}`
  })
  return { path: text, settings }
}
