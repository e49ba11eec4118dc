/** No provider's keys: for an isolate that trusts nobody's tokens. */
import { KeySets } from '../../src/access/key-sets.ts'

export const noKeySets = new KeySets({
  fetch: () => Promise.reject(new TypeError('no provider is there')),
  now: () => Date.now(),
  wait: async () => {},
  checkUrl: () => undefined,
})
