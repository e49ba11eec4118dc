/** What a mapping makes of a sample, with nothing written: for whoever is about to save it. */
import type { Connection, MappingOverride } from '../access/connection.ts'
import type { Attributes, NativeObject, Value } from '../adapter/contract.ts'
import { AdapterFailure } from '../adapter/failure.ts'
import { Links } from '../db/links.ts'
import { Mapping } from '../mapping/mapping.ts'
import { toShadow, toView } from '../mapping/shadow.ts'
import { firstWords } from '../mapping/words.ts'
import { viewOf } from '../operations/account.ts'
import { holdable } from '../operations/attributes.ts'
import type { Endpoint } from '../operations/endpoint.ts'
import { toScimError } from '../operations/failure.ts'
import { ScimError } from '../scim/error.ts'
import type { JsonObject, Resource } from '../scim/schema.ts'
import { endpointOf } from './endpoint.ts'
import type { Jobs } from './jobs.ts'

export interface Trial {
  /** What the app would get, or holds. */
  readonly app?: { readonly attributes: Attributes; readonly active?: boolean }
  /** What the client would read back. */
  readonly resource?: JsonObject
  readonly ignored?: readonly string[]
  /** Of somebody who is linked: what the app would be told, once the client says all of it again. */
  readonly changes?: readonly {
    readonly attribute: string
    /** Null: no value. */
    readonly now: Value | null
    readonly next: Value | null
  }[]
  /** `path` leads to the entry of the mapping, or to the member of the request. */
  readonly errors: readonly { readonly path: string; readonly message: string }[]
}

/** A resource as a client would send it, the native id of what is in the app, or the id of a link. */
export type Sample =
  | { readonly resource: JsonObject }
  | { readonly nativeId: string }
  | { readonly link: string }

/**
 * @param mapping in place of the connection's own; undefined: the one that holds
 * @returns undefined: the connection has no such resource type
 */
export async function tryMapping(
  jobs: Jobs,
  connection: Connection,
  mapping: MappingOverride | undefined,
  type: string,
  sample: Sample,
): Promise<Trial | undefined> {
  const endpoint = await endpointOf(jobs, connection, type, 'scan')
  if (!endpoint) return undefined
  const { definition, spec } = endpoint
  const tried = mapping ? new Mapping(definition, spec, mapping[type]) : endpoint.mapping
  if ('resource' in sample) return tryResource({ ...endpoint, mapping: tried }, sample.resource)
  try {
    return 'link' in sample
      ? await tryLinked(endpoint, tried, sample.link)
      : await tryObject({ ...endpoint, mapping: tried }, sample.nativeId)
  } catch (error) {
    if (!(error instanceof AdapterFailure)) throw error
    const { message } = toScimError(error, tried)
    return { errors: [{ path: 'link' in sample ? 'person' : 'nativeId', message }] }
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
  return { ...(await sentTo(endpoint, mapping, sent)), ignored: given.ignored }
}

/** @param account what the app holds before; absent: nothing */
async function sentTo(
  { definition }: Endpoint,
  mapping: Mapping,
  sent: Resource,
  account?: NativeObject,
): Promise<Trial> {
  const { attributes, faults } = await mapping.tryToApp(sent)
  const isActive = { ...(mapping.switches && { active: sent['active'] !== false }) }
  const held = { ...account?.attributes, ...attributes }
  const object: NativeObject = { id: 'sample', attributes: held, ...isActive }
  const shadow = toShadow(definition, mapping, 0, sent, object, firstWords(sent))
  return {
    app: { attributes, ...isActive },
    resource: toView(mapping, 0, object, shadow),
    errors: faults.map(({ key, fault }) => ({
      path: `mapping.${definition.type.name}.${key}`,
      message: fault.message,
    })),
  }
}

/** Somebody as the client knows them now, told to the app by another mapping. */
async function tryLinked(endpoint: Endpoint, tried: Mapping, id: string): Promise<Trial> {
  const { connection, db, port } = endpoint
  const [link] = await new Links(db, connection.id).getAll([id])
  const object = link?.nativeId === undefined ? undefined : await port.get(link.nativeId)
  if (!link || !object) {
    return { errors: [{ path: 'person', message: 'the app has no account under this link now' }] }
  }
  const view = viewOf(endpoint, link, object)
  const trial = await sentTo(endpoint, tried, view, object)
  // What has no form is told by `errors`, and a client would be refused as a whole.
  if (trial.errors.length > 0) return trial
  const { set, unset } = await tried.delta({}, view, object, true)
  const names = [...Object.keys(set), ...unset]
  return {
    ...trial,
    changes: names.map((attribute) => ({
      attribute,
      now: object.attributes[attribute] ?? null,
      next: set[attribute] ?? null,
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
