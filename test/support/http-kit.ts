/** The kit of an adapter whose app speaks HTTP, for tests that connect one by hand. */
import type { Kit } from '../../src/adapter/contract.ts'

export function httpKit<Settings>(
  kit: Pick<Kit<Settings>, 'settings' | 'secret' | 'http'>,
): Kit<Settings> {
  return {
    ...kit,
    database: () => {
      throw new Error('this app is no database')
    },
    ldap: () => {
      throw new Error('this app is no directory')
    },
  }
}
