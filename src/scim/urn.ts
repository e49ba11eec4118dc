/** Schema and message URNs, and the media type (RFC 7643 §10.3, RFC 7644 §8). */

export const MEDIA_TYPE = 'application/scim+json'

export const USER = 'urn:ietf:params:scim:schemas:core:2.0:User'
export const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group'
export const ENTERPRISE_USER = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
export const SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:Schema'
export const RESOURCE_TYPE = 'urn:ietf:params:scim:schemas:core:2.0:ResourceType'
export const SERVICE_PROVIDER_CONFIG = 'urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'

const MESSAGES = 'urn:ietf:params:scim:api:messages:2.0'
export const ERROR = `${MESSAGES}:Error`
export const LIST_RESPONSE = `${MESSAGES}:ListResponse`
export const PATCH_OP = `${MESSAGES}:PatchOp`
export const SEARCH_REQUEST = `${MESSAGES}:SearchRequest`
export const BULK_REQUEST = `${MESSAGES}:BulkRequest`
export const BULK_RESPONSE = `${MESSAGES}:BulkResponse`
