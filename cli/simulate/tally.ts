/** What a run has done, entry by entry: the numbers of the report are counted from here. */
import type { EntryFailure } from './entry-failure.ts'

export interface Failure {
  readonly phase: string
  readonly entry: string
  readonly code: string
  readonly status: number | undefined
  readonly detail: string
}

/** Entries of one kind, by name. An entry may be matched, then updated, then fail. */
export class Entries {
  readonly created = new Set<string>()
  readonly matched = new Set<string>()
  readonly failed = new Set<string>()
  readonly disabled = new Set<string>()
  readonly restored = new Set<string>()
  readonly deleted = new Set<string>()
  /** Refused until an administrator has decided. */
  readonly parked = new Set<string>()
  readonly #patched = new Set<string>()

  patched(name: string): void {
    this.#patched.add(name)
  }

  /** Matched, and brought to what the directory says. */
  get updated(): number {
    return [...this.#patched].filter((name) => this.matched.has(name)).length
  }

  /** Matched, with nothing to write. */
  get unchanged(): number {
    return [...this.matched].filter((name) => !this.#patched.has(name) && !this.failed.has(name))
      .length
  }
}

export class Tally {
  /** Of the directory. */
  readonly people = new Entries()
  readonly groups = new Entries()
  /** Made by `--lifecycle` for this run alone. */
  readonly throwaway = new Entries()
  readonly failures: Failure[] = []
  /** Member ids sent, whether or not the service held them already. */
  membersSent = 0
  /** What the guard's refusals named, for an administrator to decide. */
  finding: string | undefined

  fail(entries: Entries | undefined, phase: string, entry: string, failure: EntryFailure): void {
    const { code, status, message } = failure
    this.failures.push({ phase, entry, code, status, detail: message })
    entries?.failed.add(entry)
  }
}
