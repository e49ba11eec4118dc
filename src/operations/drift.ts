/**
 * Drift, as operations meet it: a client that sends what the app has moved to agrees with the app,
 * and what the connection's policy says of the rest.
 */
import type { NativeObject } from '../adapter/contract.ts'
import type { Link } from '../db/link.ts'
import { type Drift, driftOf } from '../mapping/drift.ts'
import { same } from '../mapping/same.ts'
import { parseShadow } from '../mapping/shadow.ts'
import { furtherWords, type Words } from '../mapping/words.ts'
import { ScimError } from '../scim/error.ts'
import { getAt, parsePath, printPath, removeAt, setAt } from '../scim/path.ts'
import type { Resource, ResourceDefinition } from '../scim/schema.ts'
import type { Account } from './account.ts'
import type { Endpoint } from './endpoint.ts'
import { standsIn, withFormer } from './inactive.ts'

type Rule = 'report' | 'restore' | 'accept'

/** What policy says of drift at this place: the most exact path decides; `*` is all the rest. */
export function driftRule({ connection, definition }: Endpoint, key: string): Rule {
  const given: Readonly<Record<string, Rule>> = connection.policy.drift
  let rule = given['*'] ?? 'report'
  let longest = -1
  for (const [text, one] of Object.entries(given)) {
    const path = canonical(definition, text)
    if (path !== undefined && path.length > longest && covers(path, key)) {
      longest = path.length
      rule = one
    }
  }
  return rule
}

function canonical(definition: ResourceDefinition, text: string): string | undefined {
  const path = text === '*' ? undefined : parsePath(definition, text, 'tolerant')
  return path && path.kind !== 'unknown' ? printPath(path) : undefined
}

/** `name` covers `name.givenName`, `emails` its elements, an extension's URN its attributes. */
function covers(path: string, key: string): boolean {
  return key === path || (key.startsWith(path) && ['.', '[', ':'].includes(key[path.length] ?? ''))
}

/**
 * What has drifted under a link. Where policy stands in for the app's switch the client has no word on
 * that, and what a downgrade replaced is no drift.
 */
export function driftIn(
  endpoint: Endpoint,
  link: Pick<Link, 'shadow' | 'former'>,
  object: NativeObject,
): Drift[] {
  const { mapping, connection } = endpoint
  const shown = withFormer(link, object)
  const drift = driftOf(mapping, connection.mappingVersion, parseShadow(link.shadow), shown)
  const isReplaced = mapping.switches && standsIn(endpoint)
  return isReplaced ? drift.filter(({ place }) => place.key !== 'active') : drift
}

/** The view in which the client's last words stand where the app has moved. */
export function undrifted(view: Resource, drift: readonly Drift[]): Resource {
  let mended = view
  for (const { place, sent, elements } of drift) {
    // `setAt` finds each element again by the part that is sent.
    if (elements) mended = setAt(mended, elements.path, elements.value)
    mended = sent === null ? removeAt(mended, place.path) : setAt(mended, place.path, sent)
  }
  return mended
}

/** What one request says of an account, beside the view that it wants. */
export interface Said {
  /**
   * True: it sends, as the app has it, a value that had moved there. It changes nothing in the view,
   * and yet the client's last word is another one from now on.
   */
  readonly agrees: boolean
  /** True: it says that the person is on, whether they were or not. */
  readonly turnsOn: () => boolean
  /** What an update to this view leaves as the client's words. */
  readonly words: (after: Resource) => Words
}

type Want = (account: Account) => { readonly view: Resource }

/**
 * A request is known by what it does. Applied to the view without the drift it speaks of what comes
 * out otherwise than it went in, and applied to a view without any mapped value, of what is there
 * afterwards. The first is asked only where something has drifted, the second only for a write.
 */
export function saidIn(endpoint: Endpoint, account: Account, want: Want): Said {
  const { link, object, view } = account
  const confirmed = confirmedBy(endpoint, account, want)
  return {
    agrees: confirmed.size > 0,
    turnsOn() {
      const wanted = tryWant(want, { ...account, view: { ...view, active: false } })
      return wanted?.['active'] === true
    },
    words(after) {
      const sent = tryWant(want, { ...account, view: bare(endpoint, view) }) ?? {}
      return furtherWords(
        { shadow: parseShadow(link.shadow), object: withFormer(link, object) },
        { before: view, after },
        (path) => getAt(sent, path) !== undefined || confirmed.has(printPath(path)),
      )
    },
  }
}

function confirmedBy(endpoint: Endpoint, account: Account, want: Want): ReadonlySet<string> {
  const drift = driftIn(endpoint, account.link, account.object)
  if (drift.length === 0) return new Set()
  const mended = undrifted(account.view, drift)
  const wanted = tryWant(want, { ...account, view: mended })
  return new Set(
    drift
      .filter(({ place: { path } }) => !wanted || !same(getAt(wanted, path), getAt(mended, path)))
      .map(({ place }) => place.key),
  )
}

function bare({ mapping }: Endpoint, view: Resource): Resource {
  let rest = view
  for (const { path } of mapping.places) rest = removeAt(rest, path)
  return rest
}

/** Undefined where the other view does not allow it: an immutable value, a target that is gone. */
function tryWant(want: Want, account: Account): Resource | undefined {
  try {
    return want(account).view
  } catch (error) {
    if (error instanceof ScimError) return undefined
    throw error
  }
}
