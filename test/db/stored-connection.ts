/** A connection of its own for each test: D1 is shared by all of them. */
import { env } from 'cloudflare:workers'
import { hashToken, mintToken } from '../../src/access/tokens.ts'
import type { SealedSecret } from '../../src/db/connection-secrets.ts'
import { Connections, type NewConnection } from '../../src/db/connections.ts'
import type { NewToken } from '../../src/db/tokens.ts'

export const NOW = 1_770_000_000_000
export const SEALED: SealedSecret = { sealed: 'x'.repeat(40), keyId: '0123456789abcdef' }

export function aName(): string {
  return `c-${crypto.randomUUID()}`
}

export async function aToken(over: Partial<NewToken> = {}): Promise<NewToken & { plain: string }> {
  const { token: plain } = await mintToken()
  const hash = await hashToken(plain)
  const id = crypto.randomUUID()
  return { id, hash, label: null, createdAt: NOW, expiresAt: null, scope: 'scim', plain, ...over }
}

export async function storeConnection(
  over: Partial<NewConnection> = {},
  secrets: Readonly<Record<string, SealedSecret>> = { key: SEALED },
  tokenOver: Partial<NewToken> = {},
) {
  const row = {
    id: crypto.randomUUID(),
    name: aName(),
    adapter: 'sandbox',
    settings: {},
    mapping: null,
    policy: {},
    extensions: [],
    resourceTypes: [],
    dataDb: 'DB',
    mode: 'live' as const,
    createdAt: NOW,
    ...over,
  }
  const { plain, ...token } = await aToken(tokenOver)
  const created = await new Connections(env.DB).create(row, secrets, token)
  return { row, token: { ...token, plain }, created }
}
