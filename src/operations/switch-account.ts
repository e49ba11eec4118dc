/** Works the app's own switch of an account. */
import type { WriteOutcome } from '../adapter/contract.ts'
import type { Endpoint } from './endpoint.ts'
import { underLease } from './lease.ts'
import { newHold } from './settle-members.ts'
import { busy } from './telling.ts'

/**
 * Where the switch is a list of the account's, such as its groups, nobody else replaces one meanwhile:
 * whoever had read it before would put a leaver back.
 *
 * @param link SCIM id; undefined: nobody knows the account yet
 * @returns undefined: the app has no switch
 */
export async function switchAccount(
  endpoint: Endpoint,
  link: string | undefined,
  nativeId: string,
  active: boolean,
): Promise<WriteOutcome | undefined> {
  const { port, spec } = endpoint
  const turn = async () => port.setActive?.(nativeId, active)
  if (!spec.capabilities.switchReplaces || link === undefined) return turn()
  const outcome = await underLease(endpoint, link, newHold(endpoint), turn)
  if (outcome === 'busy') throw busy()
  return outcome
}
