/** What a command is given as a file; `-` is standard input. */
import { readFile } from 'node:fs/promises'
import { text as readAll } from 'node:stream/consumers'
import * as z from 'zod'
import { CommandError } from './command.ts'

const jsonObject = z.record(z.string(), z.unknown())

/** @throws {CommandError} */
export async function readText(file: string): Promise<string> {
  try {
    return file === '-' ? await readAll(process.stdin) : await readFile(file, 'utf8')
  } catch (cause) {
    throw new CommandError(`${file} cannot be read`, (cause as Error).message, { cause })
  }
}

/**
 * @param command whose help says what the file may hold
 * @throws {CommandError} that names the file, and never says what is in it
 */
export async function readObject(file: string, command: string): Promise<Record<string, unknown>> {
  const text = await readText(file)
  try {
    return jsonObject.parse(JSON.parse(text))
  } catch {
    // The parser's message quotes the text, which may be secrets.
    throw new CommandError(`${file} holds no JSON object`, `see postern ${command} --help`)
  }
}
