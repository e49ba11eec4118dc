/** Recordings of an adapter as files: `run.json`, and one file for each check (docs/adapters.md). */
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Adapter } from '../../src/adapter/contract.ts'
import { createRedactor } from '../../src/adapter/kit/redact.ts'
import type { CheckResult } from '../../src/adapter/kit/run.ts'
import type { Fetch, Notes, Subject } from '../../src/adapter/kit/subject.ts'
import {
  createPlayer,
  createRecorder,
  type Exchange,
  REDACTED,
  type Run,
  runSchema,
  TAPED_ORIGIN,
  tapeSchema,
} from '../../src/adapter/kit/tape.ts'
import { openPorts } from '../../src/adapter/open.ts'
import { CommandError } from '../command.ts'
import type { Live } from './live.ts'

const RUN = 'run.json'

export interface Recording {
  readonly run: Run
  readonly tapes: ReadonlyMap<string, readonly Exchange[]>
}

export function hasRecording(folder: string): boolean {
  return existsSync(path.join(folder, RUN))
}

/** @throws {CommandError} where a file is none of ours */
export async function readRecording(folder: string): Promise<Recording> {
  const read = async <T>(name: string, parse: (json: unknown) => T): Promise<T> => {
    try {
      return parse(JSON.parse(await readFile(path.join(folder, name), 'utf8')))
    } catch (cause) {
      const message = `${path.join(folder, name)} is no recording`
      throw new CommandError(message, 'record anew: --live --record', { cause })
    }
  }
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json') && name !== RUN)
  const tapes = await Promise.all(names.map((name) => read(name, (json) => tapeSchema.parse(json))))
  return {
    run: await read(RUN, (json) => runSchema.parse(json)),
    tapes: new Map(tapes.map(({ check, exchanges }) => [check, exchanges])),
  }
}

/** What was there before is taken away: a recording is of one run. */
export async function writeRecording(folder: string, { run, tapes }: Recording): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const name of await readdir(folder)) {
    if (name.endsWith('.json')) await rm(path.join(folder, name))
  }
  await writeFile(path.join(folder, RUN), `${JSON.stringify(run, null, 2)}\n`)
  for (const [check, exchanges] of tapes) {
    // One line an exchange: a change of one is a change of one line.
    const lines = exchanges.map((exchange) => `    ${JSON.stringify(exchange)}`).join(',\n')
    const text = `{\n  "check": ${JSON.stringify(check)},\n  "exchanges": [\n${lines}\n  ]\n}\n`
    await writeFile(path.join(folder, `${check}.json`), text)
  }
}

/** The subject, recorded; and what the recording is once the run is over. */
export function recorded(
  live: (record: (fetch: Fetch) => Fetch, begin: (tape: string) => void) => Subject,
  { settings, secrets }: Live,
): { readonly subject: Subject; readonly finish: (results: readonly CheckResult[]) => Recording } {
  let origin = TAPED_ORIGIN
  let recorder = createRecorder(origin)
  const plain = live(
    (fetch) => (input, init) => recorder.record(fetch)(input, init),
    (tape) => recorder.begin(tape),
  )
  if (plain.baseUrl !== undefined) {
    origin = new URL(plain.baseUrl).origin
    recorder = createRecorder(origin)
  }
  const redactor = createRedactor(plain, origin, secrets)
  const { open, adapter, seed } = plain
  const recordedAt = new Date().toISOString()
  return {
    subject: { ...plain, ...(open && { open: (change) => redactor.watch(open(change)) }) },
    finish: (results) => {
      const tapes = redactor.redact(recorder.tapes())
      return {
        // Those with a gateway are not played again.
        tapes: new Map([...tapes].filter(([check]) => !check.includes('.gateway.'))),
        run: {
          adapter: adapter.name,
          version: adapter.version,
          recordedAt,
          seed,
          settings: runSchema.shape.settings.parse(redactor.beside(settings)),
          results: results.map(({ type, id, outcome, reason }) => ({
            check: `${type}.${id}`,
            outcome,
            ...(reason !== undefined && { reason }),
          })),
        },
      }
    },
  }
}

const TIMEOUT_MS = 25_000

/** The app that is made of a recording: no network, no credential, and no time that passes. */
export function replaySubject(
  load: () => Adapter,
  { run, tapes }: Recording,
  { notes, readOnly }: { readonly notes: Notes; readonly readOnly: boolean },
): Subject {
  const player = createPlayer(tapes)
  const adapter = load()
  const known = Object.fromEntries(adapter.secrets.map((name) => [name, `${REDACTED}-${name}`]))
  let now = Date.parse(run.recordedAt)
  return {
    adapter,
    notes,
    readOnly,
    hands: {},
    seed: run.seed,
    baseUrl: adapter.baseUrl(adapter.settings.parse(run.settings)),
    begin: player.begin,
    end: player.end,
    io: {
      now: () => now,
      sleep: async (ms) => {
        now += ms
      },
    },
    open: ({ wrap = (one: Fetch) => one, secrets = {} } = {}) =>
      openPorts(
        load(),
        { settings: run.settings, secrets: { ...known, ...secrets }, leftMs: () => TIMEOUT_MS },
        { fetch: wrap(player.fetch), now: () => now, allowInsecure: true },
      ),
  }
}
