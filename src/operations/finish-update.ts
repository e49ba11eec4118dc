/** An update that was cut off: waited for, or finished without its client. */
import type { Intent, Link } from '../db/link.ts'
import { without } from '../identity/keys.ts'
import { same } from '../mapping/same.ts'
import { parseShadow } from '../mapping/shadow.ts'
import { furtherWords } from '../mapping/words.ts'
import { ScimError } from '../scim/error.ts'
import { getAt } from '../scim/path.ts'
import type { Resource } from '../scim/schema.ts'
import { claimsIn, isReused, viewOf } from './account.ts'
import { changedNothing, type Plan, remove, write } from './apply.ts'
import type { Endpoint } from './endpoint.ts'
import { removesOff, withFormer } from './inactive.ts'
import { commitRemoved } from './remove-while-off.ts'
import { leaseUntil, PATIENCE_MS } from './reservation.ts'

/**
 * Waits for the update of this link that is under way, or finishes one that was cut off: what comes
 * after it must find it done, or be undone by it later.
 *
 * @throws {ScimError} 503 where it does not end in time
 */
export async function settleUpdate(endpoint: Endpoint, link: Link): Promise<void> {
  const { intents, io } = endpoint
  for (const waitMs of [...PATIENCE_MS, 0]) {
    const intent = await intents.open(link.id)
    if (intent?.op !== 'update') return
    if (intent.leaseUntil <= io.now()) return finishUpdate(endpoint, link, intent)
    if (waitMs > 0) await io.wait(waitMs)
    else throw busy(Math.ceil((intent.leaseUntil - io.now()) / 1000))
  }
}

function busy(retryAfterSeconds: number): ScimError {
  return new ScimError(
    503,
    'Another request is changing this resource, or was cut off while it did. Retry later.',
    { retryAfterSeconds },
  )
}

/**
 * Does what is left of an update whose lease ran out. An attribute that somebody has changed since is
 * left as it is; one that the app refuses is the client's to hear of when it tries again.
 */
export async function finishUpdate(endpoint: Endpoint, link: Link, intent: Intent): Promise<void> {
  const { intents, port } = endpoint
  if (link.nativeId === undefined) return
  if (!(await intents.takeOver(intent, leaseUntil(endpoint)))) return
  const held = { id: intent.id, fence: intent.fence + 1 }
  const object = await port.get(link.nativeId)
  const plan = JSON.parse(intent.body) as Plan
  const removes = plan.after['active'] === false && removesOff(endpoint)
  if (!object || isReused(link, object)) {
    // It was there when the update began: what is gone is gone because it was to go.
    const isDone = removes && (await commitRemoved(endpoint, link, held, plan))
    if (!isDone) await intents.cancelUpdate(held, link, [], [])
    return
  }
  const view = viewOf(endpoint, link, object)
  const after = merge(view, plan)
  // The client's words are those of the plan, also where the app has heard them already.
  const words = furtherWords(
    { shadow: parseShadow(link.shadow), object: withFormer(link, object) },
    { before: view, after },
    (path) => !same(getAt(plan.before, path), getAt(plan.after, path)),
  )
  const renamed = without(claimsIn(endpoint, after), claimsIn(endpoint, view))
  try {
    const account = { link, object, view }
    const cause = { ignored: [], words, decision: undefined }
    if (removes && after['active'] === false) await remove(endpoint, account, after, renamed, held)
    else await write(endpoint, account, after, cause, renamed, held)
  } catch (error) {
    if (!changedNothing(error)) throw error
  }
}

function merge(view: Resource, { before, after }: Plan): Resource {
  const untouched = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) =>
    same(view[name], before[name]),
  )
  const rest = Object.entries(view).filter(([name]) => !untouched.includes(name))
  const wanted = Object.entries(after).filter(([name]) => untouched.includes(name))
  return Object.fromEntries([...rest, ...wanted]) as Resource
}
