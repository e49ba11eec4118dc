/**
 * JSON of a request body, with what `JSON.parse` lets pass: a name given twice in one object
 * (RFC 8259 §4 leaves the outcome open, so two readers may see two different requests), nesting deep
 * enough to exhaust a stack, more values than any request needs, and text that is none.
 */
import { ScimError } from './error.ts'
import { MAX_DEPTH, MAX_NAMES, MAX_VALUES } from './limits.ts'
import type { Json } from './schema.ts'

/** @throws {ScimError} `invalidSyntax` saying what is wrong with the text; 413 for too many values */
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

/**
 * True for text that every part of the way keeps as it is: a lone surrogate does not survive UTF-8
 * (RFC 7493 §2.1), and much behind us ends a string at NUL.
 */
export function isPlainText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

/** One pass over text that is known to be JSON; only strings, commas and brackets matter. */
function checkStructure(text: string): void {
  /** Names of each open object, undefined for an open array. */
  const open: (Set<string> | undefined)[] = []
  let isName = false
  let values = 0
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
        values += 1
        if (values >= MAX_VALUES) {
          throw new ScimError(
            413,
            `The body has more than ${MAX_VALUES} values. Send less at once.`,
          )
        }
        isName = open.at(-1) !== undefined
        break
      case '"': {
        const start = i
        let escaped = false
        for (i++; text[i] !== '"'; i++) {
          if (text[i] !== '\\') continue
          escaped = true
          i++
        }
        checkString(text, start, i + 1, escaped, isName ? open.at(-1) : undefined)
        isName = false
        break
      }
    }
  }
}

/** @param names of the object whose name it is; undefined: it is a value */
function checkString(
  text: string,
  start: number,
  end: number,
  escaped: boolean,
  names: Set<string> | undefined,
): void {
  if (!escaped && !names) return
  const string = escaped
    ? (JSON.parse(text.slice(start, end)) as string)
    : text.slice(start + 1, end - 1)
  if (escaped && !isPlainText(string)) {
    const detail = 'The body holds a character that is none: NUL, or half of a surrogate pair.'
    throw new ScimError('invalidSyntax', detail)
  }
  if (!names) return
  if (names.has(string)) {
    // Where, not what: a name may be anything, and clients log errors.
    const detail = `The body gives a name twice in one object: at position ${start + 1}, once more.`
    throw new ScimError('invalidSyntax', detail)
  }
  names.add(string)
  if (names.size > MAX_NAMES) {
    throw new ScimError(413, `An object of the body has more than ${MAX_NAMES} names. Send less.`)
  }
}
