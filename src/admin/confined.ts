/**
 * What somebody who is limited to some connections may not change in them: they may be a customer of
 * whoever runs the gateway, and hostile. What leads to the app leads its secrets there, and what is
 * bound to the Worker is everybody's.
 */
import { isDeepStrictEqual } from 'node:util'
import { bindingOf } from '../adapter/sql/address.ts'
import type { CheckDeps, ConnectionDraft } from './check-connection.ts'
import type { ConnectionPatch } from './connection-input.ts'
import type { AdapterDescription } from './describe-adapter.ts'
import { invalidInput, memberPath, Problem } from './problem.ts'

/**
 * @throws {Problem} 403 for what only somebody with no limit may change; 422 where the secrets have to
 *   be given again, because the settings would send them elsewhere
 */
export async function refuseBeyondLimits(
  before: ConnectionDraft,
  next: ConnectionDraft,
  patch: ConnectionPatch,
  { describeAdapter }: CheckDeps,
): Promise<void> {
  // They bound what one connection may take of the gateway that all share.
  if (!isDeepStrictEqual(before.policy['limits'], next.policy['limits'])) {
    throw beyond('policy.limits')
  }
  // Not the base URL alone: which settings a request is made of is the adapter's to say.
  if (isDeepStrictEqual(before.settings, next.settings)) return
  const adapter = await describeAdapter(next.adapter)
  if (!adapter || adapter.isPrivate) throw beyond('settings')
  if ((await usesBinding(before, adapter)) || (await usesBinding(next, adapter))) {
    throw beyond('settings')
  }
  const kept = next.secrets.filter((name) => typeof patch.secrets[name] !== 'string')
  if (kept.length === 0) return
  throw invalidInput(
    kept.map((name) => ({
      path: memberPath(['secrets', name]),
      message: 'must be given again: the settings say where it is sent',
    })),
  )
}

/** A client certificate, or a database behind Hyperdrive: the Worker's own way to an app. */
async function usesBinding(
  { settings }: ConnectionDraft,
  adapter: AdapterDescription,
): Promise<boolean> {
  const checked = await adapter.checkSettings(settings)
  // What is not valid is refused as such, and leads nowhere.
  if (!checked.ok) return false
  return checked.certificate !== undefined || bindingOf(checked.baseUrl ?? '') !== undefined
}

function beyond(path: string): Problem {
  return new Problem(
    403,
    'You are limited to some connections, and this reaches beyond them. Ask an operator of the gateway ' +
      'who is not.',
    {
      errors: [{ path, message: 'may be changed only by those who are limited to no connections' }],
    },
  )
}
