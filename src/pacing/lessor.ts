/**
 * What an isolate and whoever leases permits say to each other. All times are spans, never moments: the
 * clocks of two machines differ.
 */

/** How often an app may be called: as its adapter declares, or the connection's policy. */
export interface Terms {
  readonly perSecond?: number
  /** Calls under way at the same time. */
  readonly concurrent?: number
}

/** A client waits for a `request`; nobody waits for a `job`, which must leave room. */
export type Kind = 'request' | 'job'

export interface Ask {
  /** Who asks: one isolate, for one kind of calls of one connection. */
  readonly lessee: string
  readonly kind: Kind
  readonly terms: Terms
  /** Calls that wait for a permit now. */
  readonly waiting: number
  /** Permits asked for: those, and what will be needed soon. */
  readonly want: number
  /** How long whoever asks would wait: permits that are later than that are not leased. */
  readonly withinMs: number
  /** Calls under way. */
  readonly busy: number
  /** What asking takes, there and back: permits must still be good when they arrive. */
  readonly hopMs: number
  /** What has become of the lease before. */
  readonly former?: {
    readonly id: string
    readonly used: number
    /** Since the last of them. */
    readonly agoMs: number
  }
}

export interface Lease {
  readonly id: string
  /** Permits to begin a call; 0 where they would come too late, and where no rate is agreed. */
  readonly permits: number
  /** From when on they may be used, or could be. */
  readonly inMs: number
  /** From then on; what is not used lapses. */
  readonly forMs: number
  /** Calls that may be under way at once; 0 also where no number is agreed. */
  readonly slots: number
  readonly slotsForMs: number
  /** When asking for more slots makes sense. */
  readonly againMs: number
  /** The app takes no calls for so long. */
  readonly pausedMs: number
}

export interface Lessor {
  lease(ask: Ask): Promise<Lease>
  /** The app has said so. */
  pause(ms: number): Promise<void>
}
