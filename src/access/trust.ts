/**
 * Whose signed tokens a client is known by, and what they must say. Pure: keys and time are given.
 *
 * Every tenant of Entra can have a token with the audience of custom apps signed by the same keys,
 * so what binds a token to one customer is its issuer and its `tid`, never its signature alone.
 */
import {
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose'
import * as z from 'zod'

/** Signatures with a pair of keys: with one of these a public key can never pass for a secret. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512']
/** Clocks differ. */
const SKEW_SECONDS = 60
/** Managed identities get tokens for a day. */
const LONGEST_SECONDS = 24 * 3_600 + 2 * SKEW_SECONDS
/** Entra's are 2 KB; what is parsed before anything is proved stays small. */
export const MAX_JWT = 16_384

/** What Entra signs for custom apps where the secret is left blank. */
const ENTRA_AUDIENCE = '8adf8e6e-67b2-4cf2-a259-e3dc5476c621'
const ENTRA = 'https://login.microsoftonline.com'

const text = z.string().min(1).max(500)
const list = z.array(text).min(1).max(20)

/** As an administrator gives it. */
export const trustInput = z
  .strictObject({
    /** Id of an Entra tenant: fills in what it can, and is demanded of the claim `tid`. */
    tenantId: z.guid('must be the GUID of the tenant').toLowerCase().optional(),
    /** Accepted values of `iss`. */
    issuers: list.optional(),
    /** Accepted values of `aud`. */
    audiences: list.optional(),
    /** Addresses of key sets (RFC 7517 §5). */
    keySets: list.optional(),
    /** Accepted values of `sub`. */
    subjects: list.optional(),
    /** Accepted values of `azp`, or of `appid`. */
    applications: list.optional(),
  })
  .refine((trust) => trust.tenantId !== undefined || (trust.issuers && trust.keySets), {
    message: 'needs the tenantId of an Entra tenant, or issuers and keySets of another provider',
  })
export type TrustInput = z.output<typeof trustInput>

export interface Trust extends TrustInput {
  readonly issuers: string[]
  readonly audiences: string[]
  readonly keySets: string[]
}

/** With everything that follows from the tenant filled in. */
export function toTrust(input: TrustInput): Trust {
  const { tenantId } = input
  return {
    ...input,
    issuers: input.issuers ?? [`${ENTRA}/${tenantId}/v2.0`, `https://sts.windows.net/${tenantId}/`],
    keySets: input.keySets ?? [
      `${ENTRA}/${tenantId}/discovery/v2.0/keys`,
      `${ENTRA}/${tenantId}/discovery/keys`,
    ],
    audiences: input.audiences ?? [ENTRA_AUDIENCE],
  }
}

export type Distrust =
  | 'malformed'
  | 'algorithm'
  | 'key'
  | 'signature'
  | 'issuer'
  | 'audience'
  | 'tenant'
  | 'subject'
  | 'application'
  | 'expired'
  | 'early'
  | 'long'

export type Proof =
  /** `expiresAt`: until when it is taken, milliseconds; a little later than it says, for clocks differ. */
  | { readonly kind: 'trusted'; readonly claims: JWTPayload; readonly expiresAt: number }
  | { readonly kind: 'refused'; readonly why: Distrust }

/** Whether a token could be of this trust at all, by what it says itself: nothing is proved yet. */
export function claimsIssuer(trust: Trust, issuer: unknown): boolean {
  return typeof issuer === 'string' && trust.issuers.includes(issuer)
}

/**
 * @param keys finds the key for a header; what it throws that is no error of jose's passes
 * @param now milliseconds
 */
export async function prove(
  jwt: string,
  trust: Trust,
  keys: JWTVerifyGetKey,
  now: number,
): Promise<Proof> {
  const refused = (why: Distrust): Proof => ({ kind: 'refused', why })
  let claims: JWTPayload
  try {
    if (!ALGORITHMS.includes(decodeProtectedHeader(jwt).alg ?? '')) return refused('algorithm')
    const verified = await jwtVerify(jwt, keys, {
      algorithms: ALGORITHMS,
      issuer: trust.issuers,
      audience: trust.audiences,
      clockTolerance: SKEW_SECONDS,
      currentDate: new Date(now),
      requiredClaims: ['iss', 'sub', 'aud', 'exp'],
    })
    claims = verified.payload
  } catch (error) {
    const why = reasonOf(error)
    if (why === undefined) throw error
    return refused(why)
  }
  const { exp = 0, iat, sub } = claims
  if (exp * 1000 - now > LONGEST_SECONDS * 1000) return refused('long')
  if (iat !== undefined && iat * 1000 > now + SKEW_SECONDS * 1000) return refused('early')
  if (trust.tenantId !== undefined && lower(claims['tid']) !== trust.tenantId) {
    return refused('tenant')
  }
  if (trust.subjects && !trust.subjects.includes(sub ?? '')) return refused('subject')
  const application = claims['azp'] ?? claims['appid']
  if (trust.applications && !trust.applications.includes(String(application))) {
    return refused('application')
  }
  return { kind: 'trusted', claims, expiresAt: (exp + SKEW_SECONDS) * 1000 }
}

function lower(value: unknown): string | undefined {
  return typeof value === 'string' ? value.toLowerCase() : undefined
}

/** Undefined: no statement about the token, such as that its keys cannot be had. */
function reasonOf(error: unknown): Distrust | undefined {
  if (error instanceof errors.JWTExpired) return 'expired'
  if (error instanceof errors.JWTClaimValidationFailed) {
    switch (error.claim) {
      case 'iss':
        return 'issuer'
      case 'aud':
        return 'audience'
      case 'nbf':
        return 'early'
      default:
        return 'malformed'
    }
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature'
  if (error instanceof errors.JWKSNoMatchingKey) return 'key'
  if (error instanceof errors.JWKSMultipleMatchingKeys) return 'key'
  if (error instanceof errors.JOSEError) return 'malformed'
  // jose tells of a token that is none, or of a key that does not fit, by a TypeError.
  return error instanceof TypeError ? 'malformed' : undefined
}

/** Ours, for whoever set it up: what has to be equal, without what was sent. */
export function explain(why: Distrust): string {
  switch (why) {
    case 'malformed':
      return 'it is not a signed token (RFC 7519) with iss, sub, aud and exp'
    case 'algorithm':
      return 'its algorithm is not one of RS, PS and ES'
    case 'key':
      return 'its key is not in the key sets of the client'
    case 'signature':
      return 'its signature does not fit'
    case 'issuer':
      return 'its issuer (iss) is not one of the client'
    case 'audience':
      return 'its audience (aud) is not one of the client'
    case 'tenant':
      return 'its tenant (tid) is not the one of the client'
    case 'subject':
      return 'its subject (sub) is not one of the client'
    case 'application':
      return 'its application (azp, appid) is not one of the client'
    case 'expired':
      return 'it has expired'
    case 'early':
      return 'it is not valid yet: compare the clocks'
    case 'long':
      return 'it is valid for more than a day'
  }
}
