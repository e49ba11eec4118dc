/** JSON as it stands in a field of a form. Pure. */
import type { Json } from '../../scim/schema.ts'

/** A text as it is, without quotes. */
export const textOf = (value: Json): string =>
  typeof value === 'string' ? value : JSON.stringify(value)

/** Undefined where it is no JSON. */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
