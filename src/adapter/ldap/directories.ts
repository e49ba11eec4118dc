/** Opens directories. What speaks LDAP is loaded when one is first asked: most connections have none. */
import type { OpenSocket } from '../open-socket.ts'
import type { LdapClient, OpenDirectory } from './client.ts'

/** @param openSocket that of `cloudflare:sockets` */
export function directoriesBy(openSocket: OpenSocket): OpenDirectory {
  return (options) => {
    let client: LdapClient | undefined
    return {
      async use(work) {
        if (!client) {
          const { createLdapClient } = await import('./client.ts')
          client ??= createLdapClient({ ...options, openSocket })
        }
        return client.use(work)
      },
    }
  }
}
