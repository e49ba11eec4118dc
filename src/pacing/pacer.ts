/** One for each connection whose calls are paced: leases permits to all isolates (decision 0022). */
import { DurableObject } from 'cloudflare:workers'
import { steadyClock } from '../access/steady-clock.ts'
import { Ledger } from './ledger.ts'
import type { Ask, Lease } from './lessor.ts'

const PAUSED_UNTIL = 'pausedUntil'
/** A shorter pause ends before this object could be forgotten. */
const WORTH_KEEPING_MS = 5_000

export class Pacer extends DurableObject {
  readonly #steady = steadyClock(() => Date.now())
  readonly #ledger = new Ledger(() => crypto.randomUUID())

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env)
    const until = state.storage.kv.get<number>(PAUSED_UNTIL)
    if (until !== undefined) this.#ledger.pauseAgain(until - Date.now(), this.#steady())
  }

  lease(ask: Ask): Lease {
    return this.#ledger.lease(ask, this.#steady())
  }

  async pause(ms: number): Promise<void> {
    const steadyUntil = this.#steady() + ms
    if (steadyUntil <= this.#ledger.pausedUntil) return
    this.#ledger.pause(steadyUntil)
    if (ms < WORTH_KEEPING_MS) return
    const until = Date.now() + ms
    this.ctx.storage.kv.put(PAUSED_UNTIL, until)
    await this.ctx.storage.setAlarm(until)
  }

  /** Of a connection that is gone, nothing stays. */
  override async alarm(): Promise<void> {
    await this.ctx.storage.deleteAll()
  }
}
