/** The end of a run: a table for people, one object for programs. */
import type { AppView } from './app-view.ts'
import { duration, type Paint } from './progress.ts'
import type { Entries, Tally } from './tally.ts'

export interface Outcome {
  readonly tally: Tally
  readonly requests: Readonly<Record<string, number>>
  readonly retries: number
  /** undefined: the app shows no counters. */
  readonly app: { readonly before: AppView; readonly after: AppView } | undefined
  readonly tookMs: number
  /** Why the run did not come to its end. */
  readonly stopped: string | undefined
}

/** Failures that are shown; the rest is counted. */
const MAX_SHOWN = 20

function appWrites({ app }: Outcome): number | null {
  if (!app) return null
  const writes = app.after.writes - app.before.writes
  // The app was started anew meanwhile: its counters say nothing of this run.
  return writes < 0 ? null : writes
}

/** The last line of `--json`. People of the directory, apart from where it says otherwise. */
export function toJson(outcome: Outcome): object {
  const { tally, requests, retries, app, tookMs, stopped } = outcome
  const { people, groups, throwaway, failures } = tally
  return {
    created: people.created.size,
    matched: people.matched.size,
    updated: people.updated,
    unchanged: people.unchanged,
    disabled: throwaway.disabled.size + people.disabled.size,
    deleted: throwaway.deleted.size,
    failed: failures.length,
    appWrites: appWrites(outcome),
    restored: throwaway.restored.size,
    ...(tally.finding !== undefined && { parked: people.parked.size, finding: tally.finding }),
    groups: {
      created: groups.created.size,
      matched: groups.matched.size,
      updated: groups.updated,
      unchanged: groups.unchanged,
      membersSent: tally.membersSent,
    },
    app: app ?? null,
    requests,
    retries,
    tookMs: Math.round(tookMs),
    ...(stopped !== undefined && { stopped }),
    failures,
  }
}

type Row = readonly [label: string, ...cells: (number | string)[]]

function table(head: readonly string[], rows: readonly Row[], paint: Paint): string[] {
  const [title = '', ...columns] = head
  const width = Math.max(title.length, ...rows.map(([label]) => label.length))
  const widths = columns.map((column, at) =>
    Math.max(column.length, ...rows.map((row) => String(row[at + 1] ?? '').length)),
  )
  const cell = (text: string, at: number) => text.padStart((widths[at] ?? 0) + 3)
  return [
    `  ${paint('bold', title.padEnd(width))}${paint('dim', columns.map(cell).join(''))}`,
    ...rows.map(([label, ...cells]) => {
      const painted = cells.map((value, at) => {
        const text = cell(String(value), at)
        return value === 0 || value === '' ? paint('dim', text) : text
      })
      return `  ${label.padEnd(width)}${painted.join('')}`
    }),
  ]
}

function provisioned({ people, groups, throwaway }: Tally, paint: Paint): string[] {
  const isLifecycle = throwaway.created.size + throwaway.failed.size > 0
  const kinds = isLifecycle ? [people, groups, throwaway] : [people, groups]
  const names = ['people', 'groups', 'throwaway'].slice(0, kinds.length)
  const row = (label: string, count: (entries: Entries) => number): Row => [
    label,
    ...kinds.map(count),
  ]
  const rows = [
    row('created', (e) => e.created.size),
    row('matched', (e) => e.matched.size),
    row('  updated', (e) => e.updated),
    row('  unchanged', (e) => e.unchanged),
    ...(isLifecycle
      ? [
          row('disabled', (e) => e.disabled.size),
          row('restored', (e) => e.restored.size),
          row('deleted', (e) => e.deleted.size),
        ]
      : []),
    row('failed', (e) => e.failed.size),
  ]
  return table(['Provisioned', ...names], rows, paint)
}

const signed = (difference: number): string => (difference > 0 ? `+${difference}` : `${difference}`)

function appRows({ before, after }: { before: AppView; after: AppView }): Row[] {
  const row = (label: string, key: keyof AppView): Row => {
    const difference = after[key] - before[key]
    return [label, before[key], after[key], difference === 0 ? '' : signed(difference)]
  }
  return [
    row('accounts', 'accounts'),
    row('duplicate logins', 'duplicateLogins'),
    row('teams', 'teams'),
    row('memberships', 'memberships'),
    row('calls received', 'calls'),
    row('  writes', 'writes'),
    row('  that changed something', 'changes'),
  ]
}

/** Lines for a terminal or a log. */
export function toTable(outcome: Outcome, paint: Paint): string {
  const { tally, requests, retries, app, tookMs, stopped } = outcome
  const lines = ['', ...provisioned(tally, paint)]
  lines.push('')
  if (app) {
    lines.push(...table(['The app itself says', 'before', 'after', 'change'], appRows(app), paint))
  } else {
    lines.push('  The app behind this connection shows no counters of its own.')
  }
  lines.push('')
  const total = Object.values(requests).reduce((sum, n) => sum + n, 0)
  const parts = Object.entries(requests).flatMap(([method, n]) => (n > 0 ? [`${n} ${method}`] : []))
  const again = retries > 0 ? `, ${retries} of them again` : ''
  lines.push(
    paint('dim', `  ${total} requests (${parts.join(', ')})${again} in ${duration(tookMs)}.`),
  )
  lines.push(`  ${verdict(outcome, paint)}`)
  if (stopped !== undefined) {
    lines.push(`  ${paint('red', 'Stopped:')} ${stopped}`)
  }
  lines.push(...failureLines(tally, paint))
  return lines.join('\n')
}

function verdict(outcome: Outcome, paint: Paint): string {
  const { tally, stopped } = outcome
  const { people, groups, failures } = tally
  if (failures.length > 0) return paint('red', `${count(failures.length, 'failure')}: see below.`)
  if (stopped !== undefined) return paint('red', 'This run did not come to its end.')
  if (tally.finding !== undefined) {
    const off = count(people.disabled.size, 'person', 'people')
    return paint(
      'yellow',
      `The guard stopped it: ${off} disabled, ${people.parked.size} wait for a decision. ` +
        `To allow them: postern findings <connection> --allow ${tally.finding}`,
    )
  }
  if (people.disabled.size > 0) {
    return paint('yellow', `${count(people.disabled.size, 'person', 'people')} disabled.`)
  }
  const written = [people, groups].reduce((sum, e) => sum + e.created.size + e.updated, 0)
  const writes = appWrites(outcome)
  if (written === 0 && writes === 0) {
    return paint('green', 'Nothing had changed, and not one write reached the app.')
  }
  if (written === 0 && writes === null) return paint('green', 'Nothing had changed.')
  const app = writes === null ? '' : `, with ${count(writes, 'write')} to the app`
  return paint('green', `Everything is as the directory says${app}.`)
}

const count = (n: number, noun: string, many = `${noun}s`): string =>
  `${n} ${n === 1 ? noun : many}`

function failureLines({ failures }: Tally, paint: Paint): string[] {
  if (failures.length === 0) return []
  const shown = failures
    .slice(0, MAX_SHOWN)
    .flatMap(({ phase, entry, code, status, detail }) => [
      `  ${paint('red', '✗')} ${phase}: ${entry}`,
      `    ${[status, code].filter((part) => part !== undefined).join(' ')}: ${detail}`,
    ])
  const rest = failures.length - MAX_SHOWN
  return ['', ...shown, ...(rest > 0 ? [`  and ${rest} more: --json lists them all`] : [])]
}
