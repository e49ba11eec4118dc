/** The app, as a connection that is not live may use it. */
import type { AnyPort } from '../adapter/contract.ts'
import { READS } from '../adapter/reads.ts'
import { ScimError } from '../scim/error.ts'

/**
 * The same port, whose writes are refused. The modes are carried out where each write is decided;
 * this is the second lock, for a path to the app that somebody forgets.
 */
export function readOnly(port: AnyPort): AnyPort {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return READS.has(name) ? value.bind(target) : refuse
    },
  })
}

async function refuse(): Promise<never> {
  throw new ScimError(
    400,
    'This connection does not write to its app. An administrator must set its mode to "live".',
  )
}
