import { expect, test } from 'vitest'
import { tick } from '../../src/jobs/tick.ts'

function bench() {
  const clock = { now: 1_000 }
  const lines: object[] = []
  const ran: string[] = []
  const jobs = {
    io: { now: () => clock.now, newId: () => 'id', wait: async () => {}, random: () => 0 },
    log: (line: object) => void lines.push(line),
  }
  const run = (name: string) => async () => {
    ran.push(name)
  }
  return { clock, lines, ran, jobs, run }
}

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
  const { clock, jobs, lines, ran, run } = bench()
  const slow = async () => {
    clock.now += 10 * 60_000
  }
  await tick(jobs, { first: slow, second: run('second') })
  expect(ran).toEqual([])
  expect(lines).toEqual([{ event: 'job.late', job: 'second' }])
})
