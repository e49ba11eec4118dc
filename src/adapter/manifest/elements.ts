/**
 * An attribute that is some of the elements of a list, such as those of one type. The app takes the
 * list as a whole, so what is not ours goes back as it came.
 */
import { meets } from './judge.ts'
import { getAt, putAt } from './pointer.ts'
import type { AttributeDeclaration } from './resource-schema.ts'
import { fillJson, type Values } from './template.ts'

type Part = Pick<AttributeDeclaration, 'where' | 'each' | 'element'>

/** What our elements of the list hold, in the app's own form. */
export function valuesOf(part: Part, list: unknown): unknown[] {
  return [list].flat().flatMap((element) => (isOurs(part, element) ? heldBy(part, element) : []))
}

/**
 * The list with these values. An element that keeps its values stays as it is; one that loses some
 * takes new ones in their place, with all else that it holds; the last of it gone, it goes.
 */
export function elementsWith(
  part: Part,
  list: unknown,
  wanted: readonly unknown[],
  config: Values,
): unknown[] {
  const elements = [list ?? []].flat()
  const held = new Set(valuesOf(part, elements))
  const fresh = wanted.filter((value) => !held.has(value))
  const kept = elements.flatMap((element) => {
    if (!isOurs(part, element)) return [element]
    const values = heldBy(part, element)
    const stay = values.filter((value) => wanted.includes(value))
    if (stay.length === values.length) return [element]
    const next = [...stay, ...fresh.splice(0, values.length - stay.length)]
    return next.length > 0 ? [holding(part, element, next)] : []
  })
  return [...kept, ...fresh.map((value) => fillJson(part.element, { config, value }))]
}

function isOurs({ where = [] }: Part, element: unknown): boolean {
  return typeof element === 'object' && element !== null && meets(where, element)
}

/** One element may hold several. */
function heldBy({ each = '' }: Part, element: unknown): unknown[] {
  return [getAt(element, each) ?? []].flat()
}

function holding({ each = '' }: Part, element: object, values: readonly unknown[]): unknown {
  const copy = structuredClone(element) as Record<string, unknown>
  putAt(copy, each, Array.isArray(getAt(element, each)) ? values : values[0])
  return copy
}
