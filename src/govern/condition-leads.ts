/** Where the cause of a condition is seen: a page of the console, and a command. Pure. */
import type { Condition } from './condition.ts'
import { type RefusalGroup, reasonsOf } from './refusals.ts'

export interface Lead {
  /** Below the console's pages of the connection; '' is its overview. */
  readonly page: string
  /** Of `postern`. */
  readonly command: string
}

export function leadOf({ kind, subject, detail }: Condition, connection: string): Lead {
  switch (kind) {
    case 'app-credential':
    case 'app-failing':
    case 'circuit-open':
    case 'guard':
    case 'ambiguous':
    case 'mode-ended':
    case 'protected':
    case 'id-reuse':
    case 'missing':
    case 'not-created':
    case 'not-removed':
    case 'member-blocked':
    case 'deleted-member':
    case 'alert-undelivered': {
      const command = `findings ${connection}`
      return { page: `/findings#finding-${detail['finding']}`, command }
    }
    case 'orphans':
      return { page: '/findings?kind=orphan', command: `access ${connection} --orphans` }
    case 'token-expiring':
      return { page: '/tokens', command: `tokens new ${connection}` }
    case 'client-secret-expiring':
      return { page: '/tokens', command: `clients list ${connection}` }
    case 'client-refused':
      return { page: '/tokens', command: `tokens list ${connection}` }
    case 'client-misdirected':
      return { page: '/connect', command: `connections ${connection}` }
    case 'refused': {
      const decision = reasonsOf(subject as RefusalGroup).join(',')
      const page = `/audit?${new URLSearchParams({ decision })}`
      return { page, command: `audit ${connection} --decision ${decision}` }
    }
    case 'unknown-attributes':
      return {
        page: '/audit?unknown=true',
        command: `audit ${connection} --unknown`,
      }
    case 'app-slow':
      return { page: '/audit', command: `audit ${connection}` }
    case 'client-quarantine':
      return { page: '/audit?outcome=refused', command: `audit ${connection} --outcome refused` }
    case 'client-silent':
    case 'database-unbound':
    case 'database-silent':
      return { page: '', command: `doctor ${connection}` }
    case 'sealing-key-lost':
      return { page: '', command: 'secrets status' }
  }
}
