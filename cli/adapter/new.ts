/** `postern adapter new`: a manifest as far as it can be known, and questions for the rest. */
import { readFile, writeFile } from 'node:fs/promises'
import { questionsIn } from '../../src/adapter/manifest/questions.ts'
import { parseWords } from '../arguments.ts'
import { CommandError, UsageError } from '../command.ts'
import { voiceOf } from '../voice.ts'
import type { Proposal } from './propose/manifest.ts'

export const NEW_HELP = `npx postern adapter new <name> [options]

Writes <name>.manifest.json: an adapter as data, with a question wherever only the app itself knows
the answer. With an OpenAPI file (3.0, 3.1 or Swagger 2; JSON or YAML) it proposes paths, ids, pages,
attributes and the mapping. A text that begins with "? " stands where an answer belongs; a member "?"
stands beside a guess, and is taken out once it is right. docs/adapters.md goes on from there.

  --openapi FILE    what the API says of itself; nothing is downloaded
  --out FILE        default <name>.manifest.json; a file that is there is never overwritten
  --json            no progress; the last line printed is one object
  --help            this text

  npx postern adapter new my-desk
  npx postern adapter new my-desk --openapi openapi.yaml`

const NAME = /^[a-z][a-z0-9-]{0,62}$/

export async function runNew(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('adapter new', args, ['name'], {
    openapi: { type: 'string' },
    out: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  const [name = ''] = words
  if (!NAME.test(name)) {
    throw new UsageError(
      `${name} is no name of an adapter`,
      'a-z, 0-9 and "-", beginning with a letter: postern adapter new my-desk',
    )
  }
  const file = flags.out ?? `${name}.manifest.json`
  const proposal = await propose(name, flags.openapi)
  await write(file, `${JSON.stringify(proposal.manifest, null, 2)}\n`)
  const questions = questionsIn(proposal.manifest)
  if (flags.json) {
    console.log(JSON.stringify({ file, questions: questions.length, found: proposal.found }))
    return 0
  }
  const { say, paint } = voiceOf(flags)
  for (const line of proposal.found) say(`  ${line}`)
  say(`\n  ${paint('bold', file)} is written, with ${questions.length} questions that only the app`)
  say('  can answer. For the curl lines in them:\n')
  say(`    APP='${proposal.curl.app}'  AUTH='${proposal.curl.auth}'\n`)
  say('  Then answer one after the other, until this says that it is valid:\n')
  say(`    npx postern manifests check ${file}`)
  say(`    npx postern adapter test ${file}`)
  return 0
}

/** Loaded when asked for: most calls of `postern` need no parser of YAML. */
async function propose(name: string, openapi: string | undefined): Promise<Proposal> {
  if (openapi === undefined) return (await import('./propose/skeleton.ts')).skeleton(name)
  let text: string
  try {
    text = await readFile(openapi, 'utf8')
  } catch (cause) {
    throw new CommandError(`${openapi} cannot be read`, (cause as Error).message, { cause })
  }
  const { parseDocument } = await import('./openapi/document.ts')
  const { proposeManifest } = await import('./propose/manifest.ts')
  const proposal = proposeManifest(name, parseDocument(text, openapi))
  if (proposal) return proposal
  throw new CommandError(
    `${openapi} shows no list of people`,
    `looked for GET .../users, /accounts, /people and the like; postern adapter new ${name} without it asks everything`,
  )
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx' })
  } catch (cause) {
    const isThere = (cause as NodeJS.ErrnoException).code === 'EEXIST'
    throw new CommandError(
      isThere ? `${file} is there already` : `${file} cannot be written`,
      isThere ? 'nothing was written; --out names another file' : (cause as Error).message,
      { cause },
    )
  }
}
