/** What links of an adapter go by: another version of it must not make it something else. */
import type { Adapter } from './contract.ts'

/** By resource type. */
type Identities = Readonly<Record<string, string>>

/** As text, to be stored with a connection and compared. */
export function identityOf({
  identity = 1,
  resources,
}: Pick<Adapter, 'resources' | 'identity'>): string {
  const types = Object.entries(resources).map(([type, { naming, capabilities }]) => {
    // Where the app holds no members, Postern does: they would be kept elsewhere.
    const holder = capabilities.membership === 'none' ? 'postern' : 'app'
    return [type, `${identity} ${holder} ${naming}`] as const
  })
  return JSON.stringify(Object.fromEntries(types.sort(([a], [b]) => (a < b ? -1 : 1))))
}

/** The resource types whose links would come to mean something else, or nothing. */
export function movedTypes(from: string, to: string): string[] {
  const [before, after] = [JSON.parse(from) as Identities, JSON.parse(to) as Identities]
  return Object.keys(before).filter((type) => before[type] !== after[type])
}
