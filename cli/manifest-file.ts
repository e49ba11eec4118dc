/** A manifest as a file: read, checked as a whole, and refused with everything that is wrong with it. */
import { type AnyManifest, parseAnyManifest } from '../src/adapter/manifest/kinds.ts'
import { isAsked, questionsIn, withoutGuesses } from '../src/adapter/manifest/questions.ts'
import { CommandError } from './command.ts'
import { readText } from './input-file.ts'

export interface ManifestFile {
  readonly manifest: AnyManifest
  /** As it stands in the file: what is stored. */
  readonly document: unknown
}

export interface Unfinished {
  readonly questions: readonly { readonly path: string; readonly question: string }[]
  readonly faults: readonly { readonly path: string; readonly message: string }[]
}

/** What is wrong with a file, for people and for programs. */
export class UnfinishedManifest extends CommandError {
  override readonly name = 'UnfinishedManifest'
  readonly unfinished: Unfinished

  constructor(file: string, unfinished: Unfinished) {
    super(`${file} has ${counted(unfinished)}`, told(unfinished))
    this.unfinished = unfinished
  }
}

/** @throws {CommandError} that names every fault and every open question, each with where it is */
export async function readManifestFile(file: string): Promise<ManifestFile> {
  const text = await readText(file)
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (cause) {
    throw new CommandError(`${file} is no JSON`, (cause as Error).message, { cause })
  }
  const questions = questionsIn(document)
  const parsed = parseAnyManifest(withoutGuesses(document))
  if (parsed.success && questions.length === 0) return { manifest: parsed.data, document }
  const issues = parsed.success ? [] : parsed.error.issues
  throw new UnfinishedManifest(file, {
    questions: questions.map(({ path, text: question }) => ({ path: dotted(path), question })),
    faults: issues
      .filter(({ path }) => !isAsked(path, questions))
      .map(({ path, message }) => ({ path: dotted(path), message })),
  })
}

const dotted = (path: readonly PropertyKey[]): string => path.map(String).join('.') || '(the whole)'

const many = (count: number, one: string): string =>
  count === 1 ? `one ${one}` : `${count} ${one}s`

function counted({ questions, faults }: Unfinished): string {
  return [
    ...(questions.length > 0 ? [many(questions.length, 'open question')] : []),
    ...(faults.length > 0 ? [many(faults.length, 'fault')] : []),
  ].join(' and ')
}

function told({ questions, faults }: Unfinished): string {
  return [
    ...faults.map(({ path, message }) => `${path}: ${message}`),
    ...questions.map(({ path, question }) => `${path}\n${wrapped(question)}`),
  ].join('\n  ')
}

const WIDTH = 96

function wrapped(text: string): string {
  const lines: string[] = []
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1)
    if (last === undefined || last.length + word.length + 1 > WIDTH) lines.push(`      ${word}`)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines.join('\n')
}
