/** What `npm run fuzz` hands to the tests, in the binding `FUZZ`. */
import * as z from 'zod'

export const fuzzOptions = z.object({
  /** For each target. */
  budgetMs: z.number(),
  targets: z.array(z.string()),
  seed: z.int(),
  /** fast-check's own: which case of the seed, and how it was shrunk. */
  path: z.string().optional(),
})
export type FuzzOptions = z.output<typeof fuzzOptions>

/** In `npm test`: the same cases each time, as many as the time allows. */
export const IN_TESTS: FuzzOptions = { budgetMs: 1_500, targets: [], seed: 7_644 }

/** One line of the output for each round, for the command to read. */
export const MARK = 'FUZZ '
export const roundReport = z.object({
  target: z.string(),
  seed: z.int(),
  cases: z.int(),
  ms: z.number(),
  failure: z
    .object({ path: z.string(), counterexample: z.string(), message: z.string() })
    .optional(),
})
export type RoundReport = z.output<typeof roundReport>
