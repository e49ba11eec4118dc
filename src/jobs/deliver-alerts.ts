/** Sends the notices that are due: at least once each, and a dead channel holds up no other. */

import { channelsById } from '../db/alert-channels.ts'
import {
  type Delivery,
  giveBack,
  pruneAlerts,
  settleDelivery,
  takeDue,
} from '../db/alert-deliveries.ts'
import { type Database, writeAll } from '../db/database.ts'
import { Findings } from '../db/findings.ts'
import type { Notice } from '../govern/notice.ts'
import type { Log } from '../log/events.ts'
import type { Io } from '../operations/endpoint.ts'
import { type SendDeps, sendNotice } from './send-notice.ts'

/** In one run, and of one channel. */
const DELIVERIES = 30
const EACH = 5
/** Channels at a time: an invocation has six connections, of which D1 wants some. */
const SIDE_BY_SIDE = 3
/** Longer than a channel's turn takes: `EACH` times the time of a call. */
const LEASE_MS = 2 * 60_000
const FIRST_MS = 60_000
const LONGEST_MS = 4 * 3_600_000
/** With these waits, some 16 hours. */
const MOST_ATTEMPTS = 12
const KEEP_MS = 30 * 24 * 3_600_000
const PRUNED = 1_000

export interface DeliverDeps extends SendDeps {
  /** Holds the data tables. */
  readonly db: Database
  readonly control: Database
  readonly io: Pick<Io, 'now' | 'newId' | 'random'>
  /** Asks to be woken up then, in seconds; the cron comes anyway. */
  readonly wakeUp: (afterSeconds: number) => Promise<void>
  readonly log: Log
}

export async function deliverAlerts(deps: DeliverDeps): Promise<void> {
  const { db, control, io } = deps
  const now = io.now()
  const taken = await takeDue(db, now, now + LEASE_MS, DELIVERIES, EACH)
  if (taken.length > 0) {
    const channels = await channelsById(control, [...new Set(taken.map((each) => each.channel))])
    const queue = [...Map.groupBy(taken, ({ channel }) => channel)]
    const lane = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const [id, own] = next
        await turn(deps, channels.get(id), own)
      }
    }
    await Promise.all(Array.from({ length: Math.min(SIDE_BY_SIDE, queue.length) }, lane))
  }
  await pruneAlerts(db, now - KEEP_MS, PRUNED)
}

/** What one channel is sent, in order: after one that fails, the others wait. */
async function turn(
  deps: DeliverDeps,
  channel: Parameters<typeof sendNotice>[1] | undefined,
  deliveries: readonly Delivery[],
): Promise<void> {
  const { db, io, log } = deps
  let hasFailed = false
  for (const delivery of deliveries) {
    if (!channel) {
      await settleDelivery(db, delivery, { state: 'dropped', reason: 'the channel is off or gone' })
      continue
    }
    if (hasFailed) {
      await giveBack(db, delivery, io.now() + FIRST_MS)
      continue
    }
    const sent = await sendNotice(deps, channel, delivery.id, delivery.notice as unknown as Notice)
    if (sent.kind === 'sent') {
      await settleDelivery(db, delivery, { state: 'sent' })
      continue
    }
    hasFailed = true
    const { reason } = sent
    log({ event: 'alert.undelivered', channel: channel.id, attempt: delivery.attempts, reason })
    if (!sent.isFinal && delivery.attempts < MOST_ATTEMPTS) {
      const waitMs = waitAfter(delivery.attempts, io.random())
      await settleDelivery(db, delivery, { state: 'due', reason, nextAt: io.now() + waitMs })
      await deps.wakeUp(Math.ceil(waitMs / 1000))
      continue
    }
    await settleDelivery(db, delivery, { state: 'failed', reason })
    const findings = new Findings(db, delivery.connection)
    const detail = { channel: channel.name, kind: channel.kind, reason }
    await findings.report(io.newId(), 'alert-undelivered', channel.id, detail, io.now())
  }
  if (channel && !hasFailed) await closeFindings(db, channel.id, deliveries)
}

async function closeFindings(
  db: Database,
  channel: string,
  deliveries: readonly Delivery[],
): Promise<void> {
  for (const connection of new Set(deliveries.map((each) => each.connection))) {
    await writeAll(db, [new Findings(db, connection).closeAll('alert-undelivered', [channel])])
  }
}

/** @param random 0 to 1: a fifth more or less, so that channels do not come back all at once */
function waitAfter(attempts: number, random: number): number {
  const doubled = Math.min(FIRST_MS * 2 ** (attempts - 1), LONGEST_MS)
  return Math.round(doubled * (0.8 + 0.4 * random))
}
