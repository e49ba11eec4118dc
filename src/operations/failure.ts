/**
 * The one place where a failure of the app becomes a SCIM error (design decision 9). 401 and 403
 * are for the client's own token and nothing else: Entra quarantines a job that sees them.
 */
import { type AdapterFailure, type FailureCode, NotTried, OutOfTime } from '../adapter/failure.ts'
import { AdapterMismatch } from '../adapter/mismatch.ts'
import { CallsPaused } from '../calls/circuit.ts'
import type { Mapping } from '../mapping/mapping.ts'
import { ScimError } from '../scim/error.ts'
import { SecretUnreadable } from './unsealed.ts'

/** Seconds until a client tries again where the app names no time. */
const RETRY_SOON = 30
/** An administrator has to act first. */
const RETRY_LATER = 300

export function toScimError(failure: AdapterFailure, mapping?: Mapping): ScimError {
  const cause = failure
  const retryAfterSeconds = failure.retryAfterSeconds ?? RETRY_SOON
  const named = attributeNames(failure, mapping)
  switch (failure.code) {
    case 'auth':
    case 'forbidden':
      if (failure instanceof SecretUnreadable) {
        return new ScimError(503, failure.message, { cause, retryAfterSeconds })
      }
      if (failure instanceof NotTried) {
        return new ScimError(
          503,
          'The app takes a refresh token once and hands out the next one, so what is not saved is not ' +
            'tried with it: the next one would be lost. Save it without a trial, then test what is saved.',
          { cause, retryAfterSeconds },
        )
      }
      if (failure instanceof CallsPaused) {
        return new ScimError(
          503,
          'The app has refused the credentials that Postern holds for it again and again, so it is ' +
            'not called for a while, lest it lock the account. An administrator of this connection ' +
            'must renew them in the connection, which ends the pause at once.',
          { cause, retryAfterSeconds },
        )
      }
      return new ScimError(
        503,
        'The app refuses the credentials that Postern holds for it. An administrator of this ' +
          'connection must renew them or grant the rights that the adapter documents.',
        { cause, retryAfterSeconds: RETRY_LATER },
      )
    case 'invalid':
      return new ScimError(
        'invalidValue',
        `The app refuses ${named || 'a value of this resource'}. Correct it in the source directory.`,
        { cause },
      )
    case 'conflict':
      return new ScimError(
        'uniqueness',
        `The app already has another object with the same ${named || 'unique value'}.`,
        { cause },
      )
    case 'limit':
      return new ScimError(
        400,
        'The app has no seat or licence left for this resource. Free or buy one, then retry.',
        { cause },
      )
    case 'blocked':
      return new ScimError(
        400,
        'The app refuses this change for this object, for example because it owns open items. ' +
          'Settle that in the app, then retry.',
        { cause },
      )
    case 'rate':
      return new ScimError(503, 'The app limits the rate of calls. Retry later.', {
        cause,
        retryAfterSeconds,
      })
    case 'unavailable':
      if (failure instanceof CallsPaused) {
        return new ScimError(
          503,
          'The app has failed again and again, so it is not called for a while: nothing was sent. ' +
            'Retry later. Where it lasts, whoever runs the app must look at it.',
          { cause, retryAfterSeconds },
        )
      }
      return new ScimError(503, 'The app is not available. Retry later.', {
        cause,
        retryAfterSeconds,
      })
    case 'timeout':
      if (failure instanceof OutOfTime) {
        return new ScimError(
          503,
          'The app answers too slowly for this request: its time is over, and the rest of it was not ' +
            'sent. Retry later.',
          { cause, retryAfterSeconds },
        )
      }
      return new ScimError(503, 'The app did not answer in time. Retry later.', {
        cause,
        retryAfterSeconds,
      })
    case 'protocol':
      if (failure instanceof AdapterMismatch) {
        return new ScimError(503, failure.message, { cause, retryAfterSeconds: RETRY_LATER })
      }
      return new ScimError(
        503,
        'The app gave an answer that its adapter does not understand. Check the base URL of this ' +
          'connection; retry later.',
        { cause, retryAfterSeconds },
      )
  }
}

/** What an administrator should hear of beside the client; undefined: it is about one object. */
export function troubleOf(code: FailureCode): 'app-credential' | 'app-failing' | undefined {
  switch (code) {
    case 'auth':
    case 'forbidden':
      return 'app-credential'
    case 'rate':
    case 'unavailable':
    case 'timeout':
    case 'protocol':
      return 'app-failing'
    case 'invalid':
    case 'conflict':
    case 'limit':
    case 'blocked':
      return undefined
  }
}

/** The SCIM paths that the app's attributes are mapped to; its own names mean nothing to a client. */
function attributeNames(failure: AdapterFailure, mapping: Mapping | undefined): string {
  const paths = failure.attributes.map(
    (app) => mapping?.pairs.find((pair) => pair.app === app)?.key ?? app,
  )
  return paths.map((path) => `"${path}"`).join(', ')
}
