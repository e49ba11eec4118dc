/** Completion for each shell, from what commands say of themselves. */
import type { Described } from './described.ts'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

export function scriptFor(shell: Shell, commands: readonly Described[]): string {
  switch (shell) {
    case 'bash':
      return bash(commands)
    case 'zsh':
      return zsh(commands)
    case 'fish':
      return fish(commands)
  }
}

const wordsOf = ({ options }: Described) => options.map(({ name }) => name).join(' ')

/** Options that a word belongs to: files are offered after them. */
const valuesOf = (commands: readonly Described[]) =>
  [
    ...new Set(
      commands.flatMap(({ options }) =>
        options.flatMap(({ name, takesValue }) => (takesValue ? [name] : [])),
      ),
    ),
  ].sort()

function bash(commands: readonly Described[]): string {
  const cases = commands.map(
    (one) => `    ${one.name}) verbs='${one.verbs.join(' ')}' options='${wordsOf(one)}' ;;`,
  )
  return `# Completion of postern for bash: eval "$(postern completion bash)"
_postern() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" verbs='' options=''
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')} --help' -- "$current"))
    return
  fi
  case "$previous" in
    ${valuesOf(commands).join('|')}) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  if [[ "$current" == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ $COMP_CWORD -eq 2 && -n "$verbs" ]]; then
    COMPREPLY=($(compgen -W "$verbs" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -F _postern postern
`
}

/** Within single quotes, where a colon ends the word that is offered. */
const forZsh = (text: string) => text.replaceAll("'", "'\\''").replaceAll(':', '\\:')

function zsh(commands: readonly Described[]): string {
  const all = commands.map(({ name, summary }) => `    '${name}:${forZsh(summary)}'`)
  const cases = commands.map(
    (one) => `    ${one.name}) verbs=(${one.verbs.join(' ')}) options=(${wordsOf(one)}) ;;`,
  )
  return `#compdef postern
# Completion of postern for zsh: source <(postern completion zsh)
_postern() {
  local -a commands verbs options
  commands=(
${all.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  case "\${words[2]}" in
${cases.join('\n')}
  esac
  case "\${words[CURRENT-1]}" in
    ${valuesOf(commands).join('|')}) _files; return ;;
  esac
  if [[ "\${words[CURRENT]}" == -* ]]; then
    compadd -- $options
  elif (( CURRENT == 3 && \${#verbs} )); then
    compadd -- $verbs
  else
    _files
  fi
}
(( $+functions[compdef] )) && compdef _postern postern
`
}

const forFish = (text: string) => text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")

function fish(commands: readonly Described[]): string {
  const lines = commands.flatMap(({ name, summary, verbs, options }) => {
    const inside = `__fish_seen_subcommand_from ${name}`
    return [
      `complete -c postern -f -n __fish_use_subcommand -a ${name} -d '${forFish(summary)}'`,
      ...(verbs.length > 0
        ? [
            `complete -c postern -f -n '${inside}; and test (count (commandline -opc)) -eq 2' -a '${verbs.join(' ')}'`,
          ]
        : []),
      ...options.map(
        (option) =>
          `complete -c postern -n '${inside}' -l ${option.name.slice(2)}${option.takesValue ? ' -r' : ''}`,
      ),
    ]
  })
  return `# Completion of postern for fish: postern completion fish | source
${lines.join('\n')}
`
}
