/**
 * Client credentials (RFC 6749 §4.4): a client shows its secret (§2.3.1), or an assertion that its
 * own provider has signed (RFC 7523 §2.2), and gets an access token.
 */
import { decodeJwt } from 'jose'
import { ClientLookup, type ClientRow, Clients } from '../db/clients.ts'
import { type KeySets, KeysUnavailable } from './key-sets.ts'
import type { RequestRates } from './request-rates.ts'
import { grantedScope, type Scope } from './scope.ts'
import { hashToken, mintToken } from './tokens.ts'
import { claimsIssuer, explain, MAX_JWT, prove, type TrustInput, toTrust } from './trust.ts'

/** RFC 6749 §5.2; `temporarily_unavailable` is of §4.1.2.1, for want of one here. */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_scope'
  | 'unsupported_grant_type'
  | 'temporarily_unavailable'

export class OAuthError extends Error {
  override readonly name = 'OAuthError'
  readonly code: OAuthErrorCode
  /** Of a client that asks too often: when it may ask again. */
  readonly waitMs: number | undefined

  /** `message` becomes `error_description`: ours, without a value of the request. */
  constructor(code: OAuthErrorCode, message: string, waitMs?: number) {
    super(message)
    this.code = code
    this.waitMs = waitMs
  }
}

/** RFC 6749 §5.1. */
export interface Granted {
  readonly access_token: string
  readonly token_type: 'Bearer'
  /** Seconds. */
  readonly expires_in: number
  readonly scope: Scope
}

/** What a request to the token endpoint holds. */
export interface TokenRequest {
  readonly authorization: string | undefined
  /** Parameters of the body, each once. */
  readonly parameters: ReadonlyMap<string, string>
}

export interface OAuthDeps {
  readonly db: D1Database
  readonly keySets: KeySets
  readonly rates: RequestRates
  /** Milliseconds since 1970. */
  readonly now: () => number
}

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

interface Shown {
  readonly connectionId: string
  readonly client: ClientRow
  readonly secret?: string
  readonly assertion?: { readonly hash: string; readonly expiresAt: number }
}

/**
 * @param name of the connection
 * @throws {OAuthError}
 */
export async function grantToken(
  deps: OAuthDeps,
  name: string,
  request: TokenRequest,
): Promise<Granted> {
  const { parameters } = request
  const grantType = parameters.get('grant_type')
  if (grantType === undefined) {
    throw new OAuthError('invalid_request', 'grant_type is missing: send client_credentials')
  }
  if (grantType !== 'client_credentials') {
    throw new OAuthError('unsupported_grant_type', 'grant_type must be client_credentials')
  }
  const shown = await clientOf(deps, name, request)
  const { client, connectionId, secret, assertion } = shown
  const scope = grantedScope(parameters.get('scope'), client.scope)
  if (scope === undefined) {
    throw new OAuthError('invalid_scope', `this client may ask for "${client.scope}", or nothing`)
  }
  const createdAt = deps.now()
  const waitMs = deps.rates.grant(connectionId, client.id, createdAt)
  if (waitMs > 0) {
    const detail = 'this client asks for too many tokens: it should use one until it expires'
    throw new OAuthError('temporarily_unavailable', detail, waitMs)
  }
  const { token, hash } = await mintToken()
  const row = {
    id: crypto.randomUUID(),
    hash,
    label: null,
    createdAt,
    expiresAt: createdAt + client.tokenSeconds * 1000,
    scope,
  }
  const by = { ...(secret !== undefined && { secret }), ...(assertion && { assertion }) }
  switch (await new Clients(deps.db, connectionId).grant(row, client.id, by)) {
    case 'granted':
      return { access_token: token, token_type: 'Bearer', expires_in: client.tokenSeconds, scope }
    case 'replayed':
      throw new OAuthError('invalid_client', 'this assertion (jti) has been used already')
    case 'gone':
      throw unknownClient()
  }
}

async function clientOf(deps: OAuthDeps, name: string, request: TokenRequest): Promise<Shown> {
  const { parameters } = request
  const basic = basicOf(request.authorization)
  const assertion = parameters.get('client_assertion')
  const ways = [basic, parameters.get('client_secret'), assertion].filter(
    (way) => way !== undefined,
  )
  // RFC 6749 §2.3.
  if (ways.length > 1) {
    throw new OAuthError(
      'invalid_request',
      'the client must show itself in one way, not in several',
    )
  }
  if (assertion !== undefined) {
    if (parameters.get('client_assertion_type') !== JWT_BEARER) {
      throw new OAuthError('invalid_request', `client_assertion_type must be ${JWT_BEARER}`)
    }
    return byAssertion(deps, name, parameters.get('client_id'), assertion)
  }
  const id = basic?.id ?? parameters.get('client_id')
  const secret = basic?.secret ?? parameters.get('client_secret')
  if (id === undefined || secret === undefined) throw unknownClient()
  const found = await new ClientLookup(deps.db).bySecret(name, id, await hashToken(secret))
  const expiresAt = found?.secret.expiresAt ?? null
  if (!found || (expiresAt !== null && expiresAt <= deps.now())) throw unknownClient()
  return { connectionId: found.connectionId, client: found.client, secret: found.secret.id }
}

/** Undefined: the header is not there, or is of another scheme. */
function basicOf(header: string | undefined): { id: string; secret: string } | undefined {
  const encoded = header && /^Basic +([A-Za-z0-9+/=_-]{1,8192})$/i.exec(header)?.[1]
  if (!encoded) return undefined
  try {
    const pair = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0)),
    )
    const at = pair.indexOf(':')
    if (at < 0) return undefined
    // RFC 6749 §2.3.1: both were form-encoded before.
    return { id: formDecoded(pair.slice(0, at)), secret: formDecoded(pair.slice(at + 1)) }
  } catch {
    // No base64, or no UTF-8: as good as none.
    return undefined
  }
}

function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    // Many clients leave the encoding out (RFC 6749 §2.3.1 is often missed): it is taken as it is.
    return text
  }
}

async function byAssertion(
  deps: OAuthDeps,
  name: string,
  clientId: string | undefined,
  jwt: string,
): Promise<Shown> {
  const issuer = issuerOf(jwt)
  const clients = await new ClientLookup(deps.db).ofKind(name, 'assertion')
  const candidates = clients
    .filter(({ client }) => clientId === undefined || client.id === clientId)
    .map((found) => ({ ...found, trust: toTrust(found.client.trust as TrustInput) }))
  const trusting = candidates.filter(({ trust }) => claimsIssuer(trust, issuer))
  let why: string | undefined
  for (const { connectionId, client, trust } of trusting) {
    const proof = await proveWith(deps, jwt, trust, connectionId)
    if (proof.kind === 'refused') {
      // Who cannot sign learns nothing of what is configured.
      if (!BEFORE_PROOF.has(proof.why)) why = explain(proof.why)
      continue
    }
    const { jti } = proof.claims
    if (typeof jti !== 'string') return { connectionId, client }
    const hash = await hashToken(`${trust.issuers.join(' ')}\n${jti}`)
    return { connectionId, client, assertion: { hash, expiresAt: proof.expiresAt } }
  }
  throw why === undefined
    ? unknownClient()
    : new OAuthError('invalid_client', `the assertion is not accepted: ${why}`)
}

const BEFORE_PROOF: ReadonlySet<string> = new Set(['malformed', 'algorithm', 'key', 'signature'])

async function proveWith(
  deps: OAuthDeps,
  jwt: string,
  trust: ReturnType<typeof toTrust>,
  connection: string,
) {
  try {
    return await prove(jwt, trust, deps.keySets.of(connection, trust.keySets), deps.now())
  } catch (error) {
    if (!(error instanceof KeysUnavailable)) throw error
    const detail = "the keys of the client's provider cannot be read now: come again later"
    throw new OAuthError('temporarily_unavailable', detail)
  }
}

/** What the token says itself, before anything is proved. */
export function issuerOf(jwt: string): string | undefined {
  // A token of ours has no dots; the library's error for that takes longer than all the rest of a sign-in.
  if (jwt.length > MAX_JWT || !jwt.includes('.')) return undefined
  try {
    return decodeJwt(jwt).iss
  } catch {
    return undefined
  }
}

/** The same for whatever reason. */
function unknownClient(): OAuthError {
  const detail = 'the client, its secret or its assertion is not known to this connection'
  return new OAuthError('invalid_client', detail)
}
