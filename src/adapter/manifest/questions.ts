/**
 * What a manifest does not know yet. A text that begins with "? " stands where an answer belongs, and
 * a member "?" stands beside a guess that somebody has to look at. A manifest with either is no
 * manifest: it is refused, question by question, until all are answered.
 */

/** The name of the member that asks about the object that holds it. */
const ASKS = '?'
const UNANSWERED = '? '
const MAX_DEPTH = 32

export interface Question {
  /** Where the answer belongs; for a guess, the object that is one. */
  readonly path: readonly (string | number)[]
  readonly text: string
  /** True: something stands there, and the member "?" goes once it is found to be right. */
  readonly isGuess: boolean
}

export function questionsIn(document: unknown): readonly Question[] {
  return collect(document, [])
}

function collect(value: unknown, path: Question['path']): Question[] {
  if (path.length > MAX_DEPTH) return []
  if (typeof value === 'string') {
    if (!value.startsWith(UNANSWERED)) return []
    return [{ path, text: value.slice(UNANSWERED.length), isGuess: false }]
  }
  if (Array.isArray(value)) return value.flatMap((inner, i) => collect(inner, [...path, i]))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => {
    if (name !== ASKS) return collect(inner, [...path, name])
    return [inner].flat().map((text) => ({ path, text: String(text), isGuess: true }))
  })
}

/** The same without members "?": what is wrong with it besides can then be said. */
export function withoutGuesses(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutGuesses)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) =>
      name === ASKS ? [] : [[name, withoutGuesses(inner)]],
    ),
  )
}

/** A fault at an unanswered question, or that it causes further up, says nothing new. */
export function isAsked(path: readonly PropertyKey[], questions: readonly Question[]): boolean {
  return questions.some(
    (question) =>
      !question.isGuess && path.every((part, i) => String(part) === String(question.path[i])),
  )
}
