/** Which key has sealed how many secrets: when a former one may be dropped, and what a lost one took. */
import type { Hono } from 'hono'
import type { Sealing } from '../access/seal.ts'
import type { Database } from '../db/database.ts'
import { sealedByOthers, secretsByKey } from '../db/sealed-secrets.ts'
import { route } from './api.ts'

/** Named one by one; `keys` counts them all. */
const NAMED = 100

export interface SealingDeps {
  /** Holds the control tables. */
  readonly db: Database
  readonly sealing: Sealing
}

export interface KeyUse {
  readonly keyId: string
  /** `lost`: this gateway does not have it. */
  readonly use: 'current' | 'previous' | 'lost'
  readonly secrets: number
}

export interface SealingView {
  readonly keys: readonly KeyUse[]
  /** Former ones that seal nothing any more. */
  readonly mayDrop: readonly string[]
  /** `secret` is "*" for what the app handed out itself. */
  readonly lost: readonly {
    readonly connection: string
    readonly secret: string
    readonly keyId: string
  }[]
}

/** For `adminApi`'s `more`. */
export function sealingRoutes({ db, sealing }: SealingDeps): (api: Hono) => void {
  return (api) => {
    route(api, '/sealing', {
      GET: async (c) => {
        const { current, previous } = await sealing.keyIds()
        const known = [...(current === undefined ? [] : [current]), ...previous]
        const counts = await secretsByKey(db)
        const use = (keyId: string): KeyUse['use'] => {
          if (keyId === current) return 'current'
          return previous.includes(keyId) ? 'previous' : 'lost'
        }
        const keys: KeyUse[] = [...new Set([...known, ...counts.keys()])].map((keyId) => ({
          keyId,
          use: use(keyId),
          secrets: counts.get(keyId) ?? 0,
        }))
        const hasLost = keys.some((key) => key.use === 'lost')
        const view: SealingView = {
          keys,
          mayDrop: previous.filter((keyId) => !counts.has(keyId)),
          lost: hasLost ? await sealedByOthers(db, known, NAMED) : [],
        }
        return c.json(view)
      },
    })
  }
}
