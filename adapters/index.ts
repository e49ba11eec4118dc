/** The registry: one line for each adapter. Only src/worker.ts reads it. */
import type { Adapter } from '../src/adapter/contract.ts'
import { example } from './example/index.ts'
import { exampleAsync, exampleInvite } from './example/later.ts'

export const adapters: ReadonlyMap<string, Adapter> = new Map(
  [example, exampleInvite, exampleAsync].map((adapter) => [
    adapter.name,
    adapter as unknown as Adapter,
  ]),
)
