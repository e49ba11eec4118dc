/** How people or groups of an API file are looked up, as requests of a manifest. */
import { type Operation, success } from '../openapi/document.ts'
import { objectIn } from './answers.ts'
import type { ProposedAttributes } from './attributes.ts'
import type { Collection } from './collection.ts'
import type { ProposedPager } from './pager.ts'
import * as questions from './questions.ts'
import type { Json } from './resource.ts'
import { fold, SEARCH } from './words.ts'

interface LookupContext {
  readonly operations: readonly Operation[]
  readonly collection: Collection
  readonly attributes: ProposedAttributes
  readonly paged: ProposedPager
  readonly request: (operation: Operation) => Json
  readonly isPartial: boolean
  readonly asks: questions.About
}

export function lookupsOf({
  operations,
  collection,
  attributes,
  paged,
  request,
  isPartial,
  asks,
}: LookupContext): unknown[] {
  const { list } = collection
  const { naming, mapping } = attributes
  const mail = mapping['emails[type eq "work"].value']
  const wanted = [naming, mail].filter((one): one is string => typeof one === 'string')
  const parameters = list.parameters.filter((one) => one.in === 'query')
  const general = parameters.find((one) => SEARCH.test(fold(one.name)) && fold(one.name) !== 'name')
  const lookup = (attribute: string, parameter: string, isExact: boolean): Json => ({
    attribute,
    ...request(list),
    query: { ...paged.query, [parameter]: '{value}' },
    ...(isPartial && { partial: true }),
    ...questions.lookup(asks, attribute, parameter, isExact),
  })
  const found = wanted.flatMap((attribute) => {
    const last = String(attributes.attributes[attribute]?.['at'] ?? attribute)
      .split('/')
      .at(-1)
    const own = parameters.find((one) => fold(one.name) === fold(last ?? ''))
    if (own) return [lookup(attribute, own.name, true)]
    const single = byPath(operations, list, last ?? '')
    if (single) return [singleLookup(single, attribute, asks)]
    return general ? [lookup(attribute, general.name, false)] : []
  })
  const isWhole = paged.pager['kind'] === 'none'
  if (found.length > 0) return found
  if (naming === undefined) return [questions.noLookup(asks)]
  // A list that shows everybody at once is a search that is not exact.
  if (isWhole) {
    return [
      {
        attribute: naming,
        ...request(list),
        ...(Object.keys(paged.query).length > 0 && { query: paged.query }),
        ...(isPartial && { partial: true }),
        exact: false,
        caseExact: false,
        includesInactive: questions.wholeIncludes(asks),
        lagMs: 0,
      },
    ]
  }
  return [questions.noLookup(asks)]
}

/** `GET /users/username/{username}`: one person, by something that is not the id. */
function byPath(
  operations: readonly Operation[],
  list: Operation,
  attribute: string,
): Operation | undefined {
  const base = list.path.replace(/\.\w+$/, '')
  return operations.find(({ method, path }) => {
    const [, segment, parameter] = /^\/([^/{}]+)\/\{([^{}]+)\}$/.exec(path.slice(base.length)) ?? []
    if (method !== 'GET' || !path.startsWith(base) || segment === undefined) return false
    const word = fold(segment).replace(/^by/, '')
    return word === fold(attribute) || fold(parameter ?? '') === fold(attribute)
  })
}

function singleLookup(operation: Operation, attribute: string, asks: questions.About): Json {
  const path = operation.path.replace(/\{[^{}]+\}$/, '{value}')
  return {
    attribute,
    method: 'GET',
    path,
    item: objectIn(success(operation)?.shape).item,
    ...questions.singleLookup(asks, attribute, path),
  }
}
