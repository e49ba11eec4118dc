/** What is agreed with one app: its plan, which the connection's policy says, goes before the adapter. */
import type { Limits } from '../adapter/contract.ts'
import type { Terms } from './lessor.ts'

interface Plan {
  readonly appCallsPerSecond?: number | undefined
  readonly appCallsAtOnce?: number | undefined
}

export function termsOf(plan: Plan, declared: Limits = {}): Terms {
  const { appCallsPerSecond: perSecond = declared.perSecond } = plan
  const { appCallsAtOnce: concurrent = declared.concurrent } = plan
  return {
    ...(perSecond !== undefined && { perSecond }),
    ...(concurrent !== undefined && { concurrent }),
  }
}
