/**
 * `node bench/membership/run.ts [--rounds 40] [--fill 2000]`: teams of 100 to 50,000 people in the
 * example app, in memory, behind the real gateway. Measures what a change of one member costs in each,
 * a read without members, and how an empty team is filled by a client that comes back when told to.
 *
 * Every change is checked in the app. Ends with Markdown tables.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { startPostern } from '../../cli/launch.ts'
import { DESK_KEY, openDesk } from '../../test/support/open-desk.ts'
import { scim } from '../../test/support/scim.ts'
import { askAdmin } from '../../test/support/start.ts'
import { quantile } from '../quantile.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '40' },
    fill: { type: 'string', default: '2000' },
  },
})
const ROUNDS = Number(values.rounds)
const FILL = Number(values.fill)
const SIZES = [100, 1_000, 10_000, 50_000] as const
/** In no team: they join and leave. Their numbers are the first ones, so that a list begins with them. */
const FREE = Math.max(FILL, 100)

const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

/** The example app over HTTP, without a file: writing one of this size would be all that is measured. */
async function startApp(): Promise<{
  desk: ReturnType<typeof openDesk>
  url: string
  stop: () => void
}> {
  const desk = openDesk()
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString()
    const answer = await desk.fetch(`http://app${request.url ?? '/'}`, {
      method: request.method ?? 'GET',
      headers: { 'x-desk-key': String(request.headers['x-desk-key'] ?? '') },
      ...(body !== '' && { body }),
    })
    response.writeHead(answer.status, { 'content-type': 'application/json' })
    response.end(await answer.text())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const stop = () => {
    server.closeAllConnections()
    server.close()
  }
  return { desk, url: `http://127.0.0.1:${port}`, stop }
}

async function main(): Promise<void> {
  const state = mkdtempSync(path.join(os.tmpdir(), 'postern-bench-'))
  const { desk, url, stop } = await startApp()
  const nothing = { mail: null, job_title: null, org_unit: null, phone: null }
  const numbers = Array.from({ length: FREE + Math.max(...SIZES) }, (_, n) => {
    const fields = { login: `person.${n}@fernhollow.example`, first_name: null, last_name: `L${n}` }
    return desk.store.createAccount({ ...fields, ...nothing, state: 'enabled' }).account_no
  })
  for (const size of [...SIZES, 0]) {
    const team = desk.store.createTeam({ title: `Team ${size}`, note: null })
    for (const no of numbers.slice(FREE, FREE + size)) team.people.add(no)
  }
  const started = await startPostern(['--no-app'], { POSTERN_STATE: state })
  const made = await askAdmin(started.now, 'POST', '/connections', {
    ...{ name: 'bench', adapter: 'example', settings: { url }, secrets: { apiKey: DESK_KEY } },
  })
  const now: { scimBaseUrl: string; token: string } = made.body

  const stats = (): { calls: number; changes: number } => {
    const calls = Object.entries(desk.counters.toJSON().calls)
    const sum = (list: typeof calls) => list.reduce((all, [, n]) => all + n, 0)
    return { calls: sum(calls), changes: sum(calls.filter(([name]) => !name.startsWith('GET'))) }
  }
  const sizeOf = (title: string): number => desk.store.teamByTitle(title)?.people.size ?? -1
  const change = (op: 'Add' | 'Remove', ids: readonly string[]) => ({
    schemas: [PATCH],
    Operations: [{ op, path: 'members', value: ids.map((value) => ({ value })) }],
  })

  try {
    const free: string[] = []
    while (free.length < FREE) {
      const page = await scim(now, 'GET', `/Users?startIndex=${free.length + 1}&count=100`)
      free.push(...(page.body.Resources ?? []).map(({ id }: { id: string }) => id))
    }
    const pathOf = async (title: string): Promise<string> => {
      const filter = encodeURIComponent(`displayName eq "${title}"`)
      const found = await scim(now, 'GET', `/Groups?filter=${filter}&excludedAttributes=members`)
      return `/Groups/${found.body.Resources?.[0]?.id}`
    }

    const rows: string[] = []
    for (const size of SIZES) {
      const title = `Team ${size}`
      const group = await pathOf(title)
      const times: Record<'add' | 'remove' | 'read', number[]> = { add: [], remove: [], read: [] }
      const timed = async (kind: keyof typeof times, run: () => Promise<{ status: number }>) => {
        const from = performance.now()
        const { status } = await run()
        times[kind].push(performance.now() - from)
        if (status >= 300) throw new Error(`${kind}: ${status}`)
      }
      // The first change finds out how large the group is.
      await scim(now, 'PATCH', group, change('Add', free.slice(0, 1)))
      const before = stats()
      for (let round = 1; round <= ROUNDS; round++) {
        const one = free.slice(round, round + 1)
        await timed('add', () => scim(now, 'PATCH', group, change('Add', one)))
        await timed('remove', () => scim(now, 'PATCH', group, change('Remove', one)))
      }
      const after = stats()
      for (let round = 0; round < ROUNDS; round++) {
        await timed('read', () => scim(now, 'GET', `${group}?excludedAttributes=members`))
      }
      const isRight = sizeOf(title) === size + 1
      if (!isRight) process.exitCode = 1
      const figures = [times.add, times.remove, times.read].map(
        (list) => `${quantile(list, 0.5).toFixed(1)} / ${quantile(list, 0.99).toFixed(1)}`,
      )
      const calls = ((after.calls - before.calls) / (2 * ROUNDS)).toFixed(1)
      const changes = ((after.changes - before.changes) / (2 * ROUNDS)).toFixed(1)
      rows.push(
        `| ${[size, ...figures, changes, calls, isRight ? 'right' : 'WRONG'].join(' | ')} |`,
      )
      console.log(rows.at(-1))
    }

    const empty = await pathOf('Team 0')
    const from = performance.now()
    const before = stats()
    let requests = 0
    let status = 503
    while (status === 503 && requests < 200) {
      requests += 1
      const answer = await scim(now, 'PATCH', empty, change('Add', free.slice(0, FILL)))
      status = answer.status
      // No client waits less; the sweeper is at work meanwhile.
      if (status === 503) await new Promise((resolve) => setTimeout(resolve, 1_000))
    }
    const seconds = (performance.now() - from) / 1000
    const changes = stats().changes - before.changes
    const isFilled = status === 204 && sizeOf('Team 0') === FILL && changes === FILL
    if (!isFilled) process.exitCode = 1

    console.log(
      `\n${os.cpus()[0]?.model}, ${os.cpus().length} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}\n`,
    )
    console.log(
      '| members | add one, ms p50 / p99 | remove one, ms | read without members, ms | changes in the app | calls of the app | end |',
    )
    console.log('|--:|--:|--:|--:|--:|--:|---|')
    console.log(rows.join('\n'))
    console.log(
      `\n${FILL} people into an empty team: ${requests} requests, ${seconds.toFixed(1)} s, ` +
        `${changes} changes in the app, ${isFilled ? 'right' : `WRONG (${status})`}`,
    )
  } finally {
    await started.stop()
    stop()
    rmSync(state, { recursive: true, force: true })
  }
}

await main()
