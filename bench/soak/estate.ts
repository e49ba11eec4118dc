/** All connections of a soak: for each an app, what spoils its calls, and a directory with its client. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { type RunningDesk, startDesk } from '../../examples/legacy-app/server.ts'
import type { Conversation } from './conversation.ts'
import { aliasOf, Directory } from './directory.ts'
import { type FailingApp, startFailingApp } from './failing-app.ts'
import type { SoakGateway } from './gateway.ts'
import type { TeamRow } from './group.ts'
import { type AccountRow, DOMAIN } from './person.ts'
import type { Random } from './random.ts'

const MANIFEST = path.resolve(
  import.meta.dirname,
  '../../examples/legacy-app/fernhollow.manifest.json',
)
const GROUPS = 5
/** What a connection's policy gives a call of the app. */
const CALL_MS = 5_000
/** Every n-th person had an account before, in other letters. */
const KNOWN_EVERY = 5

export interface Estate {
  readonly directories: readonly Directory[]
  readonly heal: () => void
  readonly verify: () => Promise<string[]>
  /** People and groups that shall exist. */
  readonly living: () => number
  readonly calls: () => number
  readonly spoiled: () => ReadonlyMap<string, number>
  readonly stop: () => void
}

export interface EstateOptions {
  readonly gateway: SoakGateway
  readonly random: Random
  readonly conversation: Conversation
  readonly connections: number
  readonly people: number
  readonly failing: number
  readonly cycleMs: number
}

export async function openEstate(options: EstateOptions): Promise<Estate> {
  const { gateway, random, conversation, people, cycleMs } = options
  const manifest = JSON.parse(readFileSync(MANIFEST, 'utf8'))
  await gateway.admin('PUT', '/manifests/fernhollow', manifest)
  const desks: RunningDesk[] = []
  const apps: FailingApp[] = []
  const directories: Directory[] = []
  for (let n = 0; n < options.connections; n++) {
    const key = `soak-key-${n}`
    const desk = await startDesk({
      port: 0,
      host: '127.0.0.1',
      key,
      stateFile: undefined,
      seed: false,
    })
    await fill(desk, key, people)
    const { failing: rate } = options
    const app = await startFailingApp({ target: desk.url, random, rate, tooLongMs: CALL_MS + 500 })
    // Three kinds in turn: an adapter in code, one that is data, and one whose accounts outlive a DELETE.
    const keepsAccounts = n % 3 === 2
    const { scimBaseUrl = '', token = '' } = await gateway.admin('POST', '/connections', {
      name: `soak-${n}`,
      adapter: n % 3 === 1 ? 'fernhollow' : 'example',
      settings: { url: app.url },
      secrets: { apiKey: key },
      policy: {
        guard: { maxCount: 1_000_000, maxPercent: 100 },
        limits: { requestTimeoutMs: CALL_MS },
        ...(keepsAccounts && { deprovision: { onDelete: 'deactivate' } }),
      },
    })
    desks.push(desk)
    apps.push(app)
    const own = { name: `soak-${n}`, scimBaseUrl, token, people, groups: GROUPS }
    directories.push(new Directory({ ...own, cycleMs, keepsAccounts }, random, conversation))
  }
  const read = async <T>(desk: RunningDesk | undefined, what: string): Promise<T[]> =>
    (await fetch(`${desk?.url}/control/${what}`)).json() as Promise<T[]>
  return {
    directories,
    heal: () => {
      for (const app of apps) app.heal()
    },
    async verify() {
      const faults: string[] = []
      for (const [n, directory] of directories.entries()) {
        const accounts = await read<AccountRow>(desks[n], 'accounts')
        faults.push(...directory.verify(accounts, await read<TeamRow>(desks[n], 'teams')))
      }
      return faults
    },
    living: () =>
      directories.flatMap((one) => [...one.people, ...one.groups]).filter((entry) => entry.wanted)
        .length,
    calls: () => apps.reduce((sum, app) => sum + app.calls(), 0),
    spoiled: () => {
      const sum = new Map<string, number>()
      for (const app of apps) {
        for (const [name, n] of app.spoiled()) sum.set(name, (sum.get(name) ?? 0) + n)
      }
      return sum
    },
    stop: () => {
      for (const app of apps) app.stop()
      for (const desk of desks) void desk.close()
    },
  }
}

async function fill(desk: RunningDesk, key: string, people: number): Promise<void> {
  for (let i = 0; i < people; i += KNOWN_EVERY) {
    const response = await fetch(`${desk.url}/api/accounts`, {
      method: 'POST',
      headers: { 'x-desk-key': key, 'content-type': 'application/json' },
      body: JSON.stringify({
        login: `${aliasOf(i)}@${DOMAIN}`.toUpperCase(),
        last_name: 'Was here before',
      }),
    })
    if (response.status !== 201) throw new Error(await response.text())
  }
}
