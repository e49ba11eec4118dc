/** Every check of the kit, in the order in which they are run. */
import { CHAOS_CHECKS } from './chaos.ts'
import type { Check } from './check.ts'
import { GATEWAY_CHECKS } from './gateway.ts'
import { LIFECYCLE_CHECKS } from './lifecycle.ts'
import { MEMBERSHIP_CHECKS } from './membership.ts'
import { PENDING_CHECKS } from './pending.ts'
import { READ_CHECKS } from './read.ts'
import { STATIC_CHECKS } from './static.ts'
import { WRITE_CHECKS } from './write.ts'

/** Those that ask an app. */
export const APP_CHECKS: readonly Check[] = [
  ...READ_CHECKS,
  ...WRITE_CHECKS,
  ...LIFECYCLE_CHECKS,
  ...PENDING_CHECKS,
  ...MEMBERSHIP_CHECKS,
  ...CHAOS_CHECKS,
  ...GATEWAY_CHECKS,
]

export const CHECKS: readonly Check[] = [...STATIC_CHECKS, ...APP_CHECKS]
