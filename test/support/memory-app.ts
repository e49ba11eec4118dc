/** An app that keeps what it is given, for attributes that the example app does not have. */
import type {
  AnyPort,
  AttributeSpec,
  Attributes,
  CreateRequest,
  Delta,
  NativeObject,
} from '../../src/adapter/contract.ts'

export interface MemoryApp {
  readonly port: Partial<AnyPort>
  readonly attributes: Readonly<Record<string, AttributeSpec>>
  readonly accounts: Map<string, NativeObject>
  /** What the app was told, in order. */
  readonly told: (CreateRequest['attributes'] | Delta)[]
  /** Somebody changes it by hand. */
  readonly change: (id: string, attributes: Attributes) => void
}

/** @param rewrite what the app makes of a value that it is given */
export function openMemoryApp(
  attributes: Readonly<Record<string, AttributeSpec>>,
  rewrite: (value: Attributes[string]) => Attributes[string] = (value) => value,
): MemoryApp {
  const accounts = new Map<string, NativeObject>()
  const told: (CreateRequest['attributes'] | Delta)[] = []
  const keep = (given: Attributes): Attributes =>
    Object.fromEntries(Object.entries(given).map(([name, value]) => [name, rewrite(value)]))
  const change = (id: string, changed: Attributes) => {
    const account = accounts.get(id)
    if (!account) throw new Error(`no account ${id}`)
    const next = { ...account, attributes: { ...account.attributes, ...changed } }
    accounts.set(id, next)
    return next
  }
  const port: Partial<AnyPort> = {
    get: async (id) => accounts.get(id) ?? null,
    find: async (attribute, value) =>
      [...accounts.values()].filter(({ attributes: held }) => held[attribute] === value),
    list: async () => ({ items: [...accounts.values()] }),
    create: async ({ attributes: given, active }) => {
      told.push(given)
      const object = { id: crypto.randomUUID(), attributes: keep(given), active: active ?? true }
      accounts.set(object.id, object)
      return { kind: 'created', object }
    },
    update: async (id, delta) => {
      told.push(delta)
      const cleared = Object.fromEntries(delta.unset.map((name) => [name, null]))
      return { kind: 'ok', object: change(id, { ...keep(delta.set), ...cleared }) }
    },
    setActive: async (id, active) => {
      const account = accounts.get(id)
      if (!account) return { kind: 'gone' }
      const object = { ...account, active }
      accounts.set(id, object)
      return { kind: 'ok', object }
    },
    remove: async (id) => (accounts.delete(id) ? { kind: 'ok' } : { kind: 'gone' }),
  }
  return { port, attributes, accounts, told, change }
}
