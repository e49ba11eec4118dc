/** The registry: one line for each adapter. Only src/worker.ts reads it. */
import type { Adapter } from '../src/adapter/contract.ts'
import { compileManifest } from '../src/adapter/manifest/compile.ts'
import { manifestSchema } from '../src/adapter/manifest/schema.ts'
import { OnDemand } from '../src/adapter/on-demand.ts'
import { example } from './example/index.ts'
import { exampleAsync, exampleInvite } from './example/later.ts'
import { openldap, openldapWithoutLock } from './openldap/index.ts'
import rabbitmq from './rabbitmq/rabbitmq.manifest.json' with { type: 'json' }
import redmine from './redmine/redmine.manifest.json' with { type: 'json' }
import redmineXml from './redmine/redmine-xml.manifest.json' with { type: 'json' }
import unleash from './unleash/unleash.manifest.json' with { type: 'json' }
import zabbix from './zabbix/zabbix.manifest.json' with { type: 'json' }

const ADAPTERS = [
  example,
  exampleInvite,
  exampleAsync,
  openldap,
  openldapWithoutLock,
] as unknown as readonly Adapter[]
/** Adapters that are data, and part of the build all the same. */
const MANIFESTS = [redmine, redmineXml, rabbitmq, zabbix, unleash]

export const adapters: ReadonlyMap<string, Adapter> = new OnDemand<Adapter>(
  new Map([
    ...ADAPTERS.map((adapter) => [adapter.name, () => adapter] as const),
    ...MANIFESTS.map((manifest) => {
      const compile = () => compileManifest(manifestSchema.parse(manifest)) as unknown as Adapter
      return [manifest.name, compile] as const
    }),
  ]),
)
