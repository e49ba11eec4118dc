/** The characters of a filter (RFC 7644 §3.4.2.2, figure 1): a cursor that reads one token a call. */
import { ScimError, type ScimType } from './error.ts'
import { isPlainText } from './json.ts'

export type Token =
  /** A JSON literal, with its text as written. */
  | {
      readonly kind: 'json'
      readonly value: string | number | boolean | null
      readonly text: string
    }
  /** Something unquoted that is no JSON. */
  | { readonly kind: 'bare'; readonly text: string }

/** RFC 8259 §6. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

export class FilterText {
  readonly #text: string
  #at: number

  constructor(text: string, at = 0) {
    this.#text = text
    this.#at = at
  }

  get at(): number {
    return this.#at
  }

  get ended(): boolean {
    this.#skipSpace()
    return this.#at >= this.#text.length
  }

  /** Takes the character if it comes next, white space aside. */
  take(character: string): boolean {
    this.#skipSpace()
    if (this.#text[this.#at] !== character) return false
    this.#at += 1
    return true
  }

  /** Takes the character if it comes next without any white space. */
  takeAdjacent(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at += 1
    return true
  }

  /** Takes the keyword, in any letter case, if it is the next word. */
  takeKeyword(keyword: string): boolean {
    this.#skipSpace()
    const start = this.#at
    if (!this.#startsLike(keyword)) return false
    if (this.word().toLowerCase() === keyword) return true
    this.#at = start
    return false
  }

  /** `not` is a keyword only before a parenthesis: an attribute may have that name. */
  takeNot(): boolean {
    this.#skipSpace()
    const start = this.#at
    if (!this.#startsLike('not')) return false
    if (this.word().toLowerCase() === 'not' && this.take('(')) return true
    this.#at = start
    return false
  }

  /** By the first letter, so that most words need not be cut out to be refused. */
  #startsLike(keyword: string): boolean {
    return (this.#text.charCodeAt(this.#at) | 0x20) === keyword.charCodeAt(0)
  }

  /** The next word without taking it. */
  peekWord(): string {
    const start = this.#at
    const word = this.word()
    this.#at = start
    return word
  }

  /** Up to white space, a quote, a parenthesis or a bracket; "" where none starts here. */
  word(): string {
    this.#skipSpace()
    const text = this.#text
    const start = this.#at
    let at = start
    while (at < text.length && !endsWord(text.charCodeAt(at))) at += 1
    this.#at = at
    return text.slice(start, at)
  }

  literal(): Token | undefined {
    this.#skipSpace()
    if (this.#text[this.#at] === '"') return this.#string()
    const text = this.word()
    if (text === '') return undefined
    if (text === 'true' || text === 'false') return { kind: 'json', value: text === 'true', text }
    if (text === 'null') return { kind: 'json', value: null, text }
    const number = NUMBER.test(text) ? Number(text) : Number.NaN
    return Number.isFinite(number) ? { kind: 'json', value: number, text } : { kind: 'bare', text }
  }

  #string(): Token {
    const start = this.#at
    let escaped = false
    const all = this.#text
    for (let at = start + 1; at < all.length; at += 1) {
      const code = all.charCodeAt(at)
      if (code === 0x5c) {
        escaped = true
        at += 1
      } else if (code === 0x22) {
        this.#at = at + 1
        const text = all.slice(start + 1, at)
        return { kind: 'json', value: escaped ? this.#unescape(start, text) : text, text }
      }
    }
    throw this.expected('a closing quote for the string', start)
  }

  #unescape(start: number, text: string): string {
    let string: string
    try {
      string = JSON.parse(`"${text}"`)
    } catch {
      throw this.expected('a JSON string (a backslash is written as \\\\)', start)
    }
    if (isPlainText(string)) return string
    throw this.expected('characters: no NUL, and no half of a surrogate pair', start)
  }

  #skipSpace(): void {
    const text = this.#text
    let at = this.#at
    while (at < text.length && isSpace(text.charCodeAt(at))) at += 1
    this.#at = at
  }

  /** The error that says where the text went wrong and what should have stood there. */
  expected(what: string, at = this.#at, scimType: ScimType = 'invalidFilter'): ScimError {
    while (isSpace(this.#text.charCodeAt(at))) at += 1
    const found = describe(this.#text.slice(at, at + 1))
    return new ScimError(scimType, `At position ${at + 1}: expected ${what}, found ${found}.`)
  }
}

/** Not the words themselves: what a filter compares with is a person's, and clients log errors. */
function describe(next: string): string {
  if (next === '') return 'the end'
  if (next === '"') return 'a string'
  return /[\w$]/.test(next) ? 'another word' : `"${next}"`
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}

function endsWord(code: number): boolean {
  // space " ( ) [ ]
  return (
    isSpace(code) ||
    code === 0x22 ||
    code === 0x28 ||
    code === 0x29 ||
    code === 0x5b ||
    code === 0x5d
  )
}
