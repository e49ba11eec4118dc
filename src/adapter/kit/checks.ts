/** Every check of the kit, in the order in which they are run. */
import type { Check } from './check.ts'
import { STATIC_CHECKS } from './static.ts'

export const CHECKS: readonly Check[] = [...STATIC_CHECKS]
