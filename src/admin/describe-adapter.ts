/** What the admin API has to know about an adapter to check a connection that uses it. */
import * as z from 'zod'
import { checkSettings, type SettingsCheck } from '../adapter/check-settings.ts'
import type { Adapter, ResourceSpec } from '../adapter/contract.ts'
import { identityOf } from '../adapter/identity.ts'
import type { RemoteAdapter } from '../adapter/remote/connect.ts'
import type { JsonObject } from '../scim/schema.ts'

export interface AdapterDescription {
  checkSettings(given: Readonly<Record<string, unknown>>): Promise<SettingsCheck>
  /** JSON Schema of the settings, for whoever makes a form of it; absent where nobody can say. */
  readonly settingsSchema?: JsonObject
  /** What links go by; absent where there is no app behind it. */
  readonly identity?: string
  /** Names of the secrets that a connection must hold. */
  readonly secrets: readonly string[]
  /** The app's attributes of a resource type: none where it has no such type. */
  resourceAttributes(resourceType: string): readonly string[] | 'any'
  /** What the app declares of a resource type; absent where `resourceAttributes` is `any`. */
  resource?(resourceType: string): ResourceSpec | undefined
  /** True: connections may declare resource types of their own. */
  readonly declaresTypes: boolean
  /** True: it runs in a Worker of its own, which may hold secrets that no connection has. */
  readonly isPrivate?: boolean
}

/**
 * Undefined: no adapter or manifest of that name.
 *
 * @throws {AdapterFailure} where a private one does not answer, or does not fit
 */
export type DescribeAdapter = (
  name: string,
) => AdapterDescription | undefined | Promise<AdapterDescription | undefined>

/** Of an adapter with an app behind it, code or manifest. */
export function describeAdapter<Settings>(adapter: Adapter<Settings>): AdapterDescription {
  const { secrets, resources } = adapter
  return {
    checkSettings: async (given) => checkSettings(adapter, given),
    settingsSchema: schemaOf(adapter.settings),
    identity: identityOf(adapter),
    secrets,
    resourceAttributes: (type) => Object.keys(resources[type]?.attributes ?? {}),
    resource: (type) => resources[type],
    declaresTypes: false,
  }
}

/** What an administrator enters; what JSON Schema has no word for is left open. */
export function schemaOf(settings: z.ZodType): JsonObject {
  return z.toJSONSchema(settings, { io: 'input', unrepresentable: 'any' }) as JsonObject
}

/** Of an adapter in a Worker of its own, which checks settings itself. @throws {AdapterFailure} */
export async function describePrivate(remote: RemoteAdapter): Promise<AdapterDescription> {
  const described = await remote.describe()
  const { secrets, resources } = described
  return {
    checkSettings: (given) => remote.checkSettings(given),
    identity: identityOf(described),
    secrets,
    resourceAttributes: (type) => Object.keys(resources[type]?.attributes ?? {}),
    resource: (type) => resources[type],
    declaresTypes: false,
    isPrivate: true,
  }
}
