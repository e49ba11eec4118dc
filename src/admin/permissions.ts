/**
 * Who may do what by the admin API: every route and method, in one table. `route` takes no other one, and
 * one that is not here does not compile. docs/security.md has it in words.
 */
import type { Need } from '../access/administrator.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Looks, and sees no secret. */
const AUDITOR: Need = { role: 'auditor', of: 'some' }
/** Runs what is theirs. */
const OPERATOR: Need = { role: 'operator', of: 'some' }
const OWNER: Need = { role: 'owner', of: 'some' }
/** What reaches across connections is for those who are limited to none. */
const AUDITOR_OF_ALL: Need = { role: 'auditor', of: 'all' }
const OPERATOR_OF_ALL: Need = { role: 'operator', of: 'all' }
const OWNER_OF_ALL: Need = { role: 'owner', of: 'all' }

/** Below `/connections/:name`, a connection that is not theirs is one that is not there. */
export const PERMISSIONS = {
  '/me': { GET: AUDITOR },
  '/administrators': { GET: OWNER_OF_ALL, POST: OWNER_OF_ALL },
  '/administrators/:id': { GET: OWNER_OF_ALL, PATCH: OWNER_OF_ALL, DELETE: OWNER_OF_ALL },
  '/administrators/:id/tokens': { POST: OWNER_OF_ALL },
  '/administrators/:id/tokens/:token': { DELETE: OWNER_OF_ALL },

  // The lists show theirs only.
  '/overview': { GET: AUDITOR },
  '/people': { GET: AUDITOR },
  '/metrics': { GET: AUDITOR },
  '/conditions': { GET: AUDITOR },
  '/connections': { GET: AUDITOR, POST: OPERATOR_OF_ALL },
  '/connections/:name': { GET: AUDITOR, PATCH: OPERATOR, DELETE: OWNER },
  '/connections/:name/overview': { GET: AUDITOR },
  '/connections/:name/conditions': { GET: AUDITOR },
  '/connections/:name/entra': { GET: AUDITOR },
  '/connections/:name/adapter': { GET: AUDITOR },
  // Calls the app with what it is given, as a changed connection would.
  '/connections/:name/try': { POST: OPERATOR },
  '/connections/:name/tokens': { GET: AUDITOR, POST: OPERATOR },
  '/connections/:name/tokens/:id': { DELETE: OPERATOR },
  '/connections/:name/clients': { GET: AUDITOR, POST: OPERATOR },
  '/connections/:name/clients/:id': { GET: AUDITOR, DELETE: OPERATOR },
  '/connections/:name/clients/:id/secrets': { POST: OPERATOR },
  '/connections/:name/clients/:id/secrets/:secret': { DELETE: OPERATOR },
  '/connections/:name/reconcile': { GET: AUDITOR, POST: OPERATOR },
  '/connections/:name/reconcile/:id': { GET: AUDITOR },
  '/connections/:name/reconcile/:id/advance': { POST: OPERATOR },
  '/connections/:name/preflight': { POST: OPERATOR },
  '/connections/:name/preflight/:id': { GET: AUDITOR },
  '/connections/:name/findings': { GET: AUDITOR },
  '/connections/:name/findings/:id/decide': { POST: OPERATOR },
  '/connections/:name/audit': { GET: AUDITOR },
  '/connections/:name/access': { GET: AUDITOR },
  '/connections/:name/health': { GET: AUDITOR },
  '/connections/:name/alerts': { GET: AUDITOR },
  '/connections/:name/alerts/notices': { GET: AUDITOR },
  '/connections/:name/alerts/channels': { GET: AUDITOR },
  '/connections/:name/alerts/channels/:channel': { GET: AUDITOR, PUT: OPERATOR, DELETE: OPERATOR },
  '/connections/:name/alerts/channels/:channel/test': { POST: OPERATOR },
  '/connections/:name/alerts/channels/:channel/secrets': { POST: OPERATOR },
  '/connections/:name/alerts/channels/:channel/secrets/:secret': { DELETE: OPERATOR },
  '/connections/:name/leavers': { GET: AUDITOR },
  '/connections/:name/leavers/remove': { POST: OPERATOR },
  '/connections/:name/mapping/try': { POST: OPERATOR },
  '/connections/:name/mapping/history': { GET: AUDITOR },
  '/connections/:name/doctor': { GET: AUDITOR },
  '/connections/:name/export': { GET: AUDITOR },
  '/connections/:name/links': { GET: AUDITOR, POST: OPERATOR },
  '/connections/:name/people': { GET: AUDITOR },
  '/connections/:name/people/:id': { GET: AUDITOR, DELETE: OPERATOR },
  '/connections/:name/groups': { GET: AUDITOR },
  '/connections/:name/groups/:id': { GET: AUDITOR },
  '/connections/:name/groups/:id/members': { GET: AUDITOR },
  '/connections/:name/guard': { GET: AUDITOR },

  '/adapters': { GET: AUDITOR_OF_ALL },
  '/adapters/:name': { GET: AUDITOR_OF_ALL },
  // Calls the app with what it is given, as a new connection would.
  '/adapters/:name/try': { POST: OPERATOR_OF_ALL },
  '/databases': { GET: AUDITOR_OF_ALL },
  // A manifest names the connections that use it, and changes what they send where.
  '/manifests': { GET: AUDITOR_OF_ALL },
  '/manifests/:name': { GET: AUDITOR_OF_ALL, PUT: OPERATOR_OF_ALL, DELETE: OPERATOR_OF_ALL },
  // Calls the app of a connection with its secrets, by what it is given.
  '/manifests/:name/try': { POST: OPERATOR_OF_ALL },
  '/manifests/:name/rollback': { POST: OPERATOR_OF_ALL },
  // Channels of the gateway hear of every connection.
  '/alerts/channels': { GET: AUDITOR_OF_ALL },
  '/alerts/channels/:channel': {
    GET: AUDITOR_OF_ALL,
    PUT: OPERATOR_OF_ALL,
    DELETE: OPERATOR_OF_ALL,
  },
  '/alerts/channels/:channel/test': { POST: OPERATOR_OF_ALL },
  '/alerts/channels/:channel/secrets': { POST: OPERATOR_OF_ALL },
  '/alerts/channels/:channel/secrets/:secret': { DELETE: OPERATOR_OF_ALL },
  '/sealing': { GET: AUDITOR_OF_ALL },
  '/doctor': { GET: AUDITOR_OF_ALL },
} as const satisfies Readonly<Record<string, Readonly<Partial<Record<Method, Need>>>>>

export type AdminPath = keyof typeof PERMISSIONS
export type MethodOf<P extends AdminPath> = keyof (typeof PERMISSIONS)[P] & string

/** Each route and method with what it needs. */
export function permissions(): readonly {
  readonly method: string
  readonly path: AdminPath
  readonly need: Need
}[] {
  return Object.entries(PERMISSIONS).flatMap(([path, needs]) =>
    Object.entries<Need>(needs).map(([method, need]) => ({
      method,
      path: path as AdminPath,
      need,
    })),
  )
}
