import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'

/** A command of `postern`. */
export interface Command {
  /** One line, for the list of commands. */
  readonly summary: string
  /** What `--help` prints: usage, every option, examples. */
  readonly help: string
  /** Resolves to the exit code: 0 done, 1 failed. @throws {UsageError} */
  readonly run: (args: readonly string[]) => Promise<number>
}

/** What went wrong, and what the person at the terminal can do about it. Exit code 1. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError'
  readonly advice: string

  constructor(message: string, advice: string, options?: ErrorOptions) {
    super(message, options)
    this.advice = advice
  }
}

/** Wrong usage: exit code 2. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError'
}

/** @throws {UsageError} on anything that `options` does not name */
export function parseFlags<const T extends ParseArgsOptionsConfig>(
  command: string,
  args: readonly string[],
  options: T,
) {
  try {
    return parseArgs({ args: [...args], options, strict: true }).values
  } catch (error) {
    const [sentence = 'wrong usage'] = String((error as Error).message).split('. ')
    const near = nearest(/'--([^ '=]+)/.exec(sentence)?.[1] ?? '', Object.keys(options))
    const guess = near === undefined ? '' : `did you mean --${near}? `
    const advice = `${guess}postern ${command} --help lists the options`
    throw new UsageError(sentence, advice, { cause: error })
  }
}

/** The one of `names` that `typed` is a slip of, if any. */
export function nearest(typed: string, names: readonly string[]): string | undefined {
  if (typed === '') return undefined
  const [best] = names
    .map((name) => ({ name, steps: editDistance(typed, name) }))
    .sort((a, b) => a.steps - b.steps)
  return best && best.steps <= Math.max(1, Math.floor(typed.length / 3)) ? best.name : undefined
}

/** Letters to insert, delete or replace (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
