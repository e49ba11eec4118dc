/** `postern mapping try`: what a mapping makes of a sample, before it is saved. */
import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { GATEWAY_FLAGS, GATEWAY_HELP, openConnection, parseWords } from './arguments.ts'
import { type Command, CommandError, UsageError } from './command.ts'
import { runVerb } from './verbs.ts'
import { voiceOf } from './voice.ts'

const HELP = `npx postern mapping try <connection> [options]

Shows what the app would get and what the identity provider would read back. Nothing is written and
nothing is saved. Exit code 1 where the mapping cannot be applied to the sample.

  --sample FILE     a resource as JSON, as the identity provider would send it in a POST
  --native-id ID    instead: an account or group that is in the app
  --person WHO      instead: somebody who is linked, by user name or id; shows what would change for them
  --file FILE       the mapping to try, as in the connection: { "User": { ... } }
                    (default: the connection's own)
  --type NAME       resource type of the sample (default User)
${GATEWAY_HELP}

  npx postern mapping try demo --file mapping.json --sample person.json
  npx postern mapping try demo --native-id 1001
  npx postern mapping try demo --file mapping.json --person ada@example.com`

const jsonObject = z.record(z.string(), z.unknown())
const trialSchema = z.object({
  app: jsonObject.optional(),
  resource: jsonObject.optional(),
  ignored: z.array(z.string()).default([]),
  changes: z
    .array(z.object({ attribute: z.string(), now: z.unknown(), next: z.unknown() }))
    .optional(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })),
})

async function runTry(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('mapping try', args, ['connection'], {
    ...GATEWAY_FLAGS,
    sample: { type: 'string' },
    'native-id': { type: 'string' },
    person: { type: 'string' },
    file: { type: 'string' },
    type: { type: 'string', default: 'User' },
  })
  const [connection = ''] = words
  const { sample, file, person, 'native-id': nativeId } = flags
  if ([sample, nativeId, person].filter((one) => one !== undefined).length !== 1) {
    throw new UsageError('which sample?', 'give one of --sample, --native-id and --person')
  }
  const body = {
    resourceType: flags.type,
    ...(file !== undefined && { mapping: await readObject(file) }),
    ...(sample !== undefined && { resource: await readObject(sample) }),
    ...(nativeId !== undefined && { nativeId }),
    ...(person !== undefined && { person }),
  }
  const call = await openConnection(connection, flags)
  const trial = trialSchema.parse(await call('POST', '/mapping/try', 'try the mapping', body))
  if (flags.json) console.log(JSON.stringify(trial))
  else {
    const { say, paint } = voiceOf(flags)
    const show = (title: string, value: unknown) =>
      say(`  ${paint('bold', title)}\n${JSON.stringify(value, null, 2).replaceAll(/^/gm, '    ')}`)
    if (trial.app) show(nativeId === undefined ? 'the app would get' : 'the app holds', trial.app)
    if (trial.resource) show('the identity provider would read back', trial.resource)
    for (const { attribute, now, next } of trial.changes ?? []) {
      say(`  ${paint('bold', attribute)}: ${JSON.stringify(now)} becomes ${JSON.stringify(next)}`)
    }
    if (trial.changes?.length === 0) say('  the app has all of it: nothing would be sent')
    if (trial.ignored.length > 0) say(`  ignored: ${trial.ignored.join(', ')}`)
    for (const { path, message } of trial.errors) say(`  ${paint('bold', path)}: ${message}`)
  }
  return trial.errors.length === 0 ? 0 : 1
}

/** @throws {CommandError} */
async function readObject(file: string): Promise<Record<string, unknown>> {
  try {
    return jsonObject.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (cause) {
    throw new CommandError(`${file} cannot be read, or holds no JSON object`, 'see --help', {
      cause,
    })
  }
}

export const mapping: Command = {
  summary: 'tries a mapping on a sample before it is saved',
  help: HELP,
  run: (args) => runVerb('mapping', { try: runTry }, args),
}
