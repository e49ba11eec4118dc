/** Whoever answers a scaffold's questions, one after the other. */
import { questionsIn, withoutGuesses } from '../../../src/adapter/manifest/questions.ts'

/** What takes a member, or a guess, out. */
export const OUT = Symbol('take it out')

type Json = Record<string, unknown>

/**
 * @param answers by path; each must answer a question that is open, and all questions must be answered
 * @param besides what the author sets without being asked
 */
export function answered(
  scaffold: unknown,
  answers: Readonly<Record<string, unknown>>,
  besides: Readonly<Record<string, unknown>> = {},
): unknown {
  const questions = questionsIn(scaffold)
  const open = new Set(questions.map(({ path }) => path.join('.')))
  const given = new Set(Object.keys(answers))
  const unanswered = [...open].filter((path) => !given.has(path))
  const superfluous = [...given].filter((path) => !open.has(path))
  if (unanswered.length + superfluous.length > 0) {
    throw new Error(`not answered: ${unanswered.join(', ')}; not asked: ${superfluous.join(', ')}`)
  }
  const guesses = new Set(questions.filter((one) => one.isGuess).map(({ path }) => path.join('.')))
  const document = withoutGuesses(scaffold) as Json
  const plain = Object.entries(answers).filter(([path, is]) => !(guesses.has(path) && is === OUT))
  // Lists are shortened from their end, so that places before stay what they are.
  for (const [path, value] of [...plain, ...Object.entries(besides)].reverse()) {
    put(document, path.split('.'), value)
  }
  return document
}

function put(target: Json, path: readonly string[], value: unknown): void {
  const [first = '', ...rest] = path
  if (rest.length > 0) {
    target[first] ??= {}
    put(target[first] as Json, rest, value)
  } else if (value !== OUT) target[first] = value
  else if (Array.isArray(target)) target.splice(Number(first), 1)
  else delete target[first]
}
