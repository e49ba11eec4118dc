/** One thing that `postern doctor` has looked at. Everything in it is ours to show. */
export interface Check {
  /** Stable, for scripts: `sealing-key`. */
  readonly check: string
  /** `warn`: it works now. `fail`: something does not. */
  readonly result: 'ok' | 'warn' | 'fail'
  readonly says: string
  /** Who has to do what; present unless all is well. */
  readonly advice?: string
}

export function ok(check: string, says: string): Check {
  return { check, result: 'ok', says }
}

export function warn(check: string, says: string, advice: string): Check {
  return { check, result: 'warn', says, advice }
}

export function fail(check: string, says: string, advice: string): Check {
  return { check, result: 'fail', says, advice }
}
