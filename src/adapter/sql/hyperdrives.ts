/** The bindings of Hyperdrive among those of a Worker. */

/** Connection strings by the names of their bindings, whatever they are called. */
export function hyperdrivesIn(input: unknown): ReadonlyMap<string, string> {
  const bindings = typeof input === 'object' && input !== null ? Object.entries(input) : []
  return new Map(
    bindings.flatMap(([name, value]): [string, string][] => {
      const text = (value as Partial<Hyperdrive> | null)?.connectionString
      return typeof text === 'string' ? [[name, text]] : []
    }),
  )
}
