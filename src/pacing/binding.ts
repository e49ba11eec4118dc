/** The binding of the Durable Objects that pace connections, if the Worker has it. */
import type { Lessor } from './lessor.ts'

interface Namespace {
  getByName(name: string): Lessor
}

/**
 * Whoever leases permits for a connection, by its id; undefined where `PACER` is not bound.
 *
 * @throws where it is something else
 */
export function pacersIn(bindings: unknown): ((connection: string) => Lessor) | undefined {
  const { PACER: namespace } = (bindings ?? {}) as { PACER?: Partial<Namespace> }
  if (namespace === undefined) return undefined
  if (typeof namespace.getByName !== 'function') {
    throw new Error(
      "the Worker's bindings are not valid: PACER: must be a Durable Object namespace",
    )
  }
  return (connection) => (namespace as Namespace).getByName(connection)
}
