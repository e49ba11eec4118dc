/** Keeps for a connection what its app hands out and wants back, sealed. */
import type { Sealing } from '../access/seal.ts'
import type { Kept } from '../adapter/contract.ts'
import type { SealedSecret } from '../db/connection-secrets.ts'
import type { Connections } from '../db/connections.ts'
import { unsealed } from './unsealed.ts'

/** Of the sealed row: no adapter declares a secret of this name. */
const NAME = '*'
/** A key rotates, and another one perhaps: a third time within one request is no chance. */
const ATTEMPTS = 3

/** @param isTrial of settings, secrets or a manifest that are not stored */
export function keptFor(
  connectionId: string,
  connections: Connections,
  sealing: Sealing,
  isTrial = false,
): Kept {
  const place = { connectionId, name: NAME }
  // A text is sealed into another one each time: what is replaced is the row that was read.
  const read = new Map<string, SealedSecret>()

  async function readRow(): Promise<string | undefined> {
    const row = await connections.kept(connectionId)
    if (!row) return undefined
    const text = await unsealed(() => sealing.open(row, place))
    read.set(text, row)
    return text
  }

  return {
    isTrial,
    read: readRow,
    async replace(from, to) {
      if (from !== undefined && !read.has(from)) return false
      const sealed = await unsealed(() => sealing.seal(to, place))
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const before = from === undefined ? undefined : read.get(from)
        if (await connections.keep(connectionId, before, sealed)) {
          read.set(to, sealed)
          return true
        }
        // The cron may have sealed the same text anew: a token that the app has just handed out, and
        // takes no other for, must not be lost for that.
        if (from === undefined || (await readRow()) !== from) return false
      }
      return false
    },
  }
}
