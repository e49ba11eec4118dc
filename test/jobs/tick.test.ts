import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, test } from 'vitest'
import { CronTurn } from '../../src/db/cron-turn.ts'
import { openDatabase } from '../../src/db/database.ts'
import { tick } from '../../src/jobs/tick.ts'
import { observed } from '../db/observed-database.ts'
import { quoting } from '../secrecy/quoting-database.ts'

const turn = new CronTurn(openDatabase(env.DB))
const MINUTE_MS = 60_000

function bench() {
  const clock = { now: 1_000 }
  const lines: object[] = []
  const ran: string[] = []
  const timers: (() => void)[] = []
  const jobs = {
    io: { now: () => clock.now, newId: () => 'id', wait: async () => {}, random: () => 0 },
    log: (line: object) => void lines.push(line),
  }
  const after = (_: number, then: () => void) => {
    timers.push(then)
    return () => void timers.splice(timers.indexOf(then), 1)
  }
  /** A job that takes so many minutes. */
  const run =
    (name: string, minutes = 0) =>
    async () => {
      ran.push(name)
      clock.now += minutes * MINUTE_MS
    }
  /** What ran in one run. */
  const runs = async (minutes: Readonly<Record<string, number>>, by: CronTurn = turn) => {
    ran.length = 0
    const all = Object.entries(minutes).map(([name, many]) => [name, run(name, many)] as const)
    await tick(jobs, Object.fromEntries(all), { turn: by, after })
    return ran.join(' ')
  }
  return { clock, lines, ran, jobs, run, runs, after, timers }
}

afterEach(() => turn.clear())

test('a job that fails keeps no other one from its turn, and the run counts as failed', async () => {
  const { jobs, lines, ran, run } = bench()
  const broken = async () => {
    throw new RangeError('a value')
  }
  const ticking = tick(jobs, { first: broken, second: run('second'), third: run('third') })
  await expect(ticking).rejects.toThrow(RangeError)
  expect(ran).toEqual(['second', 'third'])
  expect(lines).toEqual([{ event: 'job.failed', job: 'first', error: 'RangeError' }])
})

test('past ten minutes no job is begun: the platform would cut it', async () => {
  const { jobs, lines, ran, run } = bench()
  await tick(jobs, { first: run('first', 10), second: run('second') })
  expect(ran).toEqual(['first'])
  expect(lines).toEqual([{ event: 'job.late', job: 'second' }])
})

describe('a run that was late', () => {
  test('is followed by one that begins after the job which was the last', async () => {
    const { runs } = bench()
    expect(await runs({ a: 0, b: 10, c: 0, d: 0 })).toBe('a b')
    expect(await runs({ a: 0, b: 10, c: 0, d: 0 })).toBe('c d a b')
    expect(await turn.last()).toBeUndefined()
  })

  test('starves none, even where several jobs take all the time', async () => {
    const { runs } = bench()
    const had: string[] = []
    for (let i = 0; i < 4; i++) had.push(await runs({ a: 10, b: 10, c: 10, d: 0 }))
    expect(had).toEqual(['a', 'b', 'c', 'd a'])
  })

  test('leaves nothing behind once a run comes to its end, and the order is as it was', async () => {
    const { runs } = bench()
    await runs({ a: 10, b: 0 })
    expect(await runs({ a: 0, b: 0 })).toBe('b a')
    expect(await runs({ a: 0, b: 0 })).toBe('a b')
  })
})

describe('a run that the platform ends', () => {
  test('within a job is followed by one that begins after it', async () => {
    const { jobs, after, run, runs, timers } = bench()
    const hangs = () => new Promise<void>(() => {})
    void tick(jobs, { a: run('a'), b: hangs, c: run('c') }, { turn, after })
    const aMinuteIsOver = async () => {
      timers[0]?.()
      return turn.last()
    }
    await expect.poll(aMinuteIsOver).toBe('b')
    expect(await runs({ a: 0, b: 0, c: 0 })).toBe('c a b')
  })

  test('within a job that was begun after a minute as well', async () => {
    const { jobs, after, run, runs } = bench()
    const hangs = () => new Promise<void>(() => {})
    void tick(jobs, { a: run('a', 1), b: hangs, c: run('c') }, { turn, after })
    await expect.poll(() => turn.last()).toBe('b')
    expect(await runs({ a: 0, b: 0, c: 0 })).toBe('c a b')
  })
})

test('a run that is over within a minute writes nothing, and takes its timer back', async () => {
  const { runs, timers } = bench()
  const { db, trips } = observed(env.DB)
  await runs({ a: 0.5, b: 0 }, new CronTurn(openDatabase(db)))
  expect(trips).toHaveLength(1)
  expect(timers).toEqual([])
})

test('a job that is there no more is followed by the first', async () => {
  const { runs } = bench()
  await turn.note('of an older version', 0)
  expect(await runs({ a: 0, b: 0 })).toBe('a b')
})

test('without a database to note it in, every job has its turn all the same', async () => {
  const { runs, lines } = bench()
  const broken = new CronTurn(openDatabase(quoting(env.DB, () => true)))
  expect(await runs({ a: 1, b: 0 }, broken)).toBe('a b')
  expect(lines).toContainEqual({ event: 'lost', what: 'turn of the cron' })
})
