/** What a command takes, as its own help says: completion and its test go by that one description. */
import type { Command } from '../command.ts'

export interface Option {
  /** With its dashes. */
  readonly name: string
  readonly takesValue: boolean
}

export interface Described {
  readonly name: string
  readonly summary: string
  /** Of a command that is a noun: what can be done. */
  readonly verbs: readonly string[]
  readonly options: readonly Option[]
}

export function describe(
  name: string,
  { summary, help }: Pick<Command, 'summary' | 'help'>,
): Described {
  const usage = new RegExp(`^npx postern ${name} ([a-z][a-z-]*)(?=[ \\n]|$)`, 'gm')
  const verbs = new Set([...help.matchAll(usage)].flatMap(([, verb]) => verb ?? []))
  const options = new Map<string, Option>()
  // A line for each option, or for some of them: `--csv, --ndjson  ...`, `--url URL  ...`.
  for (const [, line = ''] of help.matchAll(/^ {2}(--[a-z].*)$/gm)) {
    const [head = ''] = line.split(/ {2,}| (?=[a-z(])/)
    for (const part of head.split(/, | \| /)) {
      const [option = '', value] = part.split(/[ =]/)
      if (option.startsWith('--'))
        options.set(option, { name: option, takesValue: value !== undefined })
    }
  }
  return { name, summary, verbs: [...verbs], options: [...options.values()] }
}
