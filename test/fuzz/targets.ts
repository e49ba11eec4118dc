import type { AnyTarget } from './target.ts'
import { answers, probes } from './targets/answers.ts'
import { bodies, bodiesStrict } from './targets/bodies.ts'
import { filters } from './targets/filters.ts'
import { manifests } from './targets/manifests.ts'
import { mappings } from './targets/mappings.ts'
import { requests } from './targets/requests.ts'
import { tokens } from './targets/tokens.ts'

export const TARGETS: readonly AnyTarget[] = [
  ...[bodies, bodiesStrict, filters, requests, tokens, manifests, mappings, answers, probes],
]
