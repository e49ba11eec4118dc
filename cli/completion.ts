/** `postern completion <shell>`: what a shell completes, from the help of the commands. */
import { parseWords } from './arguments.ts'
import { type Command, UsageError } from './command.ts'
import { COMMANDS } from './commands.ts'
import { type Described, describe } from './completion/described.ts'
import { SHELLS, scriptFor } from './completion/scripts.ts'

const HELP = `npx postern completion <shell> [options]

Prints what bash, zsh or fish complete of postern: commands, what each can do, options. Made from their help,
so that a new version completes what it has. It completes the word postern (npx has its own completion):
npm link, or alias postern='npx postern'.

  --json            in place of a script: commands, verbs and options as one object
  --help            this text

Exit code: 0 done, 2 wrong usage.

  eval "$(npx postern completion bash)"                                  in ~/.bashrc
  source <(npx postern completion zsh)                                   in ~/.zshrc
  npx postern completion fish > ~/.config/fish/completions/postern.fish`

/** Every command, in the order of their names. */
export async function described(): Promise<readonly Described[]> {
  const all = Object.entries(COMMANDS).map(async ([name, load]) => describe(name, await load()))
  return (await Promise.all(all)).sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function run(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('completion', args, ['shell?'], {
    json: { type: 'boolean', default: false },
  })
  const commands = await described()
  if (flags.json) {
    console.log(JSON.stringify({ commands }))
    return 0
  }
  const shell = SHELLS.find((one) => one === words[0])
  if (!shell) {
    const wrong = words[0] === undefined ? 'no shell given' : `no completion for ${words[0]}`
    throw new UsageError(wrong, `one of ${SHELLS.join(', ')}; --help says how it is put to use`)
  }
  console.log(scriptFor(shell, commands).trimEnd())
  return 0
}

export const completion: Command = {
  summary: 'what bash, zsh or fish complete of these commands',
  help: HELP,
  run,
}
