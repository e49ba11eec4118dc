/**
 * `npm run deploy`: from an empty account to a gateway that answers, and from an older version to this
 * one. Every step looks first, so that a run that was cut off is simply repeated (docs/deploy.md).
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import * as z from 'zod'
import { CommandError, parseFlags, UsageError } from './command.ts'
import { boundDatabases, NO_DATABASE, withId } from './deploy/bound-databases.ts'

const HELP = `npm run deploy -- [--base-url https://scim.example.com]

Makes the databases that are missing, applies migrations to each, deploys, generates the secrets that are
missing, and sees that the gateway answers. Run it again to upgrade.

  --base-url URL    public origin, kept in wrangler.toml (default: the *.workers.dev name)
  --config FILE     default wrangler.toml
  --help            this text`

const HEALTH_TRIES = 10
const HEALTH_WAIT_MS = 3_000

const databasesSchema = z.array(z.object({ name: z.string(), uuid: z.string() }))
const secretsSchema = z.array(z.object({ name: z.string() }))

const say = (text: string) => console.log(text)

async function deploy(args: readonly string[]): Promise<void> {
  const flags = parseFlags('deploy', args, {
    'base-url': { type: 'string' },
    config: { type: 'string', default: 'wrangler.toml' },
    help: { type: 'boolean', default: false },
  })
  if (flags.help) return say(HELP)
  const { config } = flags
  const wrangler = (what: string, words: readonly string[], input = '') =>
    runWrangler(what, [...words, '--config', config], input)

  const given = flags['base-url']
  if (given !== undefined) await set(config, 'BASE_URL', originOf(given))
  const databases = boundDatabases(await readFile(config, 'utf8'))
  for (const { binding, name } of databases.filter(({ id }) => id === NO_DATABASE)) {
    const list = async () => {
      const text = await wrangler('list the databases', ['d1', 'list', '--json'])
      return databasesSchema.parse(jsonIn(text)).find((one) => one.name === name)
    }
    let found = await list()
    if (!found) {
      await wrangler('make the database', ['d1', 'create', name])
      found = await list()
    }
    if (!found) throw new CommandError('the database was made and is not listed', 'run it again')
    await writeFile(config, withId(await readFile(config, 'utf8'), binding, found.uuid))
    say(`database    ${name}, its id is in ${config}: commit it`)
  }
  // Before the code that needs them: migrations only add, so the code that still runs goes on.
  for (const { binding } of databases) {
    await wrangler('apply the migrations', ['d1', 'migrations', 'apply', binding, '--remote'])
  }
  say(`migrations  applied to ${databases.map(({ binding }) => binding).join(', ')}`)
  const deployed = await wrangler('deploy', ['deploy'])
  say('worker      deployed')

  const kept = await wrangler('list the secrets', ['secret', 'list', '--format', 'json'])
  const names = new Set(secretsSchema.parse(jsonIn(kept)).map(({ name }) => name))
  const missing = ['POSTERN_SEALING_KEY', 'POSTERN_ADMIN_TOKEN'].filter((name) => !names.has(name))
  const made = Object.fromEntries(missing.map((name) => [name, randomBytes(32).toString('base64')]))
  if (missing.length > 0) {
    // By standard input: arguments are seen by everybody on the machine.
    await wrangler('set the secrets', ['secret', 'bulk'], JSON.stringify(made))
    say(`secrets     ${missing.join(', ')} generated`)
    const token = made['POSTERN_ADMIN_TOKEN']
    // At once: whatever fails after this, it is stored, and nobody could read it again.
    if (token !== undefined) say(`admin token, shown this once: ${token}`)
  }

  const origin =
    (await read(config, 'BASE_URL')) || /https:\/\/\S+\.workers\.dev/.exec(deployed)?.[0]
  if (!origin) {
    throw new CommandError(
      'deployed, and wrangler named no *.workers.dev address',
      'run it again with --base-url https://...',
    )
  }
  await answers(origin)
  say(`gateway     ${origin} answers`)
  say(`
next, with the admin token in POSTERN_ADMIN_TOKEN:
  npx postern doctor --url ${origin}
  docs/operating.md#connections makes a connection, docs/entra.md brings Entra to it`)
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isLocal = url?.protocol === 'http:' && url.hostname === '127.0.0.1'
  if (url && (url.protocol === 'https:' || isLocal) && `${url.origin}/` === url.href) {
    return url.origin
  }
  throw new UsageError(
    `--base-url ${text} is no https origin`,
    'for example --base-url https://scim.example.com, without a path',
  )
}

const lineOf = (key: string) => new RegExp(`^${key} = "([^"]*)"$`, 'm')

async function read(file: string, key: string): Promise<string> {
  const found = lineOf(key).exec(await readFile(file, 'utf8'))?.[1]
  if (found !== undefined) return found
  throw new CommandError(`${file} has no line ${key} = "..."`, 'restore it from the repository')
}

async function set(file: string, key: string, value: string): Promise<void> {
  await read(file, key)
  const text = await readFile(file, 'utf8')
  await writeFile(
    file,
    text.replace(lineOf(key), () => `${key} = "${value}"`),
  )
}

/** wrangler may say something before it. */
function jsonIn(text: string): unknown {
  return JSON.parse(text.slice(Math.max(text.search(/^\[/m), 0)))
}

async function runWrangler(what: string, words: readonly string[], input: string): Promise<string> {
  const child = spawn('wrangler', words, {
    stdio: ['pipe', 'pipe', 'inherit'],
    // A question would wait for ever where nobody is: CI makes wrangler take its defaults.
    env: { ...process.env, CI: '1', DO_NOT_TRACK: '1', WRANGLER_HIDE_BANNER: 'true' },
  })
  // One that ends before it has read is told by its exit code.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code === 0) return text
  console.error(text)
  throw new CommandError(
    `wrangler could not ${what}`,
    'mend what it says (npx wrangler login signs in) and run npm run deploy again: it goes on from here',
  )
}

/** A new name takes a moment until it leads anywhere. */
async function answers(origin: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      const { ok } = await fetch(`${origin}/healthz`, { signal: AbortSignal.timeout(10_000) })
      if (ok) return
    } catch (error) {
      if (tries >= HEALTH_TRIES) throw silent(origin, error)
    }
    if (tries >= HEALTH_TRIES) throw silent(origin)
    await wait(HEALTH_WAIT_MS)
  }
}

function silent(origin: string, cause?: unknown): CommandError {
  return new CommandError(
    `deployed, and ${origin}/healthz does not answer 200`,
    `see npx wrangler tail, then npx postern doctor --url ${origin}; roll-back: docs/deploy.md`,
    { cause },
  )
}

try {
  await deploy(process.argv.slice(2))
} catch (error) {
  process.exitCode = error instanceof UsageError ? 2 : 1
  if (error instanceof CommandError) console.error(`error: ${error.message}\n  ${error.advice}`)
  else console.error(error)
}
