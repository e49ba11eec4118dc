/** Where an error was thrown, without what it says. */
import { errorName } from './error-name.ts'

/** The name of the error and where it was thrown; its message, which the stack repeats, is left out. */
export function traceOf(error: unknown): { error: string; at: string } {
  const { message = '', stack = '' } = error instanceof Error ? error : {}
  const at = stack.indexOf(message)
  // A message may have lines that look like frames.
  const frames = at < 0 ? [] : (stack.slice(at + message.length).match(/^\s+at .+$/gm) ?? [])
  return {
    error: errorName(error),
    at: frames.slice(0, 4).join(' ').replaceAll(/\s+/g, ' ').trim(),
  }
}
