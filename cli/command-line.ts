/** One command line of `postern`: says what it has to say, and resolves to the exit code. */
import { CommandError, nearest, UsageError } from './command.ts'
import { COMMANDS } from './commands.ts'

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

async function obey(args: readonly string[]): Promise<number> {
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

/** For a person on standard error; whoever reads JSON gets an object for it too. */
function tellFailure(error: unknown, isJson: boolean): void {
  const isKnown = error instanceof CommandError
  if (isKnown) console.error(`error: ${error.message}\n  ${error.advice}`)
  else console.error(error)
  if (!isJson) return
  const { message, advice } = isKnown
    ? error
    : { message: 'the command failed', advice: 'standard error says where' }
  console.log(JSON.stringify({ error: message, advice }))
}

/** @returns 0 done, 1 failed, 2 wrong usage; it never rejects */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  try {
    return await obey(args)
  } catch (error) {
    tellFailure(error, args.includes('--json'))
    return error instanceof UsageError ? 2 : 1
  }
}
