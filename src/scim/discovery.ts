/** What a client can ask about the service itself (RFC 7644 §4, RFC 7643 §5, §6, §7, RFC 9865 §4). */
import type { Attribute, JsonObject, ResourceDefinition, ResourceType, Schema } from './schema.ts'
import { RESOURCE_TYPE, SCHEMA, SERVICE_PROVIDER_CONFIG } from './urn.ts'

export interface ServiceProviderConfigInput {
  /** Of the connection, ending in `/v2`. */
  readonly baseUrl: string
  readonly documentationUri?: string
  readonly patch: boolean
  readonly bulk: {
    readonly supported: boolean
    readonly maxOperations: number
    /** Bytes. */
    readonly maxPayloadSize: number
  }
  readonly filter: { readonly supported: boolean; readonly maxResults: number }
  readonly changePassword: boolean
  readonly sort: boolean
  readonly etag: boolean
  readonly pagination: {
    readonly cursor: boolean
    readonly index: boolean
    readonly defaultPageSize: number
    readonly maxPageSize: number
    /** Left out where cursors do not expire. */
    readonly cursorTimeoutSeconds?: number
  }
}

export function serviceProviderConfig(input: ServiceProviderConfigInput): JsonObject {
  const { baseUrl, documentationUri, bulk, filter, pagination } = input
  const { cursorTimeoutSeconds } = pagination
  return {
    schemas: [SERVICE_PROVIDER_CONFIG],
    ...(documentationUri !== undefined && { documentationUri }),
    patch: { supported: input.patch },
    bulk: {
      supported: bulk.supported,
      maxOperations: bulk.maxOperations,
      maxPayloadSize: bulk.maxPayloadSize,
    },
    filter: { supported: filter.supported, maxResults: filter.maxResults },
    changePassword: { supported: input.changePassword },
    sort: { supported: input.sort },
    etag: { supported: input.etag },
    pagination: {
      cursor: pagination.cursor,
      index: pagination.index,
      defaultPaginationMethod: pagination.index ? 'index' : 'cursor',
      defaultPageSize: pagination.defaultPageSize,
      maxPageSize: pagination.maxPageSize,
      ...(cursorTimeoutSeconds !== undefined && { cursorTimeout: cursorTimeoutSeconds }),
    },
    authenticationSchemes: [
      {
        type: 'oauthbearertoken',
        name: 'OAuth Bearer Token',
        description: 'A bearer token of this connection in the Authorization header (RFC 6750).',
        specUri: 'https://www.rfc-editor.org/info/rfc6750',
        primary: true,
      },
    ],
    meta: {
      resourceType: 'ServiceProviderConfig',
      location: `${baseUrl}/ServiceProviderConfig`,
    },
  }
}

/** In the order of the definitions. */
export function resourceTypes(
  definitions: Iterable<ResourceDefinition>,
  baseUrl: string,
): JsonObject[] {
  return [...definitions].map(({ type }) => resourceType(type, baseUrl))
}

function resourceType(type: ResourceType, baseUrl: string): JsonObject {
  return {
    schemas: [RESOURCE_TYPE],
    id: type.id,
    name: type.name,
    description: type.description,
    endpoint: type.endpoint,
    schema: type.schema,
    schemaExtensions: type.schemaExtensions.map(({ schema, required }) => ({ schema, required })),
    meta: {
      resourceType: 'ResourceType',
      location: `${baseUrl}/ResourceTypes/${encodeURIComponent(type.id)}`,
    },
  }
}

/** Every schema once: own schemas of the types first, then extensions. */
export function schemas(definitions: Iterable<ResourceDefinition>, baseUrl: string): JsonObject[] {
  const all = [...definitions]
  const listed = [...all.map(({ core }) => core), ...all.flatMap(({ extensions }) => extensions)]
  const unique = new Map(listed.map((schema) => [schema.id.toLowerCase(), schema]))
  return [...unique.values()].map((schema) => schemaResource(schema, baseUrl))
}

function schemaResource(schema: Schema, baseUrl: string): JsonObject {
  return {
    schemas: [SCHEMA],
    id: schema.id,
    name: schema.name,
    description: schema.description,
    attributes: schema.attributes.map(attributeResource),
    meta: { resourceType: 'Schema', location: `${baseUrl}/Schemas/${schema.id}` },
  }
}

/** All characteristics stated, defaults too; none of them null, which Entra cannot read. */
function attributeResource(attribute: Attribute): JsonObject {
  const { description, canonicalValues, referenceTypes, subAttributes } = attribute
  return {
    name: attribute.name,
    type: attribute.type,
    ...(subAttributes && { subAttributes: subAttributes.map(attributeResource) }),
    multiValued: attribute.multiValued,
    ...(description !== undefined && { description }),
    required: attribute.required,
    ...(canonicalValues && { canonicalValues: [...canonicalValues] }),
    caseExact: attribute.caseExact,
    mutability: attribute.mutability,
    returned: attribute.returned,
    uniqueness: attribute.uniqueness,
    ...(referenceTypes && { referenceTypes: [...referenceTypes] }),
  }
}
