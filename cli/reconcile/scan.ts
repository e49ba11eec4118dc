/** Drives a scan of the gateway to its end, and shows how far it is. */
import * as z from 'zod'
import type { Call } from '../arguments.ts'
import { CommandError } from '../command.ts'
import type { Progress } from '../simulate/progress.ts'

export const scanSchema = z.object({
  id: z.string(),
  type: z.string(),
  dryRun: z.boolean(),
  state: z.enum(['running', 'done', 'refused', 'failed']),
  phase: z.string().nullable(),
  seen: z.number(),
  total: z.number().nullable(),
  note: z.string().nullable(),
  counts: z.record(z.string(), z.number()).nullable(),
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
})
export type ScanView = z.infer<typeof scanSchema>

const accountSchema = z.object({
  nativeId: z.string(),
  id: z.string().nullable(),
  display: z.string().nullable(),
  situation: z.string(),
  detail: z.record(z.string(), z.unknown()),
})
export type AccountView = z.infer<typeof accountSchema>

export const accountPageSchema = z.object({
  items: z.array(accountSchema),
  nextCursor: z.string().optional(),
})

/** A first burst says how large the app is; the others are short, so that the bar moves. */
const FIRST_BURST_MS = 200
const BURST_MS = 1_000
/** Bursts without any progress before the command gives up; the cron of the gateway does not. */
const PATIENCE = 8
const WAIT_MS = 1_500

const PHASES: Readonly<Record<string, string>> = {
  ambiguous: 'looking for shared keys',
  missing: 'asking for accounts that were not listed',
  findings: 'writing findings',
}

/** @throws {CommandError} where the app does not answer for a while */
export async function driveScan(
  call: Call,
  begun: ScanView,
  progress: Progress,
  wait: (ms: number) => Promise<unknown>,
): Promise<ScanView> {
  const advance = async (ms: number) =>
    scanSchema.parse(
      await call('POST', `/reconcile/${begun.id}/advance`, 'go on with the scan', { ms }),
    )
  let scan = await advance(FIRST_BURST_MS)
  progress.begin(`${scan.type}s in the app`, scan.total ?? scan.seen)
  progress.step(scan.seen)
  for (let idle = 0; scan.state === 'running'; ) {
    const before = scan
    scan = await advance(BURST_MS)
    progress.step(scan.seen - before.seen)
    if (scan.state !== 'running') break
    if (scan.note !== null) {
      idle += 1
      progress.waiting(scan.note)
      if (idle === PATIENCE) {
        progress.end('the app does not answer', false)
        throw new CommandError(
          scan.note,
          'the scan is kept, and the gateway goes on with it; run this command again to follow it',
        )
      }
      await wait(WAIT_MS)
    } else {
      idle = 0
      const phase = scan.phase === null ? undefined : PHASES[scan.phase]
      if (phase) progress.waiting(phase)
    }
  }
  progress.end(scan.state, scan.state === 'done')
  return scan
}
