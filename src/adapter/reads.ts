/** The methods of a port that only read. Every other one may write, those of a later contract included. */
import type { ReadPort } from './contract.ts'

export type ReadMethod = keyof ReadPort | 'members' | 'groupsOf'

export const READS: ReadonlySet<PropertyKey> = new Set<ReadMethod>([
  'get',
  'find',
  'list',
  'members',
  'groupsOf',
])
