/** An identity provider of a test's own: it signs tokens and shows its keys. */
import {
  type CryptoKey,
  exportJWK,
  type GenerateKeyPairResult,
  generateKeyPair,
  type JWTPayload,
  SignJWT,
} from 'jose'

export interface Provider {
  readonly tenantId: string
  readonly issuer: string
  readonly keySetUrl: string
  /** Times its keys were read. */
  readonly reads: () => number
  /** What it answers from now on instead of its keys. */
  readonly answerWith: (answer: (() => Response) | undefined) => void
  /** From now on it signs with a new key; the old one is still shown. */
  readonly rotate: () => Promise<void>
  readonly sign: (claims?: JWTPayload, header?: Record<string, unknown>) => Promise<string>
  /** The key that signs now. */
  readonly publicJwk: () => Record<string, unknown>
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>
}

/** A pair takes a tenth of a second to make, and a test has fewer keys than these: it meets none of them twice. */
const PAIRS = 8
const pairs: GenerateKeyPairResult[] = []
let turn = 0

async function nextPair(): Promise<GenerateKeyPairResult> {
  const at = turn++ % PAIRS
  const pair = pairs[at] ?? (await generateKeyPair('RS256', { extractable: true }))
  pairs[at] = pair
  return pair
}

export async function openProvider(clock: { now: number }): Promise<Provider> {
  const tenantId = crypto.randomUUID()
  const issuer = `https://login.provider.example/${tenantId}/v2.0`
  const keySetUrl = `https://keys.provider.example/${tenantId}/keys`
  const shown: Record<string, unknown>[] = []
  let key: CryptoKey
  let kid = ''
  let reads = 0
  let answer: (() => Response) | undefined

  async function rotate(): Promise<void> {
    const pair = await nextPair()
    kid = crypto.randomUUID()
    key = pair.privateKey
    shown.push({ ...(await exportJWK(pair.publicKey)), kid, use: 'sig', alg: 'RS256' })
  }
  await rotate()

  return {
    tenantId,
    issuer,
    keySetUrl,
    reads: () => reads,
    answerWith: (other) => {
      answer = other
    },
    rotate,
    publicJwk: () => ({ ...shown.at(-1) }),
    async sign(claims = {}, header = {}) {
      const now = Math.floor(clock.now / 1000)
      const all = {
        iss: issuer,
        sub: 'provisioning',
        aud: 'api://postern',
        tid: tenantId,
        iat: now,
        nbf: now,
        exp: now + 3_600,
        ...claims,
      }
      const said = Object.fromEntries(Object.entries(all).filter(([, v]) => v !== undefined))
      return new SignJWT(said).setProtectedHeader({ alg: 'RS256', kid, ...header }).sign(key)
    },
    async fetch(input) {
      if (input !== keySetUrl) throw new TypeError('nobody is there')
      reads += 1
      return answer ? answer() : Response.json({ keys: shown })
    },
  }
}
