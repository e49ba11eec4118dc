/** Every check of the kit, in the order in which they are run. */
import { CHAOS_CHECKS } from './chaos.ts'
import type { Check } from './check.ts'
import { CREATE_CHECKS } from './create.ts'
import { GATEWAY_CHECKS } from './gateway.ts'
import { LIFECYCLE_CHECKS } from './lifecycle.ts'
import { LOOKUP_CHECKS } from './lookups.ts'
import { MEMBERSHIP_CHECKS } from './membership.ts'
import { PENDING_CHECKS } from './pending.ts'
import { READ_CHECKS } from './read.ts'
import { STATIC_CHECKS } from './static.ts'
import { UPDATE_CHECKS } from './update.ts'

/** Those that ask an app. */
const APP_CHECKS: readonly Check[] = [
  ...READ_CHECKS,
  ...LOOKUP_CHECKS,
  ...CREATE_CHECKS,
  ...UPDATE_CHECKS,
  ...LIFECYCLE_CHECKS,
  ...PENDING_CHECKS,
  ...MEMBERSHIP_CHECKS,
  ...CHAOS_CHECKS,
  ...GATEWAY_CHECKS,
]

export const CHECKS: readonly Check[] = [...STATIC_CHECKS, ...APP_CHECKS]
