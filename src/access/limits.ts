/**
 * What a request may be, whichever interface it is for. Each limit has one name and stands in the
 * table of docs/security.md (a test compares the two).
 */

/** Bytes of a SCIM body, advertised as `maxPayloadSize`. 20,000 members of a group. */
export const MAX_PAYLOAD = 1_048_576
/** Bytes of a body of the admin API: a connection with its extensions is some KB, a manifest some tens. */
export const MAX_ADMIN_PAYLOAD = 1_000_000
/** Bytes of a request to the token endpoint. A client assertion is some KB. */
export const MAX_TOKEN_PAYLOAD = 65_536
/** Bytes of the console's sign-in form, which strangers may send: a token, and where to go on. */
export const MAX_SIGN_IN_PAYLOAD = 8_192
/** From the first read of a body until its last byte. Entra's megabyte takes a second. */
export const BODY_TIMEOUT_MS = 15_000

/** Characters of a URL. The longest filter fits, unless most of it is percent-encoded. */
export const MAX_URL_LENGTH = 32_768
/** Parts of a path below the SCIM base, of which SCIM has two at most. */
export const MAX_SEGMENTS = 8
/** Parameters of a query. */
export const MAX_PARAMETERS = 100
/** Header fields. */
export const MAX_HEADERS = 100
/** Characters of all header names and values: a token may be 16 KB of it. */
export const MAX_HEADERS_LENGTH = 32_768

/** Of a connection's `limits.requestsPerSecond`, what may come at once: so many seconds' worth. */
export const BURST_SECONDS = 2
/** Failed sign-ins of one source that are looked up in a second, and at once. */
export const STRANGERS_PER_SECOND = 5
export const STRANGERS_BURST = 100
/** Access tokens that one client may ask for in a second, and at once. Entra asks for one in an hour. */
export const GRANTS_PER_SECOND = 1
export const GRANTS_BURST = 60
/** Requests of an administrator who is limited to some connections, in a second and at once. */
export const LIMITED_PER_SECOND = 10
export const LIMITED_BURST = 100
/** Bearer tokens of one connection, without those that its clients were given. */
export const MOST_TOKENS = 1_000
/** Connections, sources and clients whose rate one isolate remembers. */
export const RATES_REMEMBERED = 10_000
