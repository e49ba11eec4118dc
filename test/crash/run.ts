/**
 * `npm run test:crash -- [--kills N] [--people N]`: real crashes. Clients provision people as Entra
 * does while the gateway is killed with SIGKILL at random moments; then the app's own data is
 * asserted on: one account and one resource for each person, as the client wants them.
 *
 * Ends with `N passed, N failed`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { startPostern } from '../../cli/launch.ts'
import type { Ready } from '../../cli/start/state.ts'
import { askAdmin, readRunning } from '../support/start.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    people: { type: 'string', default: '120' },
    clients: { type: 'string', default: '6' },
  },
})
const KILLS = Number(values.kills)
const PEOPLE = Number(values.people)
const CLIENTS = Number(values.clients)
/** Between two kills, counted from the moment that the gateway answers again. */
const MAX_LIFE_MS = 700

/** A run of the cron, after the lease of whoever was killed. */
const CRON_MS = 180_000

interface Wanted {
  readonly userName: string
  id: string | undefined
  exists: boolean
  title: string
  active: boolean
}

interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: SCIM bodies
  readonly body: any
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function main(): Promise<number> {
  const stateFolder = mkdtempSync(path.join(tmpdir(), 'postern-crash-'))
  const started = await startPostern([], { POSTERN_STATE: stateFolder })
  const ready = started.now
  let kills = 0
  let requests = 0
  let lost = 0
  let running = true

  /** Undefined where the answer was lost. */
  async function send(method: string, where: string, body?: unknown): Promise<Answer | undefined> {
    requests++
    try {
      const response = await fetch(ready.scimBaseUrl + where, {
        method,
        headers: {
          authorization: `Bearer ${ready.token}`,
          ...(body !== undefined && { 'content-type': 'application/scim+json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(20_000),
      })
      const text = await response.text()
      return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
    } catch {
      lost++
      return undefined
    }
  }

  /** As a client does it: a lost answer or a 503 is tried again. */
  async function insist(attempt: () => Promise<Answer | undefined>): Promise<Answer> {
    for (;;) {
      const answer = await attempt()
      if (answer && answer.status !== 503) return answer
      await sleep(100)
    }
  }

  const match = (person: Wanted) =>
    send('GET', `/Users?filter=${encodeURIComponent(`userName eq "${person.userName}"`)}`)

  /** Entra's way: ask, create on zero hits, remember the id. */
  async function create(person: Wanted): Promise<void> {
    for (;;) {
      const found = await insist(() => match(person))
      if (found.status === 200 && found.body.totalResults === 1) {
        // Made by a POST whose answer was lost.
        person.id = found.body.Resources[0].id
        person.exists = true
        person.active = true
        return
      }
      if (found.status !== 200 || found.body.totalResults > 1)
        throw new Error(JSON.stringify(found))
      const [given, family] = person.userName.split(/[.@]/)
      const created = await send('POST', '/Users', {
        schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
        userName: person.userName,
        externalId: person.userName,
        name: { givenName: given, familyName: family },
        title: person.title,
        active: true,
      })
      if (created?.status === 201) {
        person.id = created.body.id
        person.exists = true
        person.active = true
        return
      }
      await sleep(100)
    }
  }

  async function patch(person: Wanted): Promise<void> {
    person.title = `Title ${Math.floor(Math.random() * 1e6)}`
    person.active = Math.random() < 0.7
    const answer = await insist(() =>
      send('PATCH', `/Users/${person.id}`, {
        schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
        Operations: [
          { op: 'Replace', path: 'title', value: person.title },
          { op: 'Replace', path: 'active', value: person.active ? 'True' : 'False' },
        ],
      }),
    )
    if (answer.status !== 200) throw new Error(`PATCH: ${JSON.stringify(answer)}`)
    done('update', person)
  }

  async function remove(person: Wanted): Promise<void> {
    const answer = await insist(() => send('DELETE', `/Users/${person.id}`))
    if (answer.status !== 204 && answer.status !== 404) throw new Error(JSON.stringify(answer))
    done('delete', person)
    person.exists = false
    person.id = undefined
  }

  /** Of each of these the audit has to know. */
  const asked = new Map<string, AskedFor>()
  function done(op: AskedFor['op'], { id = '', userName }: Wanted): void {
    asked.set(`${op} ${id}`, { op, id, userName })
  }

  const people: Wanted[] = Array.from({ length: PEOPLE }, (_, i) => ({
    userName: `person${i}.crash@example.com`,
    id: undefined,
    exists: false,
    title: 'New',
    active: true,
  }))

  async function client(own: readonly Wanted[]): Promise<void> {
    while (running) {
      const person = own[Math.floor(Math.random() * own.length)]
      if (!person) return
      if (!person.exists) await create(person)
      else if (Math.random() < 0.25) await remove(person)
      else await patch(person)
    }
    // What was left half done is ended, as the next cycle would.
    for (const person of own) if (!person.exists) await create(person)
  }

  async function killer(): Promise<void> {
    for (; kills < KILLS; kills++) {
      await sleep(Math.random() * MAX_LIFE_MS)
      kill((await readRunning(stateFolder)).gatewayPid)
      if (kills % 10 === 9) console.log(`${kills + 1} kills, ${requests} requests, ${lost} lost`)
      await healthy(ready)
    }
    running = false
  }

  try {
    await liftGuard(ready)
    const slices = Array.from({ length: CLIENTS }, (_, c) =>
      people.filter((_, i) => i % CLIENTS === c),
    )
    await Promise.all([killer(), ...slices.map(client)])
    const faults = await verify(people, match, ready)
    for (const person of people) done('create', person)
    return report(
      [...faults, ...(await unaudited(asked.values(), ready))],
      `${kills} kills, ${requests} requests, ${lost} lost`,
    )
  } finally {
    await started.stop()
    rmSync(stateFolder, { recursive: true, force: true })
  }
}

/** People come and go here as they do in no company: its guard would stop that after fifty. */
async function liftGuard(ready: Ready): Promise<void> {
  const policy = { guard: { maxCount: 1_000_000, maxPercent: 100 } }
  const { status } = await askAdmin(ready, 'PATCH', '/connections/demo', { policy })
  if (status !== 200) throw new Error(`the guard is not lifted: ${status}`)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has just been replaced: the next round meets its successor.
  }
}

async function healthy({ consoleUrl }: Ready): Promise<void> {
  for (;;) {
    try {
      const response = await fetch(new URL('/healthz', consoleUrl), {
        signal: AbortSignal.timeout(2_000),
      })
      if (response.status === 200) return
    } catch {
      // not yet
    }
    await sleep(20)
  }
}

async function verify(
  people: readonly Wanted[],
  match: (person: Wanted) => Promise<Answer | undefined>,
  ready: Ready,
): Promise<string[]> {
  const response = await fetch(`${ready.appUrl}/control/accounts`)
  const accounts = (await response.json()) as { login: string; job_title: string; state: string }[]
  const faults: string[] = []
  for (const person of people) {
    const own = accounts.filter((a) => a.login.toLowerCase() === person.userName)
    const found = await match(person)
    const resources = found?.body.Resources ?? []
    const wrong =
      own.length !== 1
        ? `${own.length} accounts`
        : resources.length !== 1
          ? `${resources.length} resources`
          : resources[0].id !== person.id
            ? 'another id than the client was told'
            : own[0]?.job_title !== person.title
              ? `title ${own[0]?.job_title}, not ${person.title}`
              : (own[0]?.state === 'enabled') !== person.active
                ? `state ${own[0]?.state}`
                : undefined
    if (wrong) faults.push(`${person.userName}: ${wrong}`)
  }
  const strangers = accounts.filter((a) => a.login.includes('.crash@')).length
  if (strangers !== people.length) faults.push(`${strangers} accounts for ${people.length} people`)
  return faults
}

interface AskedFor {
  readonly op: 'create' | 'update' | 'delete'
  readonly id: string
  readonly userName: string
}

/**
 * Of every account that the app has by now the audit says who asked for it, and of every change and delete
 * that a client was told of as well; of a create that was cut off, and that no client has asked after, as
 * soon as the cron has finished it.
 */
async function unaudited(asked: Iterable<AskedFor>, ready: Ready): Promise<string[]> {
  const isAudited = async ({ id, op }: AskedFor) => {
    try {
      const route = `/connections/demo/audit?person=${id}&op=${op}`
      return (await askAdmin(ready, 'GET', route)).body.items.length > 0
    } catch {
      // A connection that was idle may be closed in the moment of asking: it is asked again.
      return false
    }
  }
  let left = [...asked]
  for (const until = Date.now() + CRON_MS; ; await sleep(5_000)) {
    const found: AskedFor[] = []
    for (const one of left) if (!(await isAudited(one))) found.push(one)
    left = found
    if (left.length === 0 || Date.now() > until) break
  }
  return left.map(({ op, userName }) => `${userName}: the audit knows of no ${op}`)
}

function report(faults: readonly string[], summary: string): number {
  for (const fault of faults) console.log(`✗ ${fault}`)
  console.log(summary)
  console.log(`${PEOPLE + 1 - faults.length} passed, ${faults.length} failed`)
  return faults.length === 0 ? 0 : 1
}

process.exitCode = await main()
