/** The real D1, with a note of every trip to it: what was sent, whether alone or in a batch. */
export interface Observed {
  readonly db: D1Database
  /** One entry a trip; a batch is one trip of several statements. */
  readonly trips: string[][]
}

export function observed(db: D1Database): Observed {
  const trips: string[][] = []
  const textOf = new WeakMap<D1PreparedStatement, string>()

  const statement = (real: D1PreparedStatement, text: string): D1PreparedStatement => {
    const proxy = new Proxy(real, {
      get(target, key) {
        const member: unknown = Reflect.get(target, key)
        if (typeof member !== 'function') return member
        return (...args: unknown[]) => {
          if (key !== 'bind') trips.push([text])
          const result: unknown = member.apply(target, args)
          return key === 'bind' ? statement(result as D1PreparedStatement, text) : result
        }
      },
    })
    textOf.set(proxy, text)
    originals.set(proxy, real)
    return proxy
  }
  const originals = new WeakMap<D1PreparedStatement, D1PreparedStatement>()

  const watched = new Proxy(db, {
    get(target, key) {
      if (key === 'prepare') return (text: string) => statement(target.prepare(text), text)
      if (key === 'batch') {
        return (statements: D1PreparedStatement[]) => {
          trips.push(statements.map((s) => textOf.get(s) ?? ''))
          return target.batch(statements.map((s) => originals.get(s) ?? s))
        }
      }
      const member: unknown = Reflect.get(target, key)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
  return { db: watched, trips }
}
