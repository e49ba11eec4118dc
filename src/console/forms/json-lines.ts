/** On which line of a JSON text a member stands, and where a text stops being JSON. Pure. */
import type { Json } from '../../scim/schema.ts'

export interface JsonFault {
  /** From 1. */
  readonly line: number
  readonly message: string
}

export type ReadJson =
  | { readonly ok: true; readonly value: Json; readonly lines: JsonLines }
  | { readonly ok: false; readonly fault: JsonFault }

/** Deeper than anything that is taken here, and not so deep that reading it ends the stack. */
const MAX_DEPTH = 100

class JsonLines {
  readonly #lines: ReadonlyMap<string, number>

  /** @param lines by path: names and positions, joined by dots */
  constructor(lines: ReadonlyMap<string, number>) {
    this.#lines = lines
  }

  /** Of the member, or of the nearest one around it. */
  of(path: string): number {
    for (let at = path; at !== ''; at = at.includes('.') ? at.slice(0, at.lastIndexOf('.')) : '') {
      const line = this.#lines.get(at)
      if (line !== undefined) return line
    }
    return 1
  }
}

export function readJsonLines(text: string): ReadJson {
  const lines = new Map<string, number>()
  let at = 0
  let line = 1

  class Wrong extends Error {}

  function blanks(): void {
    for (; at < text.length; at++) {
      const char = text[at]
      if (char === '\n') line += 1
      else if (char !== ' ' && char !== '\t' && char !== '\r') return
    }
  }

  function expect(char: string, before: string): void {
    if (text[at] !== char) throw new Wrong(`a ${before} is missing here: “${char}”`)
    at += 1
  }

  /** A string, a number or a word, as `JSON.parse` takes it. */
  function simple(what: string): unknown {
    const pattern = /"(?:[^"\\\n]|\\.)*"|-?[\d.eE+-]+|[a-z]+/y
    pattern.lastIndex = at
    const [found = ''] = pattern.exec(text) ?? []
    try {
      const value: unknown = JSON.parse(found)
      at += found.length
      return value
    } catch {
      throw new Wrong(text[at] === '"' ? 'a text does not end, or is not valid' : what)
    }
  }

  function members(path: string, depth: number): void {
    at += 1
    blanks()
    const names = new Set<unknown>()
    if (text[at] === '}') {
      at += 1
      return
    }
    for (;;) {
      blanks()
      if (text[at] !== '"') throw new Wrong('a name in double quotes is expected here')
      const name = simple('a name is expected here')
      if (names.has(name)) throw new Wrong(`“${name}” stands twice in one object`)
      names.add(name)
      const here = path === '' ? `${name}` : `${path}.${name}`
      lines.set(here, line)
      blanks()
      expect(':', 'colon')
      value(here, depth)
      blanks()
      if (text[at] === '}') break
      expect(',', 'comma')
    }
    at += 1
  }

  function elements(path: string, depth: number): void {
    at += 1
    blanks()
    if (text[at] === ']') {
      at += 1
      return
    }
    for (let index = 0; ; index++) {
      blanks()
      const here = path === '' ? `${index}` : `${path}.${index}`
      lines.set(here, line)
      value(here, depth)
      blanks()
      if (text[at] === ']') break
      expect(',', 'comma')
    }
    at += 1
  }

  function value(path: string, depth: number): void {
    if (depth > MAX_DEPTH) throw new Wrong(`nests deeper than ${MAX_DEPTH} levels`)
    blanks()
    if (text[at] === '{') members(path, depth + 1)
    else if (text[at] === '[') elements(path, depth + 1)
    else simple(at < text.length ? 'no value of JSON begins here' : 'the text ends too early')
  }

  try {
    value('', 0)
    blanks()
    if (at < text.length) throw new Wrong('something follows behind the end')
    return { ok: true, value: JSON.parse(text), lines: new JsonLines(lines) }
  } catch (error) {
    const message = error instanceof Wrong ? error.message : 'the text is no JSON'
    return { ok: false, fault: { line, message } }
  }
}
