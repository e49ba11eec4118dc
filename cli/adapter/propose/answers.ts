/** Where in an answer the list, the object, the count and the next page are. */
import { type Shape, UNKNOWN } from '../openapi/shape.ts'
import { fold, MORE, NEXT, TOTAL } from './words.ts'

const MAX_DEPTH = 3

/** A member of a shape, with the JSON Pointer that leads to it; the nearest first. */
export function membersOf(
  shape: Shape,
  depth: number = MAX_DEPTH,
): readonly { readonly at: string; readonly name: string; readonly shape: Shape }[] {
  const own = Object.entries(shape.properties).map(([name, inner]) => ({
    at: `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
    name,
    shape: inner,
  }))
  if (depth <= 1) return own
  const deeper = own.flatMap((one) =>
    membersOf(one.shape, depth - 1).map((inner) => ({ ...inner, at: one.at + inner.at })),
  )
  return [...own, ...deeper]
}

export interface FoundList {
  readonly items: string
  readonly item: Shape
}

/** The list of objects in an answer; undefined where the file does not show one. */
export function listIn(shape: Shape | undefined): FoundList | undefined {
  if (!shape) return undefined
  if (shape.type === 'array') return { items: '', item: shape.items ?? UNKNOWN }
  const lists = membersOf(shape, 2).filter((one) => one.shape.type === 'array')
  const best =
    lists.find((one) => Object.keys(one.shape.items?.properties ?? {}).length > 0) ?? lists[0]
  return best && { items: best.at, item: best.shape.items ?? UNKNOWN }
}

/** The object in an answer, which may be wrapped: `{ "user": { ... } }`. */
export function objectIn(shape: Shape | undefined): {
  readonly item: string
  readonly shape: Shape
} {
  if (!shape) return { item: '', shape: UNKNOWN }
  const inner = Object.entries(shape.properties).filter(
    ([, one]) => Object.keys(one.properties).length > 1,
  )
  const [only] = inner
  // An object that has nothing but one object is a wrapper; with an id of its own it is the thing.
  const isWrapper = only && Object.keys(shape.properties).length <= 3 && !hasId(shape)
  if (inner.length === 1 && isWrapper) return { item: `/${only[0]}`, shape: only[1] }
  return { item: '', shape }
}

const hasId = (shape: Shape) =>
  Object.keys(shape.properties).some((name) => /^(id|uuid|guid|.*id|name|login)$/.test(fold(name)))

export function totalIn(shape: Shape | undefined): string | undefined {
  if (!shape) return undefined
  return membersOf(shape).find(
    (one) => TOTAL.test(fold(one.name)) && ['integer', 'number'].includes(one.shape.type),
  )?.at
}

export function nextIn(shape: Shape | undefined) {
  const members = shape ? membersOf(shape, 2) : []
  const next = members.find((one) => NEXT.test(fold(one.name)) && one.shape.type !== 'array')
  const leaf =
    next?.shape.type === 'object'
      ? membersOf(next.shape).map((one) => ({ ...one, at: next.at + one.at }))[0]
      : next
  return {
    next: leaf,
    more: members.find((one) => MORE.test(fold(one.name)) && one.shape.type === 'boolean')?.at,
  }
}

/** Is the text a whole URL by what the file says of it? */
export function isUrl({ shape, name }: { readonly shape: Shape; readonly name: string }): boolean {
  return (
    /^ur[il]/.test(shape.format) ||
    /\burl\b|\blink to\b/i.test(shape.description) ||
    /ur[il]$|link$/i.test(name)
  )
}
