/** What a mapping makes of a sample, with nothing written: for whoever is about to save it. */
import type { Connection } from '../access/connection.ts'
import type { Attributes, NativeObject } from '../adapter/contract.ts'
import { AdapterFailure } from '../adapter/failure.ts'
import { toShadow, toView } from '../mapping/shadow.ts'
import { firstWords } from '../mapping/words.ts'
import { holdable } from '../operations/attributes.ts'
import type { Endpoint } from '../operations/endpoint.ts'
import { toScimError } from '../operations/failure.ts'
import { ScimError } from '../scim/error.ts'
import type { JsonObject } from '../scim/schema.ts'
import { endpointOf } from './endpoint.ts'
import type { Jobs } from './jobs.ts'

export interface Trial {
  /** What the app would get, or holds. */
  readonly app?: { readonly attributes: Attributes; readonly active?: boolean }
  /** What the client would read back. */
  readonly resource?: JsonObject
  readonly ignored?: readonly string[]
  /** `path` leads to the entry of the mapping, or to the member of the request. */
  readonly errors: readonly { readonly path: string; readonly message: string }[]
}

/** A resource as a client would send it, or the native id of what is in the app. */
export type Sample = { readonly resource: JsonObject } | { readonly nativeId: string }

/** Undefined: the connection has no such resource type. */
export async function tryMapping(
  jobs: Jobs,
  connection: Connection,
  type: string,
  sample: Sample,
): Promise<Trial | undefined> {
  const endpoint = await endpointOf(jobs, connection, type, 'scan')
  if (!endpoint) return undefined
  if ('resource' in sample) return tryResource(endpoint, sample.resource)
  try {
    return await tryObject(endpoint, sample.nativeId)
  } catch (error) {
    if (!(error instanceof AdapterFailure)) throw error
    const { message } = toScimError(error, endpoint.mapping)
    return { errors: [{ path: 'nativeId', message }] }
  }
}

/** To an app that keeps what it is given. */
async function tryResource(endpoint: Endpoint, body: unknown): Promise<Trial> {
  const { definition, mapping } = endpoint
  let given: ReturnType<typeof holdable>
  try {
    given = holdable(endpoint, body)
  } catch (error) {
    if (!(error instanceof ScimError)) throw error
    return { errors: [{ path: 'resource', message: error.message }] }
  }
  const hasSwitch = definition.coreAttribute('active') && given.resource['active'] === undefined
  const sent = hasSwitch ? { ...given.resource, active: true } : given.resource
  const { attributes, faults } = await mapping.tryToApp(sent)
  const isActive = { ...(mapping.switches && { active: sent['active'] !== false }) }
  const object: NativeObject = { id: 'sample', attributes, ...isActive }
  const shadow = toShadow(definition, mapping, 0, sent, object, firstWords(sent))
  return {
    app: { attributes, ...isActive },
    resource: toView(mapping, 0, object, shadow),
    ignored: given.ignored,
    errors: faults.map(({ key, fault }) => ({
      path: `mapping.${definition.type.name}.${key}`,
      message: fault.message,
    })),
  }
}

/** An account or group that is in the app, as a client that never wrote it would read it. */
async function tryObject(endpoint: Endpoint, nativeId: string): Promise<Trial> {
  const object = await endpoint.port.get(nativeId)
  if (!object) {
    return { errors: [{ path: 'nativeId', message: 'the app has nothing under this id' }] }
  }
  const { attributes, active } = object
  return {
    app: { attributes, ...(active !== undefined && { active }) },
    resource: endpoint.mapping.toScim(object),
    errors: [],
  }
}
