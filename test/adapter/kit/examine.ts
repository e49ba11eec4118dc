/** Runs the kit against the good app through an adapter, good or broken. */
import type { Adapter, AnyPort } from '../../../src/adapter/contract.ts'
import { createHttpClient } from '../../../src/adapter/http.ts'
import { CHECKS } from '../../../src/adapter/kit/checks.ts'
import { type CheckResult, runChecks } from '../../../src/adapter/kit/run.ts'
import { type Fetch, NO_NOTES, type Subject } from '../../../src/adapter/kit/subject.ts'
import { httpKit } from '../../support/http-kit.ts'
import { goodAdapter, type Shape } from './good-adapter.ts'
import { type Habits, KEY, openGoodApp } from './good-app.ts'
import { openGateway } from './real-gateway.ts'

export const URL_OF_APP = 'https://app.example/base'

/** A twin of the good adapter, or of its app, with one fault. */
export interface Variant {
  /** The resource types that are checked, and have the fault. Default: all. */
  readonly types?: readonly string[]
  /** With the whole gateway in front of the app, too. */
  readonly gateway?: true
  /** What the app does otherwise where the gateway asks it. */
  readonly behind?: (fetch: Fetch) => Fetch
  readonly shape?: Partial<Shape>
  readonly habits?: Partial<Habits>
  readonly adapter?: (good: Adapter) => Adapter
  /** Called for each connection; what it closes over is of that connection. */
  readonly port?: (good: Required<AnyPort>, fetch: Fetch) => Partial<AnyPort>
}

export async function subjectOf(variant: Variant = {}): Promise<Subject> {
  const { shape, habits, adapter: change, port, types } = variant
  const good = goodAdapter(shape)
  const adapter = change?.(good) ?? good
  const create = shape?.create ?? 'sync'
  const removesSoftly = shape?.remove === 'soft'
  const oneGroup = shape?.single === true
  const app = openGoodApp({
    create,
    removesSoftly,
    oneGroup,
    keepsKeys: shape?.idempotencyKey === true,
    ...habits,
  })
  const broken = (ports: Readonly<Record<string, AnyPort>>, fetch: Fetch) => {
    if (!port) return ports
    return Object.fromEntries(
      Object.entries(ports).map(([type, one]) => {
        const isBroken = types?.includes(type) ?? true
        return [type, isBroken ? { ...one, ...port(one as Required<AnyPort>, fetch) } : one]
      }),
    )
  }
  let now = Date.parse('2026-11-01T12:00:00Z')
  const settings = { url: URL_OF_APP }
  const gateway = variant.gateway
    ? await openGateway(
        adapter,
        (ports) => broken(ports, app.fetch),
        variant.behind?.(app.fetch) ?? app.fetch,
      )
    : undefined
  return {
    adapter,
    ...(gateway && { gateway }),
    baseUrl: URL_OF_APP,
    readOnly: false,
    ...(types && { types }),
    notes: NO_NOTES,
    hands: { accept: app.accept, expire: app.expire },
    seed: 'abc12',
    io: {
      now: () => now,
      sleep: async (ms) => {
        now += ms
      },
    },
    open({ wrap = (fetch: Fetch) => fetch, secrets = {} } = {}) {
      const secret = (name: string) => secrets[name] ?? KEY
      const fetch = wrap(app.fetch)
      const http = createHttpClient({
        baseUrl: URL_OF_APP,
        fetch,
        now: () => now,
        leftMs: () => 5_000,
        maxBytes: 1_000_000,
        allowInsecure: false,
        headers: () => adapter.headers?.({ settings, secret }) ?? {},
      })
      return broken(adapter.connect(httpKit({ settings, secret, http })), fetch)
    },
  }
}

export async function examine(variant: Variant = {}): Promise<readonly CheckResult[]> {
  return runChecks(await subjectOf(variant), CHECKS)
}
