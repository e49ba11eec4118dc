import type { PreflightAnswer, PreflightView } from '../../admin/reconcile.ts'
import { pathOf } from '../ask.ts'
import { Layout } from '../layout.tsx'
import { type Part, Whole } from '../parts/chart.tsx'
import { More, Table } from '../parts/lists.tsx'
import { Time } from '../parts/marks.tsx'
import { Notice } from '../parts/notices.tsx'
import type { Viewer } from '../viewer.ts'
import { plural } from '../words.ts'
import { ScannedTable } from './scan.tsx'

export type JudgedPerson = Extract<PreflightAnswer, { readonly items: unknown }>['items'][number]
type Verdict = JudgedPerson['verdict']

interface Props {
  readonly viewer: Viewer
  readonly name: string
  readonly view: PreflightView
  /** Undefined: asked for once more, when nobody is known by name any more. */
  readonly items: readonly JudgedPerson[] | undefined
  readonly now: number
}

interface Said {
  readonly label: string
  readonly advice: string
  readonly tone: Part['tone']
}

const VERDICTS: Readonly<Record<Verdict, Said>> = {
  linked: {
    label: 'Already linked',
    advice: 'Managed already: nothing new happens.',
    tone: 'calm',
  },
  adopt: {
    label: 'Account found',
    advice: 'Exactly one account answers: Entra finds it, and changes what differs.',
    tone: 'good',
  },
  create: {
    label: 'New account',
    advice: 'Nobody in the app answers: an account is made.',
    tone: 'accent',
  },
  ambiguous: {
    label: 'To be decided',
    advice:
      'Several accounts answer, or one that must not be linked by itself. Nobody is linked on a guess: mend the keys now, or decide in the findings later.',
    tone: 'warn',
  },
  blocked: {
    label: 'Would be refused',
    advice: 'Entra’s request would fail: mend the reason first.',
    tone: 'bad',
  },
}
/** What needs a person comes first. */
const ORDER: readonly Verdict[] = ['blocked', 'ambiguous', 'create', 'adopt', 'linked']
/** Of each verdict; all are counted. */
const SHOWN = 200

const REASONS: Readonly<Record<string, string>> = {
  protected: 'the account is protected: take the person out of scope, or the protection away',
  'id-reuse': 'the app gave the id of the account to somebody else: see the finding',
  'missing-attribute': 'the app creates nobody without',
  'not-in-mapping': 'a table of the mapping does not have the value of the person',
  'no-key': 'has no value that a match rule goes by',
  'no-create': 'the app lets nobody be created through its API',
  taken: 'another person of the export is to have this account: mend the key of one of them',
  'not-automatic': 'the match rule only suggests',
  pending: 'invited, or being made by the app',
  domain: 'the match rule asks for another domain',
  'not-verified': 'the match rule asks for an address that the app has verified',
  excluded: 'the policy keeps the account out of matching',
}

export function PreflightResultPage({ viewer, name, view, items, now }: Props) {
  const { counts, scan, orphans, preflight } = view
  const at = pathOf`/admin/connections/${name}/preflight`
  const people = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const off = items?.filter(({ disabled, account }) => disabled && account).length ?? 0
  const parts = (Object.keys(VERDICTS) as Verdict[]).map((one) => ({
    ...{ label: VERDICTS[one].label, tone: VERDICTS[one].tone },
    count: counts[one] ?? 0,
  }))
  return (
    <Layout title={`Pre-flight of ${name}`} viewer={viewer} connection={{ name, tab: 'reconcile' }}>
      <div class="head">
        <div>
          <h1>Pre-flight: {plural(people, 'person', 'people')}</h1>
          <p class="quiet">
            beside {plural(scan.seen, 'account')} of the app, looked at{' '}
            <Time iso={scan.finishedAt} now={now} />. Nothing was changed.
          </p>
        </div>
        <a class="button second" href={at}>
          Another one
        </a>
      </div>
      <section class="card" aria-labelledby="picture">
        <h2 id="picture">If Entra were switched on</h2>
        <Whole parts={parts} />
        {orphans !== undefined && (
          <p>
            <a href="#orphans">{plural(orphans.count, 'account')}</a> of the app would stay as{' '}
            {orphans.count === 1 ? 'it is' : 'they are'}, matched by nobody.
            {off > 0 &&
              ` ${plural(off, 'account')} would be switched off: the person is disabled in Entra.`}
          </p>
        )}
      </section>
      {items === undefined ? (
        <Notice tone="calm">
          <p>
            Who was judged how is not kept. <a href={at}>Choose the file again</a> to see it.
          </p>
        </Notice>
      ) : (
        ORDER.map((verdict) => <People {...{ verdict, items }} />)
      )}
      {orphans !== undefined && orphans.count > 0 && (
        <section class="card" id="orphans" aria-labelledby="orphans-title">
          <h2 id="orphans-title">In the app, matched by nobody</h2>
          <p>
            Leavers and service accounts are here, and people whose key in the app is another one
            than in Entra.
          </p>
          <ScannedTable {...{ name, items: orphans.items }} />
          <More at={`${at}/${encodeURIComponent(preflight)}`} cursor={orphans.nextCursor}>
            More accounts
          </More>
        </section>
      )}
    </Layout>
  )
}

function People({ verdict, items }: { verdict: Verdict; items: readonly JudgedPerson[] }) {
  const of = items.filter((one) => one.verdict === verdict)
  if (of.length === 0) return null
  const { label, advice, tone } = VERDICTS[verdict]
  return (
    <details class="card" {...((tone === 'bad' || tone === 'warn') && { open: true })}>
      <summary>
        <h2>
          {label}: {of.length.toLocaleString('en')}
        </h2>
      </summary>
      <p>{advice}</p>
      <Table heads={['Person', 'Account', 'Why']}>
        {of.slice(0, SHOWN).map((person) => (
          <tr>
            <th scope="row">{person.userName ?? person.person}</th>
            <td data-label="Account">
              <Accounts person={person} />
            </td>
            <td>{whyOf(person)}</td>
          </tr>
        ))}
      </Table>
      {of.length > SHOWN && (
        <p class="quiet">
          The first {SHOWN} are shown; <code>postern preflight --csv</code> writes all of them into
          a file.
        </p>
      )}
    </details>
  )
}

function Accounts({ person: { account, candidates, count } }: { person: JudgedPerson }) {
  const named = account ? [account] : (candidates ?? [])
  if (named.length === 0) return <span class="quiet">none</span>
  return (
    <>
      {named.map(({ nativeId, display }) => (
        <span class="choice">
          <code>{nativeId}</code> {display}
        </span>
      ))}
      {(count ?? 0) > named.length && (
        <span class="quiet">and {(count ?? 0) - named.length} more</span>
      )}
    </>
  )
}

function whyOf({ rule, reason, attributes, candidates, disabled }: JudgedPerson): string {
  const reasons = new Set([
    ...(reason === undefined ? [] : [reason]),
    ...(candidates ?? []).flatMap((one) => one.reasons),
  ])
  return [
    ...(rule === undefined ? [] : [`by ${rule}`]),
    ...[...reasons].map((one) =>
      one === 'missing-attribute' && attributes
        ? `${REASONS[one]} ${attributes.join(', ')}`
        : (REASONS[one] ?? one),
    ),
    ...(disabled ? ['disabled in Entra'] : []),
  ].join('; ')
}
