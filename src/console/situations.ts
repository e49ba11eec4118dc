/** What stands on the pages for how an account and its link are to each other (docs/reconcile.md). */
import type { FindingView } from '../admin/findings.ts'
import type { ScannedView } from '../admin/reconcile.ts'

export type Situation = ScannedView['situation']

interface Said {
  readonly label: string
  readonly advice: string
  readonly tone: 'good' | 'calm' | 'warn' | 'bad'
  /** The kind of finding that it is decided in. */
  readonly finding?: FindingView['kind']
}

/** What needs a person first. */
export const SITUATIONS: Readonly<Record<Situation, Said>> = {
  reactivated: {
    label: 'Switched on again in the app',
    advice: 'The directory had switched them off: a way back in for a leaver.',
    tone: 'bad',
    finding: 'reactivated',
  },
  'id-reuse': {
    label: 'Id given to somebody else',
    advice: 'Frozen until a person says whether it is the same one.',
    tone: 'bad',
    finding: 'id-reuse',
  },
  missing: {
    label: 'Linked, and gone from the app',
    advice: 'Two scans in a row have to say so.',
    tone: 'bad',
    finding: 'missing',
  },
  ambiguous: {
    label: 'Several with one key',
    advice: 'Nobody is linked on a guess: say which account is theirs.',
    tone: 'warn',
    finding: 'ambiguous',
  },
  drift: {
    label: 'Changed in the app',
    advice: 'Values moved away from what the directory had said.',
    tone: 'warn',
    finding: 'drift',
  },
  discovered: {
    label: 'In the app only',
    advice: 'No client manages them: leavers, service accounts, or people not assigned yet.',
    tone: 'calm',
    finding: 'orphan',
  },
  protected: {
    label: 'In the app only, protected',
    advice: 'Every write to them is refused.',
    tone: 'calm',
  },
  hidden: {
    label: 'Deleted here, kept in the app',
    advice: 'Reads hide them, as the policy or the app would have it.',
    tone: 'calm',
  },
  linked: {
    label: 'Linked',
    advice: 'A client manages them, and nothing differs.',
    tone: 'good',
  },
}

export const SITUATION_NAMES = Object.keys(SITUATIONS) as readonly Situation[]

/** What a person would look at. */
export const DIFFERING = SITUATION_NAMES.filter((name) =>
  ['warn', 'bad'].includes(SITUATIONS[name].tone),
)

/** What the scan says of one account, in words; '' where its situation says all. */
export function reasonOf({ detail }: Pick<ScannedView, 'detail'>): string {
  const { key, paths, confirmed, restored, excluded } = detail
  return [
    ...(typeof key === 'string' ? [`shares its ${key}`] : []),
    ...(Array.isArray(paths) ? [paths.join(', ')] : []),
    ...(Array.isArray(restored) ? [`put back: ${restored.join(', ')}`] : []),
    ...(confirmed === false ? ['seen for the first time'] : []),
    ...(excluded === true ? ['out of matching by policy'] : []),
  ].join('; ')
}
