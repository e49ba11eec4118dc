/**
 * `npm run soak -- [--minutes 30] [--rate 25] [--connections 20] [--failing 0.1] [--seed N] [--json FILE]`:
 * provisioning clients at a constant rate, and apps that spoil calls in every way. At the end the apps are
 * well, the clients try until they are content and the cron until it has nothing to do; then the apps'
 * own data and the gateway's tables must say that nothing was lost and nothing is there twice.
 *
 * Linux, for the memory. Ends with `N passed, N failed`.
 */
import { writeFileSync } from 'node:fs'
import os from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openConversation } from './conversation.ts'
import { openEstate } from './estate.ts'
import { openGateway } from './gateway.ts'
import { type MemorySample, sampleMemory, slopeOfSecondHalf } from './memory.ts'
import { randomFrom } from './random.ts'
import { print, summarise, type Verdict } from './report.ts'
import { hurry, verifyStored, waiting } from './stored.ts'
import { drive } from './traffic.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    rate: { type: 'string', default: '25' },
    connections: { type: 'string', default: '20' },
    failing: { type: 'string', default: '0.1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    json: { type: 'string' },
  },
})
const MINUTES = Number(values.minutes)
const RATE = Number(values.rate)
const CONNECTIONS = Number(values.connections)
const FAILING = Number(values.failing)
const SEED = Number(values.seed)
const DURATION_MS = MINUTES * 60_000
/** As in production, but not fewer than six in a run. */
const TICK_MS = Math.min(60_000, DURATION_MS / 6)
const CYCLE_MS = Math.min(20_000, DURATION_MS / 10)
const SAMPLE_MS = DURATION_MS / 15
/**
 * Megabytes a minute by which memory may grow in the second half: what is left of the Worker's heap, and the
 * resident set of workerd, which its garbage and the local D1 move up and down.
 */
const FLAT = { live: 0.1, resident: 5 } as const
/** Shorter runs say nothing of memory: code is still being compiled, and heaps find their size. */
const MINUTES_FOR_MEMORY = 20
/** Until clients are content once their apps are well, and then until the cron is. */
const SETTLE_MS = Math.max(60_000, DURATION_MS / 5)
/** Requests of one client at once, then. */
const SETTLE_AT_ONCE = 2
/** Requests about one person in the whole run: enough for each to come, change and go. */
const REQUESTS_OF_A_PERSON = 15

async function main(): Promise<number> {
  const startedOn = new Date().toISOString()
  const random = randomFrom(SEED)
  const conversation = openConversation()
  const { tally, fault } = conversation
  const gateway = await openGateway(fault)
  // workerd would outlive this process.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void gateway.stop().finally(() => process.exit(1)))
  }
  const perConnection = (RATE * MINUTES * 60) / CONNECTIONS
  const people = Math.max(5, Math.min(200, Math.round(perConnection / REQUESTS_OF_A_PERSON)))
  const estate = await openEstate({
    ...{ gateway, random, conversation, people },
    connections: CONNECTIONS,
    failing: FAILING,
    cycleMs: CYCLE_MS,
  })
  const { directories } = estate
  const samples: MemorySample[] = []
  let heldBack = 0
  const tick = () => gateway.tick('* * * * *').catch((error) => fault(`the cron failed: ${error}`))
  const spentMs = await drive({
    ...{ durationMs: DURATION_MS, rate: RATE, tickMs: TICK_MS, sampleMs: SAMPLE_MS, tick },
    async request(n) {
      try {
        if (!(await directories[n % directories.length]?.request(Date.now()))) heldBack += 1
      } catch (error) {
        fault(`the client itself failed: ${(error as Error).stack}`)
      }
    },
    async sample(elapsedMs) {
      const taken = await sampleMemory(gateway, elapsedMs / 1_000)
      samples.push(taken)
      const { count } = tally.faults()
      const memory = `${taken.live.toFixed(1)} MB live, ${taken.resident.toFixed(0)} MB resident`
      const minute = (elapsedMs / 60_000).toFixed(1)
      console.log(`${minute} min: ${tally.requests()} requests, ${count} faults, ${memory}`)
    },
  })
  const seconds = spentMs / 1_000

  console.log('the apps are well again: clients go on until they are content')
  estate.heal()
  const verdicts: Verdict[] = []
  const judge = (rule: string, faults: readonly string[]) => verdicts.push({ rule, faults })
  const deadline = Date.now() + SETTLE_MS
  const settled = await Promise.all(directories.map((one) => settle(one, deadline)))
  judge('every client is content once its app is well', settled.flat())
  const db = await gateway.database()
  let rounds = 0
  do {
    await hurry(db, Date.now())
    await tick()
    rounds += 1
    if ((await waiting(db)) > 0) await sleep(1_000)
  } while ((await waiting(db)) > 0 && Date.now() < deadline)
  console.log(`the cron is done after ${rounds} rounds`)

  const { count, first } = tally.faults()
  judge('no 500, no 4xx, no empty answer and no lost one that a client did not deserve', first)
  judge('every person has one account, as wanted; nobody else has one', await estate.verify())
  judge('no intent is open, no link is there twice, the dead are gone', [
    ...(await verifyStored(db, estate.living())),
  ])
  if (MINUTES >= MINUTES_FOR_MEMORY) {
    const growing = (['live', 'resident'] as const).flatMap((of) => {
      const slope = slopeOfSecondHalf(samples, of)
      return slope > FLAT[of] ? [`${of}: ${slope.toFixed(2)} MB a minute in the second half`] : []
    })
    judge('memory is flat', growing)
  }
  const failed = [...gateway.logged.keys()].filter((event) => !/^scim\.request$/.test(event))
  const summary = summarise({
    ...{ tally, samples, seconds, startedOn, people, estate, heldBack },
    faults: count,
    options: { minutes: MINUTES, rate: RATE, connections: CONNECTIONS, seed: SEED },
    machine: `${os.cpus().length} cores, ${Math.round(os.totalmem() / 2 ** 30)} GB`,
    logged: failed.map((event) => [event, gateway.logged.get(event) ?? 0] as const),
  })
  if (values.json) {
    writeFileSync(values.json, `${JSON.stringify({ ...summary, verdicts }, null, 2)}\n`)
  }
  estate.stop()
  await gateway.stop()
  return print(summary, verdicts)
}

/** Until the directory is as its client wants it. */
async function settle(
  directory: Awaited<ReturnType<typeof openEstate>>['directories'][number],
  deadline: number,
): Promise<string[]> {
  directory.hurry()
  const worker = async () => {
    while (!directory.isContent() && Date.now() < deadline) {
      if (!(await directory.settle(Date.now()))) await sleep(100)
    }
  }
  const hurrying = setInterval(() => directory.hurry(), 2_000)
  await Promise.all(Array.from({ length: SETTLE_AT_ONCE }, worker))
  clearInterval(hurrying)
  return directory.isContent() ? [] : [`${directory.name} is not as its client wants it`]
}

process.exitCode = await main()
