/** `postern <command>`: exit code 0 done, 1 failed, 2 wrong usage. */
import { type Command, CommandError, nearest, UsageError } from './command.ts'

/** Loaded when asked for: `--help` waits for none of them. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  access: async () => (await import('./access.ts')).access,
  adapter: async () => (await import('./adapter.ts')).adapter,
  alerts: async () => (await import('./alerts.ts')).alerts,
  administrators: async () => (await import('./administrators.ts')).administrators,
  audit: async () => (await import('./audit.ts')).audit,
  clients: async () => (await import('./clients.ts')).clients,
  connections: async () => (await import('./connections.ts')).connections,
  doctor: async () => (await import('./doctor.ts')).doctor,
  findings: async () => (await import('./findings.ts')).findings,
  links: async () => (await import('./links.ts')).links,
  mapping: async () => (await import('./mapping.ts')).mapping,
  manifests: async () => (await import('./manifests.ts')).manifests,
  people: async () => (await import('./people.ts')).people,
  preflight: async () => (await import('./preflight.ts')).preflight,
  reconcile: async () => (await import('./reconcile.ts')).reconcile,
  secrets: async () => (await import('./secrets.ts')).secrets,
  simulate: async () => (await import('./simulate.ts')).simulate,
  tokens: async () => (await import('./tokens.ts')).tokens,
}

async function usage(): Promise<string> {
  const rows = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, load]) => {
      return `  ${name.padEnd(14)} ${(await load()).summary}`
    }),
  )
  return `postern <command> [options]

${rows.join('\n')}

postern <command> --help says more about one of them, with examples.
Exit code: 0 done, 1 failed, 2 wrong usage. --json: the last line printed is JSON.

  npx postern simulate
  npx postern simulate --help`
}

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined) {
    console.error(await usage())
    return 2
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    console.log(await usage())
    return 0
  }
  if (!Object.hasOwn(COMMANDS, name)) {
    const near = nearest(name, Object.keys(COMMANDS))
    const guess = near === undefined ? '' : `did you mean ${near}? `
    throw new UsageError(`there is no command ${name}`, `${guess}postern --help lists them`)
  }
  const command = await COMMANDS[name]?.()
  if (rest.includes('--help') || rest.includes('-h')) {
    console.log(command?.help)
    return 0
  }
  return (await command?.run(rest)) ?? 1
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.exitCode = error instanceof UsageError ? 2 : 1
  if (error instanceof CommandError) console.error(`error: ${error.message}\n  ${error.advice}`)
  else console.error(error)
}
