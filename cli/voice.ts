/** How a command speaks: to a terminal, into a log, or not at all where a program listens. */
import {
  type Paint,
  type Progress,
  paintWith,
  plainProgress,
  SILENT,
  terminalProgress,
} from './simulate/progress.ts'

export interface Voice {
  readonly say: (text: string) => void
  readonly paint: Paint
  readonly progress: Progress
}

export function voiceOf({ json }: { readonly json: boolean }): Voice {
  if (json) return { say: () => undefined, paint: paintWith(false), progress: SILENT }
  const { stdout } = process
  const write = (text: string) => void stdout.write(text)
  const isTerminal = stdout.isTTY === true && process.env['TERM'] !== 'dumb'
  // hasColors knows NO_COLOR and what the terminal can do.
  const colors = isTerminal && stdout.hasColors()
  const now = () => performance.now()
  return {
    say: (text) => write(`${text}\n`),
    paint: paintWith(colors),
    progress: isTerminal
      ? terminalProgress({ write, colors, now, columns: () => stdout.columns || 80 })
      : plainProgress({ write, now }),
  }
}
