/** `postern manifests list|put|show|rollback|check`: adapters that are data, of a gateway. */
import * as z from 'zod'
import { everyItem, GATEWAY_FLAGS, GATEWAY_HELP, openGateway, parseWords } from './arguments.ts'
import { type Command, UsageError } from './command.ts'
import { readManifestFile, UnfinishedManifest } from './manifest-file.ts'
import { runVerb } from './verbs.ts'
import { voiceOf } from './voice.ts'

const HELP = `npx postern manifests list [options]
npx postern manifests check <file> [options]
npx postern manifests put <file> [options]
npx postern manifests show <name> [options]
npx postern manifests rollback <name> --to REVISION [options]

A manifest is an adapter written as JSON (docs/adapters.md, docs/manifest.md). put stores it under its own name; a
connection whose "adapter" is that name goes by it, within five seconds and without a deploy.
check says what is wrong with a file and which questions are open, and asks no gateway. - is
standard input.

  --to REVISION     a number or a version that "show" lists
${GATEWAY_HELP}

  npx postern manifests check desk.manifest.json
  npx postern manifests put desk.manifest.json
  npx postern manifests show desk
  npx postern manifests rollback desk --to 1.0.0`

const summarySchema = z.looseObject({
  name: z.string(),
  version: z.string(),
  revision: z.number(),
  status: z.string().optional(),
  updatedAt: z.string(),
})
const pageSchema = z.object({ items: z.array(summarySchema), nextCursor: z.string().optional() })
const shownSchema = summarySchema.extend({
  versions: z.array(z.object({ revision: z.number(), version: z.string(), createdAt: z.string() })),
  connections: z.array(z.string()),
})

const day = (iso: string): string => iso.slice(0, 16).replace('T', ' ')

async function runList(args: readonly string[]): Promise<number> {
  const { flags } = parseWords('manifests list', args, [], GATEWAY_FLAGS)
  const call = await openGateway(flags)
  const items = await everyItem(call, '/manifests', 'list manifests', (answer) =>
    pageSchema.parse(answer),
  )
  if (flags.json) console.log(JSON.stringify({ items }))
  else {
    const { say } = voiceOf(flags)
    if (items.length === 0) say('  There are no manifests. Adapters that are built in need none.')
    for (const { name, version, revision, status, updatedAt } of items) {
      const mark = status === undefined ? '' : `, ${status}`
      say(
        `  ${name.padEnd(24)} ${version.padEnd(10)} revision ${revision}, ${day(updatedAt)}${mark}`,
      )
    }
  }
  return 0
}

async function runCheck(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('manifests check', args, ['file'], GATEWAY_FLAGS)
  try {
    const { manifest } = await readManifestFile(words[0] ?? '')
    const { name, version, status } = manifest
    if (flags.json) console.log(JSON.stringify({ name, version, ...(status && { status }) }))
    else voiceOf(flags).say(`  ${name} ${version} is valid${status ? `, and ${status}` : ''}.`)
    return 0
  } catch (error) {
    if (!flags.json || !(error instanceof UnfinishedManifest)) throw error
    console.log(JSON.stringify(error.unfinished))
    return 1
  }
}

async function runPut(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('manifests put', args, ['file'], GATEWAY_FLAGS)
  const { manifest, document } = await readManifestFile(words[0] ?? '')
  const { name } = manifest
  const call = await openGateway(flags)
  const route = `/manifests/${encodeURIComponent(name)}`
  const stored = summarySchema.parse(await call('PUT', route, 'store the manifest', document))
  return told(flags, stored, 'is in force')
}

async function runShow(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('manifests show', args, ['name'], GATEWAY_FLAGS)
  const route = `/manifests/${encodeURIComponent(words[0] ?? '')}`
  const answer = await (await openGateway(flags))('GET', route, 'show the manifest')
  const shown = shownSchema.parse(answer)
  if (flags.json) console.log(JSON.stringify(answer))
  else {
    const { say, paint } = voiceOf(flags)
    const { status } = shown
    const mark = status === undefined ? '' : `, ${paint('yellow', status)}`
    say(`  ${paint('bold', shown.name)} ${shown.version}, revision ${shown.revision}${mark}`)
    say(`  used by ${shown.connections.join(', ') || 'no connection'}`)
    for (const { revision, version, createdAt } of shown.versions) {
      const mark = revision === shown.revision ? '>' : ' '
      say(`  ${mark} ${String(revision).padStart(3)}  ${version.padEnd(10)} ${day(createdAt)}`)
    }
  }
  return 0
}

async function runRollback(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('manifests rollback', args, ['name'], {
    ...GATEWAY_FLAGS,
    to: { type: 'string' },
  })
  const { to } = flags
  if (to === undefined) {
    throw new UsageError(
      'back to which one?',
      '--to 1.0.0; postern manifests show <name> lists them',
    )
  }
  const route = `/manifests/${encodeURIComponent(words[0] ?? '')}/rollback`
  const wanted = /^\d+$/.test(to) ? { revision: Number(to) } : { version: to }
  const call = await openGateway(flags)
  const stored = summarySchema.parse(await call('POST', route, 'go back', wanted))
  return told(flags, stored, 'is in force again')
}

function told(
  flags: { readonly json: boolean },
  stored: z.output<typeof summarySchema>,
  what: string,
): number {
  const { name, version, revision, status } = stored
  if (flags.json) console.log(JSON.stringify(stored))
  else {
    const { say, paint } = voiceOf(flags)
    say(`  ${paint('bold', `${name} ${version}`)} (revision ${revision}) ${what}.`)
    if (status !== undefined) say(`  It is ${status}: nobody has tried it against the running app.`)
  }
  return 0
}

export const manifests: Command = {
  summary: 'lists, stores, shows and takes back adapters that are JSON',
  help: HELP,
  run: (args) =>
    runVerb(
      'manifests',
      { list: runList, check: runCheck, put: runPut, show: runShow, rollback: runRollback },
      args,
    ),
}
