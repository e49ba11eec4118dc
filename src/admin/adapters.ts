/** Which adapters there are, what they want, and whether an app answers: routes of the admin API. */
import type { Hono } from 'hono'
import * as z from 'zod'
import type { Access } from '../access/authenticate.ts'
import type { Connection } from '../access/connection.ts'
import { policySchema } from '../access/policy.ts'
import { AdapterFailure } from '../adapter/failure.ts'
import { type AppTrial, type TrialDeps, tryApp } from '../jobs/try-app.ts'
import type { Json, JsonObject } from '../scim/schema.ts'
import { defineResources } from '../scim/schemas.ts'
import { route } from './api.ts'
import { readJson } from './body.ts'
import { type CheckDeps, checkConnection } from './check-connection.ts'
import type { AdapterDescription } from './describe-adapter.ts'
import { attributesForEntra, type EntraMapping, toObjectMappings } from './entra-mapping.ts'
import { invalidInput, invalidMembers, Problem } from './problem.ts'
import { connectionOf } from './query.ts'

/** Where an adapter comes from. */
export type AdapterOrigin = 'built-in' | 'manifest' | 'private' | 'sandbox'

export interface AdapterListing {
  readonly name: string
  readonly origin: AdapterOrigin
}

export interface AdaptersDeps extends CheckDeps {
  readonly trials: TrialDeps
  readonly access: Access
  readonly listAdapters: () => Promise<readonly AdapterListing[]>
  readonly now: () => number
}

export interface AdapterView extends AdapterListing {
  /** JSON Schema; null where the adapter alone can say. */
  readonly settings: JsonObject | null
  readonly secrets: readonly string[]
  readonly resourceTypes: readonly string[]
}

export type { AppTrial }

export interface EntraView extends EntraMapping {
  readonly tenantUrl: string
  /** For Microsoft Graph. */
  readonly schema: ReturnType<typeof toObjectMappings>
}

const tryInput = z.strictObject({
  settings: z.record(z.string(), z.json()).default({}),
  secrets: z.record(z.string(), z.string().min(1).max(10_000)).default({}),
})

const TYPES = ['User', 'Group']

/** For `adminApi`'s `more`. */
export function adapterRoutes(
  deps: AdaptersDeps,
  baseUrl: (requestUrl: string) => string,
): (api: Hono) => void {
  const { trials, listAdapters } = deps

  async function the(name: string): Promise<AdapterListing & { description: AdapterDescription }> {
    const listed = (await listAdapters()).find((one) => one.name === name)
    const description = listed && (await described(deps, name))
    if (!listed || !description) throw new Problem(404, 'There is no adapter of this name')
    return { ...listed, description }
  }

  return (api) => {
    route(api, '/adapters', {
      GET: async (c) => c.json({ items: await listAdapters() }),
    })

    route(api, '/adapters/:name', {
      GET: async (c) => {
        const { description, ...listed } = await the(c.req.param('name') ?? '')
        const view: AdapterView = {
          ...listed,
          settings: description.settingsSchema ?? null,
          secrets: description.secrets,
          resourceTypes: TYPES.filter(
            (type) => description.declaresTypes || description.resource?.(type) !== undefined,
          ),
        }
        return c.json(view)
      },
    })

    route(api, '/adapters/:name/try', {
      POST: async (c) => {
        const { name } = await the(c.req.param('name') ?? '')
        const parsed = tryInput.safeParse(await readJson(c))
        if (!parsed.success) throw invalidInput(invalidMembers(parsed.error, []))
        const settings = parsed.data.settings as JsonObject
        const { secrets } = parsed.data
        const draft = {
          ...{ adapter: name, settings, secrets: Object.keys(secrets) },
          ...{ mapping: {}, policy: {}, extensions: [], resourceTypes: [] },
        }
        const errors = await checkConnection(draft, deps)
        if (errors.length > 0) throw invalidInput(errors)
        const connection = connectionToTry(name, settings, secrets, deps.now())
        return c.json(await tryApp(trials, { connection, isStored: false }))
      },
    })

    route(api, '/connections/:name/entra', {
      GET: async (c) => {
        const connection = await connectionOf(deps, c)
        const adapter = await described(deps, connection.adapter)
        const mapped =
          connection.mapping?.['User'] ??
          adapter?.resource?.('User')?.mapping ??
          (adapter?.declaresTypes ? 'any' : {})
        // Groups that the app does not know are kept here, where the policy says so.
        const hasGroups =
          adapter === undefined ||
          adapter.declaresTypes ||
          adapter.resource?.('Group') !== undefined ||
          connection.policy.groups.mode !== 'native'
        const attributes = attributesForEntra(mapped, connection.policy.match, hasGroups)
        const view: EntraView = {
          tenantUrl: `${baseUrl(c.req.url)}/scim/${connection.name}/v2`,
          ...attributes,
          schema: toObjectMappings(attributes),
        }
        return c.json(view as unknown as Json)
      },
    })
  }
}

/** @throws {Problem} 503 where a private one does not answer */
export async function described(
  { describeAdapter }: CheckDeps,
  name: string,
): Promise<AdapterDescription | undefined> {
  try {
    return await describeAdapter(name)
  } catch (error) {
    if (!(error instanceof AdapterFailure)) throw error
    throw new Problem(503, error.message)
  }
}

/** As one that was just created would be, and stored nowhere. */
function connectionToTry(
  adapter: string,
  settings: JsonObject,
  secrets: Readonly<Record<string, string>>,
  now: number,
): Connection {
  return {
    // The same each time: trials of one adapter go by one pace.
    id: `new ${adapter}`,
    name: 'new',
    ...{ adapter, settings },
    adapterIdentity: undefined,
    policy: policySchema.parse({ mode: 'observe' }),
    ...{ modeUntil: undefined, mapping: undefined, mappingVersion: 1 },
    definitions: defineResources([], []),
    dataDatabase: 'DB',
    ...{ version: 1, createdAt: now, updatedAt: now },
    secrets: async () => secrets,
  }
}
