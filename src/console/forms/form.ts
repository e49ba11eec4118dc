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

/** `LastDay`, to the end of that day in UTC; nothing where none was given. */
export function lastDayIn(form: Form): { readonly expiresAt?: string } {
  const day = form.given('expiresAt')
  return day === undefined ? {} : { expiresAt: `${day}T23:59:59Z` }
}

/** Of these, those that were entered. */
export function secretsIn(form: Form, names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = form.given(`secrets.${name}`)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

/** Of a field that takes several: one a line. */
export const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
