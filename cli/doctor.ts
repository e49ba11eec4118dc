/** `postern doctor`: what is wrong, what it means, what to do. */
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import * as z from 'zod'
import type { Check } from '../src/admin/doctor/check.ts'
import {
  type Call,
  everyItem,
  GATEWAY_FLAGS,
  GATEWAY_HELP,
  gatewayAt,
  parseWords,
} from './arguments.ts'
import { type Command, CommandError } from './command.ts'
import { checkClock, checkMigrations } from './doctor/inside.ts'
import { checkOutside } from './doctor/outside.ts'
import type { Style } from './simulate/progress.ts'
import { adminApi } from './simulate/target.ts'
import { type Voice, voiceOf } from './voice.ts'

const HELP = `npx postern doctor [connection] [options]

Looks at the gateway from inside and outside, and at one connection or all of them: set-up, secrets,
migrations, cron, clock; TLS, and whether a request as Entra sends it reaches the gateway; mode, tokens,
when a client was last heard, whether the app answers, open findings. Nothing is changed. The app is asked
for somebody whom nobody has.

It asks from where you are: a firewall that treats Entra's addresses otherwise is not seen.

${GATEWAY_HELP}
1 also where a check has failed; a warning alone is 0.

  npx postern doctor
  npx postern doctor acme --url https://scim.example.com
  npx postern doctor --json | tail -1 | jq '.checks[] | select(.result != "ok")'`

const MIGRATIONS = path.resolve(import.meta.dirname, '../migrations')

const checksSchema = z.array(
  z.object({
    check: z.string(),
    result: z.enum(['ok', 'warn', 'fail']),
    says: z.string(),
    advice: z.string().exactOptional(),
  }),
)
const gatewaySchema = z.object({
  checks: checksSchema,
  migrations: z.array(z.string()).nullable(),
  /** Of those beside `DB`, by binding; an older gateway has none. */
  databases: z.record(z.string(), z.array(z.string()).nullable()).default({}),
  baseUrl: z.string(),
  now: z.iso.datetime(),
})
const connectionSchema = z.object({ checks: checksSchema })
const meSchema = z.object({ may: z.array(z.string()) })
const pageSchema = z.object({
  items: z.array(z.object({ name: z.string(), scimBaseUrl: z.string() })),
  nextCursor: z.string().optional(),
})

/** `about`: outside, gateway, or the connection's name after a slash. */
interface Group {
  readonly about: string
  readonly checks: readonly Check[]
}

async function run(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('doctor', args, ['connection?'], GATEWAY_FLAGS)
  const [name] = words
  const { origin, adminToken } = await gatewayAt(flags, name)
  const voice = voiceOf(flags)
  const groups: Group[] = []
  const told = (group: Group) => {
    groups.push(group)
    tell(group, voice)
  }

  const call = adminApi(origin, adminToken)
  const inside = await attempt(() => lookInside(call))
  const connections = await attempt(() => listed(call, name))
  const [first] = 'value' in connections ? connections.value : []
  const publicUrl = 'value' in inside ? inside.value.baseUrl : undefined
  // A connection that is not there is answered like any other, 401, and no client of one is counted for it.
  const scimBaseUrl = new URL('/scim/-/v2', first?.scimBaseUrl ?? publicUrl ?? origin).href
  told({ about: 'outside', checks: await checkOutside({ scimBaseUrl }, Date.now()) })
  told({ about: 'gateway', checks: 'value' in inside ? inside.value.checks : [inside.failed] })
  for (const { name: one } of 'value' in connections ? connections.value : []) {
    const route = `/connections/${encodeURIComponent(one)}/doctor`
    const asked = await attempt(
      async () => connectionSchema.parse(await call('GET', route, `look at ${one}`)).checks,
    )
    told({ about: `connection/${one}`, checks: 'value' in asked ? asked.value : [asked.failed] })
  }
  if ('failed' in connections) told({ about: 'connections', checks: [connections.failed] })

  const checks = groups.flatMap(({ about, checks: all }) => all.map((c) => ({ about, ...c })))
  const count = (result: Check['result']) => checks.filter((c) => c.result === result).length
  const [failed, warned] = [count('fail'), count('warn')]
  if (flags.json) console.log(JSON.stringify({ ok: failed === 0, failed, warned, checks }))
  else voice.say(`\n  ${count('ok')} ok, ${warned} to look at, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

async function lookInside(call: Call): Promise<{ checks: readonly Check[]; baseUrl?: string }> {
  const { may } = meSchema.parse(await call('GET', '/me', 'say who you are'))
  if (!may.includes('GET /doctor')) {
    const says = 'not looked at: you are limited to some connections'
    return { checks: [{ check: 'gateway', result: 'ok', says }] }
  }
  const began = Date.now()
  const said = gatewaySchema.parse(await call('GET', '/doctor', 'look at itself'))
  const files = (await readdir(MIGRATIONS)).filter((file) => file.endsWith('.sql')).sort()
  return {
    baseUrl: said.baseUrl,
    checks: [
      ...said.checks,
      checkMigrations(said.migrations, files),
      ...Object.entries(said.databases).map(([binding, applied]) =>
        checkMigrations(applied, files, binding),
      ),
      checkClock(Date.parse(said.now), began, Date.now()),
    ],
  }
}

async function listed(call: Call, name: string | undefined) {
  const all = await everyItem(call, '/connections', 'list connections', (answer) =>
    pageSchema.parse(answer),
  )
  if (name === undefined) return all
  const found = all.filter((one) => one.name === name)
  if (found.length === 0) {
    throw new CommandError(`there is no connection ${name}`, 'postern connections lists them')
  }
  return found
}

/** A refusal is one more thing that is wrong: the other checks say perhaps why. */
async function attempt<T>(look: () => Promise<T>): Promise<{ value: T } | { failed: Check }> {
  try {
    return { value: await look() }
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    const { message, advice } = error
    return { failed: { check: 'admin-api', result: 'fail', says: message, advice } }
  }
}

const SIGNS: Readonly<Record<Check['result'], readonly [string, Style]>> = {
  ok: ['✓', 'green'],
  warn: ['!', 'yellow'],
  fail: ['✗', 'red'],
}

function tell({ about, checks }: Group, { say, paint }: Voice): void {
  const width = Math.max(...checks.map(({ check }) => check.length))
  const indent = ' '.repeat(width + 6)
  // A log, and whoever searches it, gets whole lines.
  const columns = process.stdout.isTTY === true ? process.stdout.columns - indent.length : undefined
  say(`\n  ${paint('bold', about)}`)
  for (const { check, result, says, advice } of checks) {
    const [sign, style] = SIGNS[result]
    const lines = wrapped(says, columns)
    say(`  ${paint(style, sign)} ${check.padEnd(width)}  ${lines.join(`\n${indent}`)}`)
    if (advice === undefined) continue
    for (const line of wrapped(`→ ${advice}`, columns)) say(indent + paint('dim', line))
  }
}

const FEWEST_COLUMNS = 40

/** Broken between words; one line where there is no bound, or one that leaves no room. */
export function wrapped(text: string, columns: number | undefined): string[] {
  if (columns === undefined || columns < FEWEST_COLUMNS) return [text]
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= columns)
      lines.splice(-1, 1, `${last} ${word}`)
    else lines.push(word)
  }
  return lines
}

export const doctor: Command = {
  summary: 'what is wrong with the gateway or a connection, and what to do',
  help: HELP,
  run,
}
