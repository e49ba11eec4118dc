/** `postern adapter test`: the conformance kit, at a terminal. */
import type { Check } from '../../src/adapter/kit/check.ts'
import { CHECKS } from '../../src/adapter/kit/checks.ts'
import { GATEWAY_CHECKS } from '../../src/adapter/kit/gateway.ts'
import { type CheckResult, runChecks } from '../../src/adapter/kit/run.ts'
import { STATIC_CHECKS } from '../../src/adapter/kit/static.ts'
import { parseWords } from '../arguments.ts'
import { UsageError } from '../command.ts'
import { voiceOf } from '../voice.ts'
import { folderOf, readNotes } from './folder.ts'
import { startGateway } from './gateway.ts'
import { readLive } from './live.ts'
import { loadAdapter } from './load.ts'
import { writeKitBlock } from './readme.ts'
import {
  hasRecording,
  readRecording,
  recorded,
  replaySubject,
  writeRecording,
} from './recordings.ts'
import { summaryOf, tellerOf } from './report.ts'
import { liveSubject, newSeed, sleep } from './subject.ts'

export const TEST_HELP = `npx postern adapter test <adapter> [options]

Runs the conformance kit (docs/adapters.md, "Prove it"). <adapter> is the name of a built-in one,
a manifest file, or a module that exports an adapter. Without --live: what can be said without the app, and the recordings beside the
adapter, played again; no app and no credential is needed.

  --live            against a real app, in which it makes people and groups, and removes them again
  --settings FILE   of the connection, as JSON; with --live
  --secrets FILE    of the connection, as JSON; - is standard input
  --connection FILE in place of both: a connection as "connections import" takes it
  --record DIR      with --live: keeps the exchanges, without secrets and people, one file a check
  --readme          with --live: writes what was proved into the adapter's README
  --app TEXT        name and version of the app, for the README
  --read-only       makes, changes and removes nothing
  --only ID         this check alone, or this group of checks; may be repeated
  --json            no progress; the last line printed is one object
  --help            this text

Exit code: 0 all that applies passed, 1 something failed or could not be tried, 2 wrong usage.

  npx postern adapter test example
  npx postern adapter test my-desk.manifest.json --live --settings desk.json --secrets -`

function chosen(ids: readonly string[]): readonly Check[] {
  if (ids.length === 0) return CHECKS
  const found = CHECKS.filter(({ id }) => ids.some((one) => id === one || id.startsWith(`${one}.`)))
  const strange = ids.find((one) => !found.some(({ id }) => id === one || id.startsWith(`${one}.`)))
  if (strange !== undefined) {
    throw new UsageError(`there is no check ${strange}`, 'docs/adapters.md lists them')
  }
  return found
}

export async function runTest(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('adapter test', args, ['adapter'], {
    live: { type: 'boolean', default: false },
    settings: { type: 'string' },
    secrets: { type: 'string' },
    connection: { type: 'string' },
    record: { type: 'string' },
    readme: { type: 'boolean', default: false },
    app: { type: 'string' },
    'read-only': { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] as string[] },
    json: { type: 'boolean', default: false },
  })
  const [named = ''] = words
  if (!flags.live && (flags.record !== undefined || flags.readme)) {
    throw new UsageError('--record and --readme are about a real app', 'add --live')
  }
  const checks = chosen(flags.only)
  const { load, manifest, isModule = false } = await loadAdapter(named)
  const adapter = load()
  const folder = folderOf(named, adapter.name)
  const notes = await readNotes(folder, adapter.name)
  const readOnly = flags['read-only']
  const voice = voiceOf(flags)
  const tell = tellerOf(voice)
  const options = { notes, readOnly }
  let results: readonly CheckResult[]
  if (flags.live) {
    const live = await readLive(adapter, flags)
    const asksGateway = checks.some((check) => GATEWAY_CHECKS.includes(check))
    const needsGateway = asksGateway && !readOnly && !isModule
    if (needsGateway)
      voice.say(voice.paint('dim', '  a gateway is started beside, for a while ...'))
    const gateway = needsGateway
      ? await startGateway({ name: 'kit', adapter, ...live, manifest })
      : undefined
    try {
      const { subject, finish } = recorded(
        (record, begin) =>
          liveSubject({ load, live, record, begin, ...options, ...(gateway && { gateway }) }),
        live,
      )
      results = await runChecks(subject, checks, tell)
      if (flags.record !== undefined) await writeRecording(flags.record, finish(results))
    } finally {
      await gateway?.stop()
    }
  } else if (hasRecording(folder.recordings)) {
    const recording = await readRecording(folder.recordings)
    voice.say(
      voice.paint('dim', `  recorded ${recording.run.recordedAt.slice(0, 10)}, played again`),
    )
    results = await runChecks(replaySubject(load, recording, options), checks, tell)
  } else {
    voice.say(voice.paint('dim', '  there are no recordings: static checks alone'))
    const asked = checks.filter((check) => STATIC_CHECKS.includes(check))
    const io = { sleep, now: Date.now }
    results = await runChecks({ adapter, ...options, hands: {}, seed: newSeed(), io }, asked, tell)
  }
  if (flags.readme) {
    const { name, version } = adapter
    const day = new Date().toISOString().slice(0, 10)
    const proof = { adapter: name, version, app: flags.app, day, results }
    await writeKitBlock(folder.readme, proof)
  }
  if (flags.json)
    console.log(JSON.stringify({ adapter: adapter.name, ...summaryOf(results), results }))
  else voice.say(`\n  ${summaryLine(results)}`)
  const { failed, blocked } = summaryOf(results)
  return failed + blocked === 0 ? 0 : 1
}

function summaryLine(results: readonly CheckResult[]): string {
  const { passed, failed, blocked, skipped } = summaryOf(results)
  return `${passed} passed, ${failed} failed, ${blocked} not tried, ${skipped} skipped`
}
