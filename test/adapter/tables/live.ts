/** A gateway in front of an app that is a database, and that database past the gateway. */
import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import mariadb from '../../../examples/database-app/mariadb.manifest.json' with { type: 'json' }
import postgres from '../../../examples/database-app/postgres.manifest.json' with { type: 'json' }
import type { AnyPort } from '../../../src/adapter/contract.ts'
import { compileAny, parseAnyManifest } from '../../../src/adapter/manifest/kinds.ts'
import { openPorts } from '../../../src/adapter/open.ts'
import { admin, connect, type Scim } from '../../support/gateway.ts'
import { dial, GATEWAY, serverOf } from '../sql/servers.ts'

export const MANIFESTS = { postgres, mysql: mariadb }
export type Server = keyof typeof MANIFESTS

/** A fresh connection by a manifest that is stored for it, through the worker itself. */
export async function openGateway(
  server: Server,
  options: { readonly policy?: object; readonly document?: object } = {},
): Promise<Scim> {
  const name = `db-${crypto.randomUUID()}`
  const document = { ...(options.document ?? MANIFESTS[server]), name }
  const stored = await admin('PUT', `/manifests/${name}`, document)
  expect([stored.status, stored.body]).toEqual([201, expect.objectContaining({ name })])
  return connect({
    adapter: name,
    settings: { url: serverOf(server).url, user: GATEWAY.user },
    secrets: { password: GATEWAY.password },
    ...(options.policy && { policy: options.policy as never }),
  })
}

/** The ports of a manifest, without a gateway. */
export function openTables(
  server: Server,
  document: object = MANIFESTS[server],
): { readonly User: AnyPort; readonly Group: AnyPort } {
  const parsed = parseAnyManifest(document)
  if (!parsed.success) throw parsed.error
  const ports = openPorts(
    compileAny(parsed.data),
    {
      settings: { url: serverOf(server).url, user: GATEWAY.user },
      secrets: { password: GATEWAY.password },
      leftMs: () => 5_000,
    },
    { fetch, dial, now: Date.now, allowInsecure: env.POSTERN_DEV === '1' },
  )
  const { User, Group } = ports
  if (!User || !Group) throw new Error('there are people and groups')
  return { User, Group }
}
