/**
 * JSON of a request body, with what `JSON.parse` lets pass: a name given twice in one object
 * (RFC 8259 §4 leaves the outcome open, so two readers may see two different requests), and
 * nesting deep enough to exhaust a stack.
 */
import { ScimError } from './error.ts'
import type { Json } from './schema.ts'

/** A Bulk request around a PATCH around an element is ten deep. */
const MAX_DEPTH = 32

/** @throws {ScimError} `invalidSyntax` saying what is wrong with the text */
export function parseJson(text: string): Json {
  let value: Json
  try {
    value = JSON.parse(text)
  } catch {
    throw new ScimError('invalidSyntax', 'The body is not JSON.')
  }
  checkStructure(text)
  return value
}

/** One pass over text that is known to be JSON; only strings and brackets matter. */
function checkStructure(text: string): void {
  /** Names of each open object, undefined for an open array. */
  const open: (Set<string> | undefined)[] = []
  let isName = false
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case '{':
      case '[':
        isName = text[i] === '{'
        open.push(isName ? new Set() : undefined)
        if (open.length > MAX_DEPTH) {
          throw new ScimError('invalidSyntax', `The body nests deeper than ${MAX_DEPTH} levels.`)
        }
        break
      case '}':
      case ']':
        open.pop()
        isName = false
        break
      case ',':
        isName = open.at(-1) !== undefined
        break
      case '"': {
        const start = i
        for (i++; text[i] !== '"'; i++) if (text[i] === '\\') i++
        const names = open.at(-1)
        if (isName && names) {
          const name = JSON.parse(text.slice(start, i + 1)) as string
          if (names.has(name)) {
            throw new ScimError('invalidSyntax', `The body gives "${name}" twice in one object.`)
          }
          names.add(name)
        }
        isName = false
        break
      }
    }
  }
}
