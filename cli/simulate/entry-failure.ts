/** Names of Entra's provisioning log, or what stands closest. */
export type FailureCode =
  | 'DuplicateTargetEntries'
  | 'EntryConflict'
  | 'InvalidAnchor'
  | 'BadRequest'
  | 'TooManyRequests'
  | 'InternalServerError'
  | 'Timeout'
  | 'ServiceIncompatible'
  | 'EncounteredQuarantineException'

/** One entry could not be provisioned. */
export class EntryFailure extends Error {
  override readonly name = 'EntryFailure'
  readonly code: FailureCode
  /** HTTP status; undefined where there was no answer. */
  readonly status: number | undefined

  constructor(code: FailureCode, status: number | undefined, detail: string) {
    super(detail)
    this.code = code
    this.status = status
  }
}

export function codeOf(status: number): FailureCode {
  if (status === 401 || status === 403) return 'EncounteredQuarantineException'
  if (status === 404) return 'InvalidAnchor'
  if (status === 409) return 'EntryConflict'
  if (status === 429) return 'TooManyRequests'
  if (status >= 500) return 'InternalServerError'
  if (status >= 400) return 'BadRequest'
  return 'ServiceIncompatible'
}
