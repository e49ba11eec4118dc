/**
 * Refresh tokens (RFC 6749 §6), which apps may rotate: the last one handed out is the only one that
 * is good, and two who use the same one at once may lose it for good (RFC 9700 §4.14.2). So what the
 * app handed out is kept, sealed, for all isolates, the access token with it; and whoever renews says
 * so first, by a write that only one can make.
 */
import * as z from 'zod'
import type { Kept } from '../contract.ts'
import { AdapterFailure, NotTried } from '../failure.ts'
import type { HttpClient } from '../http.ts'
import { type Issued, tokenOf } from './authorize.ts'

export interface Grant {
  readonly access: string
  readonly ttlSeconds: number
  /** Another one than was sent, where the app rotates them. */
  readonly refresh: string | undefined
}

const stateSchema = z.object({
  /** Of the client and the first refresh token that it goes back to. */
  origin: z.string(),
  refresh: z.string(),
  access: z.string().optional(),
  /** Milliseconds since the epoch. */
  expiresAt: z.number(),
  /** Until then, somebody renews. */
  busyUntil: z.number(),
})
type State = z.output<typeof stateSchema>

/** Longer than any call: the client's time limit is below. */
const BUSY_MS = 60_000
const RETRY_SECONDS = 2

export interface RefreshContext {
  readonly http: HttpClient
  readonly kept?: Kept | undefined
  readonly origin: string
  /** The refresh token that an administrator gave. */
  readonly first: string
  /** An access token that the app has refused. */
  readonly refused: string | undefined
}

/**
 * @throws {AdapterFailure} `unavailable`, effect `none`, while another request renews
 * @throws {NotTried} in a trial, where nothing is kept of this origin
 */
export async function renewed(
  { http, kept, origin, first, refused }: RefreshContext,
  ask: (refreshToken: string) => Promise<Grant>,
): Promise<Issued> {
  if (!kept) {
    const { access, ttlSeconds } = await ask(first)
    return tokenOf(access, ttlSeconds)
  }
  const text = await kept.read()
  const known = parse(text, origin)
  // Whatever came of it would be lost, or stand in the place of what the connection at work lives by.
  if (!known && kept.isTrial) throw new NotTried()
  const state = known ?? { origin, refresh: first, expiresAt: 0, busyUntil: 0 }
  const now = http.now()
  const left = (state.expiresAt - now) / 1_000
  const usable = tokenOf(state.access ?? '', left)
  if (state.access !== undefined && state.access !== refused && usable.ttlSeconds > 0) {
    return { ...usable, isOld: true }
  }
  if (state.busyUntil > now) throw busy()
  const claimed = JSON.stringify({ ...state, busyUntil: now + BUSY_MS } satisfies State)
  if (!(await kept.replace(text, claimed))) throw busy()
  let granted: Grant
  try {
    granted = await ask(state.refresh)
  } catch (error) {
    await kept.replace(claimed, JSON.stringify({ ...state, busyUntil: 0 } satisfies State))
    throw error
  }
  const { access, ttlSeconds, refresh = state.refresh } = granted
  const expiresAt = http.now() + ttlSeconds * 1_000
  const next: State = { origin, refresh, access, expiresAt, busyUntil: 0 }
  await kept.replace(claimed, JSON.stringify(next))
  return tokenOf(access, ttlSeconds)
}

/** Undefined also where an administrator has given another refresh token since. */
function parse(text: string | undefined, origin: string): State | undefined {
  if (text === undefined) return undefined
  const parsed = stateSchema.safeParse(JSON.parse(text))
  return parsed.success && parsed.data.origin === origin ? parsed.data : undefined
}

function busy(): AdapterFailure {
  return new AdapterFailure('unavailable', 'another request is renewing the token of the app', {
    effect: 'none',
    answered: true,
    retryAfterSeconds: RETRY_SECONDS,
  })
}
