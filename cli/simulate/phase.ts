/** One phase of a run: some entries at a time, each on its own. */
import type { ScimClient } from './client.ts'
import type { Dialect } from './dialect.ts'
import type { Directory } from './directory.ts'
import { EntryFailure } from './entry-failure.ts'
import type { Progress } from './progress.ts'
import type { Entries, Tally } from './tally.ts'

/** Entra works on a handful of entries at a time. */
const CONCURRENCY = 4

export interface Run {
  readonly directory: Directory
  readonly client: ScimClient
  readonly dialect: Dialect
  readonly tally: Tally
  readonly progress: Progress
}

/** Nothing else is worth trying: Entra would stop the job here. */
export class Stopped extends Error {
  override readonly name = 'Stopped'
}

interface PhaseOptions<T> {
  readonly title: string
  readonly items: readonly T[]
  readonly nameOf: (item: T) => string
  /** Where a failure of the entry is counted, beside the list of failures. */
  readonly entries?: Entries
  /** Of all items; one each where absent. `work` counts those after the first of its item. */
  readonly steps?: number
  readonly work: (item: T) => Promise<void>
  /** For the line that stays. */
  readonly outcome: () => string
  /** Without it nothing else is tried. */
  readonly isVital?: boolean
}

/** Works on some items at a time; the failure of one is recorded and stops none of the others. */
export async function phase<T>(
  { tally, progress }: Pick<Run, 'tally' | 'progress'>,
  options: PhaseOptions<T>,
): Promise<void> {
  const { title, items, nameOf, entries, steps = items.length, work, outcome, isVital } = options
  if (items.length === 0) return
  progress.begin(title, steps)
  let failed = 0
  let stop: unknown
  const queue = items.values()
  const worker = async () => {
    for (const item of queue) {
      if (stop) return
      try {
        await work(item)
      } catch (error) {
        if (!(error instanceof EntryFailure)) {
          stop ??= error
          return
        }
        failed += 1
        tally.fail(entries, title, nameOf(item), error)
        const why = `${error.status ?? ''} ${error.message}`.trim()
        if (isVital) stop ??= new Stopped(`the ${title} failed: ${why}`)
        else if (error.code === 'EncounteredQuarantineException') {
          stop ??= new Stopped(`Entra puts the job into quarantine: ${why}`)
        }
      }
      progress.step()
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, worker))
  progress.end(failed > 0 ? `${failed} failed` : outcome(), failed === 0 && !stop)
  if (stop) throw stop
}
