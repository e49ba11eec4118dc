/**
 * One library alone in its process, so that nobody pays for another one's garbage or types:
 * `node bench/scim/measure.ts NAME` prints, for each piece of work, its result and its time.
 */
import { FILTER_CONTESTANTS, PATCH_CONTESTANTS } from './contestants.ts'
import { FILTERS, PATCHES, PEOPLE } from './workload.ts'

const ROUNDS = 9
const ROUND_MS = 60

export interface Measured {
  readonly work: string
  /** As text, to tell whether two libraries did the same. */
  readonly result: string
  /** CPU time of one call, the median of rounds. */
  readonly microseconds: number
}

async function measure(work: () => unknown): Promise<number> {
  const times: number[] = []
  // The first round is for the compiler.
  for (let round = 0; round <= ROUNDS; round++) {
    const time = await once(work)
    if (round > 0) times.push(time)
  }
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN
}

/** CPU time and not the clock: what else the machine does counts less. */
async function once(work: () => unknown): Promise<number> {
  let calls = 0
  const before = process.cpuUsage()
  const startedAt = performance.now()
  do {
    for (let n = 0; n < 10; n++) {
      const result = work()
      if (result instanceof Promise) await result
    }
    calls += 10
  } while (performance.now() - startedAt < ROUND_MS)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / calls
}

/** What the libraries agree on, whatever they add: the attributes that a PATCH here is about. */
function shown(resource: unknown): unknown {
  const plain = JSON.parse(JSON.stringify(resource))
  const { displayName, active, title, nickName, name, emails } = plain
  const parts = (emails ?? []).map((e: Record<string, unknown>) => [e['type'], e['value']])
  return [displayName, active, title, nickName, name?.givenName, name?.familyName, parts]
}

async function measureFilters(name: string): Promise<Measured[]> {
  const contestant = FILTER_CONTESTANTS.find((c) => c.name === name)
  if (!contestant) return []
  const measured: Measured[] = []
  for (const [title, text] of Object.entries(FILTERS)) {
    const parsed = contestant.parse(text)
    const match = () => contestant.match(parsed, PEOPLE)
    const result = String(match())
    const parseTime = await measure(() => contestant.parse(text))
    measured.push({ work: `parse: ${title}`, result, microseconds: parseTime })
    const matchTime = await measure(match)
    measured.push({ work: `match 1,000 people: ${title}`, result, microseconds: matchTime })
  }
  return measured
}

async function measurePatches(name: string): Promise<Measured[]> {
  const contestant = PATCH_CONTESTANTS.find((c) => c.name === name)
  const person = PEOPLE[7]
  if (!contestant || !person) return []
  const measured: Measured[] = []
  for (const [title, message] of Object.entries(PATCHES)) {
    const prepared = contestant.prepare(structuredClone(person))
    const apply = () => contestant.apply(prepared, message)
    const result = JSON.stringify(shown(await apply()))
    measured.push({ work: `PATCH: ${title}`, result, microseconds: await measure(apply) })
  }
  return measured
}

const name = process.argv[2] ?? 'postern'
console.log(JSON.stringify([...(await measureFilters(name)), ...(await measurePatches(name))]))
