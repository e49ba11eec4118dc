/** Every command of `postern`. */
import type { Command } from './command.ts'

/** Loaded when asked for: `--help` waits for none of them. */
export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  access: async () => (await import('./access.ts')).access,
  adapter: async () => (await import('./adapter.ts')).adapter,
  alerts: async () => (await import('./alerts.ts')).alerts,
  administrators: async () => (await import('./administrators.ts')).administrators,
  audit: async () => (await import('./audit.ts')).audit,
  clients: async () => (await import('./clients.ts')).clients,
  completion: async () => (await import('./completion.ts')).completion,
  connections: async () => (await import('./connections.ts')).connections,
  doctor: async () => (await import('./doctor.ts')).doctor,
  findings: async () => (await import('./findings.ts')).findings,
  links: async () => (await import('./links.ts')).links,
  mapping: async () => (await import('./mapping.ts')).mapping,
  manifests: async () => (await import('./manifests.ts')).manifests,
  people: async () => (await import('./people.ts')).people,
  preflight: async () => (await import('./preflight.ts')).preflight,
  reconcile: async () => (await import('./reconcile.ts')).reconcile,
  secrets: async () => (await import('./secrets.ts')).secrets,
  simulate: async () => (await import('./simulate.ts')).simulate,
  tokens: async () => (await import('./tokens.ts')).tokens,
}
