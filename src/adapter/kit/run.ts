/** Runs checks, one after the other, and says of each what came of it. */
import type { NativeObject } from '../contract.ts'
import { type Check, CheckBlocked, type CheckGroup, CheckSkipped, groupOf, unmet } from './check.ts'
import { describe, openStage, type Survey } from './scene.ts'
import { lackingMethods } from './static.ts'
import type { Subject } from './subject.ts'

/** Objects of each type that the kit looks at before it begins. */
const SURVEYED = 20

/**
 * `blocked`: what the check builds on failed, so that it proves nothing; another one says why.
 * `skipped`: it is not about this app, for the reason given.
 */
export type CheckOutcome = 'passed' | 'failed' | 'skipped' | 'blocked'

export interface CheckResult {
  readonly id: string
  readonly type: string
  readonly group: CheckGroup
  readonly outcome: CheckOutcome
  /** Of all but `passed`: what was seen, or why not. */
  readonly reason?: string
  /** Objects that could not be taken away again, and why. */
  readonly left?: readonly string[]
  readonly ms: number
}

/** @param tell hears of each result as it comes */
export async function runChecks(
  subject: Subject,
  checks: readonly Check[],
  tell: (result: CheckResult) => void = () => undefined,
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = []
  const all = Object.keys(subject.adapter.resources)
  const types = subject.types ?? all
  const survey = await surveyOf(subject, all)
  for (const check of checks) {
    for (const type of check.once ? types.slice(0, 1) : types) {
      const result = await runCheck(subject, check, type, survey)
      results.push(result)
      tell(result)
    }
  }
  return results
}

/** What cannot be read is left empty: the checks say what is wrong with it. */
async function surveyOf(subject: Subject, types: readonly string[]): Promise<Survey> {
  if (!subject.open) return {}
  subject.begin?.('survey')
  const ports = subject.open()
  const entries: [string, readonly NativeObject[]][] = []
  for (const type of types) {
    const maxPage = subject.adapter.resources[type]?.capabilities.list.maxPage ?? SURVEYED
    const items = await ports[type]
      ?.list({ pageSize: Math.min(SURVEYED, maxPage) })
      .then((page) => page.items)
      .catch(() => [])
    entries.push([type, items ?? []])
  }
  return Object.fromEntries(entries)
}

async function runCheck(
  subject: Subject,
  check: Check,
  type: string,
  survey: Survey,
): Promise<CheckResult> {
  const began = subject.io.now()
  const result = (outcome: CheckOutcome, reason?: string, left: readonly string[] = []) => ({
    id: check.id,
    type,
    group: groupOf(check),
    outcome,
    ...(reason !== undefined && { reason }),
    ...(left.length > 0 && { left }),
    ms: subject.io.now() - began,
  })
  const spec = subject.adapter.resources[type]
  if (!spec) throw new Error(`the adapter has no ${type}`)
  const reason =
    unmet(check, spec, subject.adapter) ??
    subject.notes.skip[check.id] ??
    subject.notes.skip[`${type} ${check.id}`] ??
    (check.mutates && subject.readOnly ? 'this run only reads' : undefined)
  if (reason !== undefined) return result('skipped', reason)
  subject.begin?.(`${type}.${check.id}`)
  const stage = openStage(subject, check.id, type, survey)
  const lacking = groupOf(check) === 'static' ? [] : lackingMethods(stage)
  if (lacking.length > 0) return result('blocked', `declared, and not there: ${lacking.join(', ')}`)
  let [outcome, why]: [CheckOutcome, string | undefined] = ['passed', undefined]
  try {
    await check.run(stage)
  } catch (error) {
    if (error instanceof CheckSkipped) [outcome, why] = ['skipped', error.message]
    else if (error instanceof CheckBlocked) [outcome, why] = ['blocked', error.message]
    else [outcome, why] = ['failed', describe(error).replace(/^CheckFailed: /, '')]
  }
  const left = await stage.close()
  const worthless = subject.end?.()
  return worthless === undefined ? result(outcome, why, left) : result('failed', worthless)
}
