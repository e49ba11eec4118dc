/** `postern adapter new|test`: what an adapter's author works with. */
import { NEW_HELP, runNew } from './adapter/new.ts'
import { runTest, TEST_HELP } from './adapter/test.ts'
import type { Command } from './command.ts'
import { runVerb } from './verbs.ts'

export const adapter: Command = {
  summary: 'writes the beginning of an adapter, and proves one by the conformance kit',
  help: `${NEW_HELP}\n\n${TEST_HELP}`,
  run: (args) => runVerb('adapter', { new: runNew, test: runTest }, args),
}
