/** Shows how far a run is: a bar on a terminal, plain lines elsewhere. */

export interface Progress {
  /** @param total steps of this phase, as far as known by now */
  begin(title: string, total: number): void
  step(count?: number): void
  /** Something that explains why nothing moves: shown until the next step. */
  waiting(why: string): void
  /** @param outcome a few words, for the line that stays */
  end(outcome: string, ok: boolean): void
  /** Puts the terminal in order, whatever has happened. */
  close(): void
}

export interface Screen {
  readonly write: (text: string) => void
  /** Columns, by now. */
  readonly columns: () => number
  readonly colors: boolean
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number
}

export const SILENT: Progress = {
  begin: () => undefined,
  step: () => undefined,
  waiting: () => undefined,
  end: () => undefined,
  close: () => undefined,
}

interface Phase {
  readonly title: string
  readonly total: number
  readonly startedAt: number
  done: number
}

const TITLE_WIDTH = 18
const COUNT_WIDTH = 9
/** Of a rate and a time left. */
const RIGHT_WIDTH = 26
const MAX_BAR = 30
const MIN_BAR = 8
const REDRAW_MS = 80
/** Rates and times left of a phase younger than this say nothing. */
const SETTLED_MS = 400
const SPINNER = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'

export type Style = 'bold' | 'dim' | 'green' | 'red' | 'cyan' | 'yellow'
const CODES: Readonly<Record<Style, number>> = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  cyan: 36,
}

export type Paint = (style: Style, text: string) => string

export const paintWith =
  (colors: boolean): Paint =>
  (style, text) =>
    colors && text !== '' ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text

/** `0.4 s`, `12 s`, `3 min 05 s`. */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
}

function perSecond(phase: Phase, now: number): number {
  return phase.done / (Math.max(now - phase.startedAt, 1) / 1000)
}

function rateText(rate: number): string {
  return `${rate < 9.95 ? rate.toFixed(1) : Math.round(rate)}/s`
}

const clip = (text: string, width: number): string =>
  text.length <= width ? text : width < 2 ? '' : `${text.slice(0, width - 1)}…`

/** One line a phase, redrawn in place. */
export function terminalProgress(screen: Screen): Progress {
  const paint = paintWith(screen.colors)
  let phase: Phase | undefined
  let why = ''
  let drawnAt = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined

  const headOf = ({ title, done, total }: Phase) => ({
    title: title.padEnd(TITLE_WIDTH),
    count: `${done}/${total}`.padStart(COUNT_WIDTH),
  })
  /** What is left of a line for a bar and for words; the last column stays free. */
  const roomBeside = ({ title, count }: { title: string; count: string }) =>
    screen.columns() - title.length - count.length - 6

  const words = (style: Style, text: string, width: number) => {
    if (width < 4) return ''
    // Where there is no room for columns, there is some for words.
    const compact = text.length + 2 > width ? text.trim().replace(/ {2,}/g, ' ') : text
    return `  ${paint(style, clip(compact, width - 2))}`
  }

  const draw = () => {
    if (!phase) return
    const now = screen.now()
    drawnAt = now
    const frame = SPINNER[Math.floor(now / 100) % SPINNER.length] ?? ''
    const rate = perSecond(phase, now)
    const isSettled = now - phase.startedAt >= SETTLED_MS && phase.done > 0
    const left = ((phase.total - phase.done) / rate) * 1000
    const right = isSettled ? `${rateText(rate).padStart(7)}  ${duration(left)} left` : ''
    const head = headOf(phase)
    const room = roomBeside(head)
    const width = Math.min(MAX_BAR, room - RIGHT_WIDTH)
    const share = phase.done / Math.max(phase.total, 1)
    const bar = width >= MIN_BAR ? `${drawBar(share, width, paint)} ` : ''
    const free = room - (bar === '' ? 0 : width + 1)
    const text = why ? words('yellow', why, free) : words('dim', right, free)
    const mark = paint('cyan', frame)
    screen.write(`\r  ${mark} ${head.title} ${bar}${head.count}${text}\u001b[K`)
  }

  return {
    begin(title, total) {
      phase = { title, total, startedAt: screen.now(), done: 0 }
      why = ''
      screen.write('\u001b[?25l')
      draw()
      timer = setInterval(draw, REDRAW_MS)
      timer.unref()
    },
    step(count = 1) {
      if (!phase) return
      phase.done += count
      why = ''
      if (screen.now() - drawnAt >= REDRAW_MS) draw()
    },
    waiting(reason) {
      why = reason
      draw()
    },
    end(outcome, ok) {
      if (!phase) return
      clearInterval(timer)
      const now = screen.now()
      const rate = now - phase.startedAt >= 50 ? rateText(perSecond(phase, now)) : ''
      const took = duration(now - phase.startedAt)
      const mark = ok ? paint('green', '✓') : paint('red', '✗')
      // A bar that is full says nothing any more: its room is for the outcome.
      const head = headOf(phase)
      const right = words(
        ok ? 'dim' : 'red',
        `${rate.padStart(7)} ${took.padStart(7)}  ${outcome}`,
        roomBeside(head),
      )
      screen.write(`\r  ${mark} ${head.title} ${head.count}${right}\u001b[K\n\u001b[?25h`)
      phase = undefined
    },
    close() {
      clearInterval(timer)
      if (phase) screen.write('\n')
      screen.write('\u001b[?25h')
      phase = undefined
    },
  }
}

function drawBar(share: number, width: number, paint: Paint): string {
  const halves = Math.round(Math.min(1, share) * width * 2)
  const full = '━'.repeat(Math.floor(halves / 2))
  const half = halves % 2 === 1 ? '╸' : ''
  const rest = '─'.repeat(width - full.length - half.length)
  return paint('green', full + half) + paint('dim', rest)
}

/** For logs: one line at the start and the end of each phase, and one each tenth of the way. */
export function plainProgress(screen: Pick<Screen, 'write' | 'now'>): Progress {
  let phase: Phase | undefined
  let tenths = 0
  const say = (text: string) => screen.write(`${text}\n`)
  return {
    begin(title, total) {
      phase = { title, total, startedAt: screen.now(), done: 0 }
      tenths = 0
      say(`${title}: ${total} to do`)
    },
    step(count = 1) {
      if (!phase) return
      phase.done += count
      const now = screen.now()
      const reached = Math.floor((phase.done / phase.total) * 10)
      if (reached <= tenths || phase.done >= phase.total) return
      tenths = reached
      // A phase that is over in no time needs no lines of its own.
      if (now - phase.startedAt < 2 * SETTLED_MS) return
      const rate = perSecond(phase, now)
      const left = duration(((phase.total - phase.done) / rate) * 1000)
      const { title, done, total } = phase
      say(`${title}: ${reached * 10} % (${done}/${total}), ${rateText(rate)}, ${left} left`)
    },
    waiting(reason) {
      if (phase) say(`${phase.title}: ${reason}`)
    },
    end(outcome, ok) {
      if (!phase) return
      const now = screen.now()
      const { title, done, total, startedAt } = phase
      const word = ok ? 'done' : 'FAILED'
      say(`${title}: ${word}, ${done}/${total} in ${duration(now - startedAt)}, ${outcome}`)
      phase = undefined
    },
    close() {
      phase = undefined
    },
  }
}
