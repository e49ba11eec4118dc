/** The list that an answer holds. */
import type { HttpResponse } from '../http.ts'
import { getAt, partAt } from './pointer.ts'

/**
 * XML says no difference between one element and a list of one, nor between none and an empty list:
 * there, one is a list, and none is an empty list where what should hold them is there.
 *
 * @throws {AdapterFailure} where the answer holds no list
 */
export function itemsAt(response: HttpResponse, pointer: string): readonly unknown[] {
  const { json, body } = response
  const found = partAt(json, pointer)
  if (Array.isArray(found)) return found
  if (body !== 'xml') throw response.misunderstood()
  if (found !== undefined && found !== null) return [found]
  const holder = pointer.slice(0, pointer.lastIndexOf('/'))
  // The whole holds whatever came: another document than the one expected is no empty list.
  if (holder === '' || getAt(json, holder) === undefined) throw response.misunderstood()
  return []
}
