/**
 * Puts the client's last words back where the app has moved away from them: an update as any other,
 * read again, by the difference only, and under the link's version, so that a client who writes at
 * the same time has the last word.
 */
import { AdapterFailure } from '../adapter/failure.ts'
import { writeAll } from '../db/database.ts'
import { endSending } from '../db/sending.ts'
import type { Place } from '../mapping/mapping.ts'
import { driftIn, undrifted } from './drift.ts'
import type { Endpoint } from './endpoint.ts'
import { update } from './update.ts'

export interface Restoration {
  /** SCIM paths that were put back. */
  readonly restored: readonly string[]
  /** Those that were wanted too and that the app takes from a new account only. */
  readonly left: readonly string[]
}

/**
 * @param isWanted by SCIM path; others stay as the app has them
 * @throws {ScimError} as PATCH, where the mode, the account's protection or the app forbids it
 * @throws {AdapterFailure} where the app fails
 */
export async function restoreResource(
  endpoint: Endpoint,
  id: string,
  isWanted: (path: string) => boolean,
): Promise<Restoration> {
  let outcome: Restoration = { restored: [], left: [] }
  const updating = update(endpoint, id, undefined, (account) => {
    const drift = driftIn(endpoint, account.link, account.object).filter(({ place }) =>
      isWanted(place.key),
    )
    const possible = drift.filter(({ place }) => isPossible(place))
    outcome = {
      restored: possible.map(({ place }) => place.key),
      left: drift.flatMap(({ place }) => (isPossible(place) ? [] : [place.key])),
    }
    return {
      view: undrifted(account.view, possible),
      ignored: [],
      members: [],
      decision: 'restored',
    }
  })
  // No answer of a client follows, with which the audit would hear how it ended.
  await updating.catch(async (error: unknown) => {
    if (!(error instanceof AdapterFailure) || error.effect === 'none') await ended(endpoint, id)
    throw error
  })
  if (outcome.restored.length === 0) await ended(endpoint, id)
  return outcome
}

async function ended({ connection, db, request }: Endpoint, link: string): Promise<void> {
  await writeAll(db, [endSending(connection.id, { request, link })])
}

const isPossible = ({ write }: Place): boolean => write === 'always'
