/** Adapters as administrators and the cron ask for them: by name, whichever kind they are of. */
import { checkSettings } from '../adapter/check-settings.ts'
import type { AdapterListing } from '../admin/adapters.ts'
import {
  type AdapterDescription,
  describeAdapter,
  describePrivate,
  schemaOf,
} from '../admin/describe-adapter.ts'
import type { Core } from './core.ts'

export interface KnownAdapters {
  readonly describe: (name: string) => Promise<AdapterDescription | undefined>
  /** By name. */
  readonly list: () => Promise<readonly AdapterListing[]>
  /** True: no manifest may take the name. */
  readonly isBuiltIn: (name: string) => boolean
}

export function knownAdapters({ parts, apps: { remotes }, stored }: Core): KnownAdapters {
  const { adapters, sandbox } = parts
  return {
    async describe(name) {
      if (name === sandbox.name) {
        return {
          checkSettings: async (given) => checkSettings(sandbox, given),
          settingsSchema: schemaOf(sandbox.settings),
          secrets: sandbox.secrets,
          resourceAttributes: () => 'any',
          declaresTypes: true,
        }
      }
      const remote = remotes.get(name)
      if (remote) return describePrivate(remote)
      const adapter = adapters.get(name) ?? (await stored.latest(name))
      return adapter && describeAdapter(adapter)
    },
    async list() {
      const own = new Map<string, AdapterListing['origin']>([
        [sandbox.name, 'sandbox'],
        ...(await stored.names()).map((name) => [name, 'manifest'] as const),
        ...[...adapters.keys()].map((name) => [name, 'built-in'] as const),
        ...[...remotes.keys()].map((name) => [name, 'private'] as const),
      ])
      return [...own]
        .map(([name, origin]) => ({ name, origin }))
        .sort((a, b) => (a.name < b.name ? -1 : 1))
    },
    isBuiltIn: (name) => name === sandbox.name || remotes.has(name) || adapters.has(name),
  }
}
