/** Opens sessions. Drivers are loaded when a database is first asked for: most connections ask none. */

import type { OpenSocket } from '../open-socket.ts'
import type { Dial } from './session.ts'

/** @param openSocket that of `cloudflare:sockets` */
export function createDial(openSocket: OpenSocket): Dial {
  return async (target, signal) => {
    switch (target.dialect) {
      case 'postgres': {
        const { openPostgres } = await import('./postgres.ts')
        return openPostgres(target, openSocket, signal)
      }
      case 'mysql': {
        const { openMysql } = await import('./mysql.ts')
        return openMysql(target, openSocket, signal)
      }
    }
  }
}
