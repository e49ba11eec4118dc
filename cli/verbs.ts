/** Commands that are a noun and a verb: `postern links import ...`. */
import { nearest, UsageError } from './command.ts'

export type Verbs = Readonly<Record<string, (args: readonly string[]) => Promise<number>>>

/** @throws {UsageError} where the first word is none of the verbs */
export function runVerb(
  command: string,
  verbs: Verbs,
  [verb, ...rest]: readonly string[],
): Promise<number> {
  const names = Object.keys(verbs)
  const run = verb !== undefined && Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
  if (run) return run(rest)
  const isSaid = verb !== undefined && !verb.startsWith('-')
  const near = isSaid ? nearest(verb, names) : undefined
  throw new UsageError(
    isSaid ? `${command} has no ${verb}` : `${command}: what is to be done?`,
    near === undefined ? `one of ${names.join(', ')}; --help says more` : `did you mean ${near}?`,
  )
}
