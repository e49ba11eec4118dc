/** Which pager a list has, by the names of its parameters and of what it answers with. */
import { type Operation, type Parameter, success } from '../openapi/document.ts'
import { isUrl, nextIn, totalIn } from './answers.ts'
import { AFTER, CURSOR, fold, HIDDEN, OFFSET, PAGE, SIZE } from './words.ts'

type Json = Readonly<Record<string, unknown>>

export interface ProposedPager {
  /** What the request places, by parameter. */
  readonly query: Readonly<Record<string, string | boolean>>
  readonly pager: Json
  readonly maxPage?: unknown
}

/** @param id where in an item its id is: what a keyset goes by */
export function proposePager(list: Operation, id: string): ProposedPager {
  const found = (word: RegExp) =>
    list.parameters.find((one) => one.in === 'query' && word.test(fold(one.name)))
  const answer = success(list)
  const { next, more } = nextIn(answer?.shape)
  const total = totalIn(answer?.shape)
  const size = found(SIZE)
  const place = (parameter: Parameter | undefined, name: string) =>
    parameter && { [parameter.name]: `{${name}}` }
  const shown = Object.fromEntries(
    list.parameters
      .filter((one) => one.in === 'query' && HIDDEN.test(fold(one.name)))
      .filter((one) => one.shape.type === 'boolean')
      .map((one) => [one.name, true]),
  )
  const made = (pager: Json, parameter?: Parameter, name = ''): ProposedPager => ({
    query: { ...place(parameter, name), ...place(size, 'limit'), ...shown },
    pager,
    ...(pager['kind'] !== 'none' && { maxPage: maxPageOf(size) }),
  })
  const cursor = found(CURSOR) ?? (next && found(AFTER))
  if (cursor && next && !isUrl(next)) {
    return made({ kind: 'cursor', next: next.at, ...(more && { more }) }, cursor, 'cursor')
  }
  if (cursor) {
    const ask = `? Where in the answer of ${list.path} is what "${cursor.name}" takes to go on? Write the pointer, such as "/meta/next"`
    return made({ kind: 'cursor', next: ask }, cursor, 'cursor')
  }
  const page = found(PAGE)
  if (page && size) {
    const first = firstOf(page)
    return made(
      { kind: 'page', ...(first !== 1 && { first }), ...(total && { total }) },
      page,
      'page',
    )
  }
  const offset = found(OFFSET)
  if (offset && size) {
    const first = fold(offset.name) === 'startindex' ? { first: 1 } : {}
    return made({ kind: 'offset', ...first, ...(total && { total }) }, offset, 'offset')
  }
  const after = found(AFTER)
  if (after) return made({ kind: 'keyset', key: id }, after, 'after')
  if (next && isUrl(next)) return made({ kind: 'link', next: next.at })
  if (answer?.headers.includes('link')) return made({ kind: 'link' })
  return { query: shown, pager: { kind: 'none' } }
}

function firstOf({ shape, description, name }: Parameter): number | string {
  if (shape.minimum === 0 || shape.default === 0) return 0
  if (shape.minimum === 1 || shape.default === 1) return 1
  const text = `${description} ${shape.description}`.toLowerCase()
  if (/zero[- ]based|(starts?|begins?) (at|from|with) 0|0[- ]based/.test(text)) return 0
  return `? Which number has the first page? Ask for ${name}=0 and for ${name}=1: write 0 if both differ, 1 if both are the same`
}

function maxPageOf(size: Parameter | undefined): number | string {
  const most = size?.shape.maximum
  if (most !== undefined) return Math.min(most, 1_000)
  const text = `${size?.description ?? ''} ${size?.shape.description ?? ''}`
  const [, stated] = /(?:max(?:imum)?|up to|at most)[^0-9]{0,12}(\d{2,4})/i.exec(text) ?? []
  if (stated !== undefined) return Math.min(Number(stated), 1_000)
  const name = size === undefined ? 'page' : `${size.name}=1000`
  return `? How many objects does one page hold at most? Ask for ${name} and count what comes; write the number, 100 if nobody has so many`
}
