/** Keeps for a connection what its app hands out and wants back, sealed. */
import type { Sealing } from '../access/seal.ts'
import type { Kept } from '../adapter/contract.ts'
import type { Connections, SealedSecret } from '../db/connections.ts'

/** Of the sealed row: no adapter declares a secret of this name. */
const NAME = '*'

export function keptFor(connectionId: string, connections: Connections, sealing: Sealing): Kept {
  const place = { connectionId, name: NAME }
  // A text is sealed into another one each time: what is replaced is the row that was read.
  const read = new Map<string, SealedSecret>()
  return {
    async read() {
      const row = await connections.kept(connectionId)
      if (!row) return undefined
      const text = await sealing.open(row, place)
      read.set(text, row)
      return text
    },
    async replace(from, to) {
      const before = from === undefined ? undefined : read.get(from)
      if (from !== undefined && !before) return false
      const sealed = await sealing.seal(to, place)
      const isReplaced = await connections.keep(connectionId, before, sealed)
      if (isReplaced) read.set(to, sealed)
      return isReplaced
    },
  }
}
