/** Sends links to be imported, chunk by chunk, and again those whose refusal passes with time. */
import * as z from 'zod'
import type { Call } from '../arguments.ts'
import type { Progress } from '../simulate/progress.ts'
import type { LinkItem } from './links-file.ts'

/** Each is a call to the app, and an answer is waited for half a minute. */
const CHUNK_ITEMS = 60
const CHUNK_LENGTH = 400_000
const PASSING: readonly string[] = ['app-failed', 'busy']
const TRIES = 4
const TRY_AGAIN_MS = 5_000

const outcomeSchema = z.looseObject({
  type: z.string(),
  id: z.string(),
  nativeId: z.string(),
  status: z.enum(['imported', 'unchanged', 'refused']),
  reason: z.string().optional(),
  detail: z.string().optional(),
  replaced: z.string().optional(),
})
const answerSchema = z.object({ items: z.array(outcomeSchema) })
export type SentLink = z.infer<typeof outcomeSchema>

/** One outcome for each item; those that were tried again come last. */
export async function sendLinks(
  call: Call,
  items: readonly LinkItem[],
  dryRun: boolean,
  progress: Progress,
  wait: (milliseconds: number) => Promise<unknown>,
): Promise<SentLink[]> {
  const outcomes: SentLink[] = []
  let left = items
  progress.begin(dryRun ? 'links checked' : 'links imported', items.length)
  for (let attempt = 1; left.length > 0; attempt++) {
    const again: LinkItem[] = []
    let sent = 0
    for (const chunk of chunksOf(left)) {
      const body = { items: chunk, dryRun }
      const answer = answerSchema.parse(await call('POST', '/links', 'import the links', body))
      const passing: LinkItem[] = []
      for (const [at, outcome] of answer.items.entries()) {
        const passes = outcome.reason !== undefined && PASSING.includes(outcome.reason)
        const item = chunk[at]
        if (passes && item && attempt < TRIES) passing.push(item)
        else outcomes.push(outcome)
      }
      again.push(...passing)
      sent += chunk.length
      progress.step(chunk.length - passing.length)
      // An app that is down for a whole chunk is down for the next one.
      if (passing.length === chunk.length) {
        again.push(...left.slice(sent))
        break
      }
    }
    left = again
    if (left.length === 0) break
    progress.waiting(`again in ${TRY_AGAIN_MS / 1000} s: the app did not answer for some of them`)
    await wait(TRY_AGAIN_MS)
  }
  const refused = outcomes.filter((outcome) => outcome.status === 'refused').length
  progress.end(refused === 0 ? 'done' : `${refused} refused`, refused === 0)
  return outcomes
}

function* chunksOf(items: readonly LinkItem[]): Generator<LinkItem[]> {
  let chunk: LinkItem[] = []
  let length = 0
  for (const item of items) {
    const own = JSON.stringify(item).length
    if (chunk.length === CHUNK_ITEMS || (chunk.length > 0 && length + own > CHUNK_LENGTH)) {
      yield chunk
      chunk = []
      length = 0
    }
    chunk.push(item)
    length += own
  }
  if (chunk.length > 0) yield chunk
}
