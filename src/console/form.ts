/** A form as a browser sends it: texts by name. */
import type { Context } from 'hono'

export interface Form {
  /** '' where it is not there. */
  readonly text: (name: string) => string
  /** Undefined where it is not there, or empty. */
  readonly given: (name: string) => string | undefined
  /** Of fields of one name, those that are ticked or filled in. */
  readonly all: (name: string) => readonly string[]
}

export async function readForm(c: Context): Promise<Form> {
  const fields = new URLSearchParams(new TextDecoder().decode(await c.req.arrayBuffer()))
  const text = (name: string) => fields.get(name)?.replaceAll('\r\n', '\n') ?? ''
  return {
    text,
    given: (name) => text(name) || undefined,
    all: (name) => fields.getAll(name).filter((value) => value !== ''),
  }
}

/** Of a field that takes several: one a line. */
export const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
