/** One thing that strangers write: how cases of it are made, and what must hold for each of them. */
import type fc from 'fast-check'

export interface Target<Case> {
  readonly name: string
  /** What a round needs: rounds share nothing that cases write, so that none grows with time. */
  readonly open: () => Promise<Round<Case>>
}

export interface Round<Case> {
  readonly cases: fc.Arbitrary<Case>
  /** Throws where something does not hold. */
  readonly run: (given: Case) => Promise<void>
}

/** Whatever its cases are. */
// biome-ignore lint/suspicious/noExplicitAny: a list of targets has cases of every type
export type AnyTarget = Target<any>
