/** `postern <command>`: exit code 0 done, 1 failed, 2 wrong usage. */
import { runCommandLine } from './command-line.ts'

process.exitCode = await runCommandLine(process.argv.slice(2))
