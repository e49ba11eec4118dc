/** `postern adapter test`: what an adapter's author works with. */
import { runTest, TEST_HELP } from './adapter/test.ts'
import type { Command } from './command.ts'
import { runVerb } from './verbs.ts'

export const adapter: Command = {
  summary: 'proves an adapter by the conformance kit',
  help: TEST_HELP,
  run: (args) => runVerb('adapter', { test: runTest }, args),
}
