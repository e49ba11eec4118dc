import type { Removal } from '../../admin/leavers.ts'
import type { KeptBy, PeoplePage, PersonView, Whereabouts } from '../../admin/people.ts'
import { pathOf } from '../ask.ts'
import { Layout } from '../layout.tsx'
import { More } from '../parts/lists.tsx'
import { Badge, Time } from '../parts/marks.tsx'
import { ModeBadge } from '../parts/mode.tsx'
import { Alert, Empty, Notice } from '../parts/notices.tsx'
import { may, type Viewer } from '../viewer.ts'
import { nameOf, plural } from '../words.ts'
import { personName } from './person.tsx'

/** Of one account; without an id where a connection refused all of it. */
export type Outcome = Pick<Removal, 'removed' | 'detail'> & {
  readonly connection: string
  readonly id?: string
}

interface Props {
  readonly viewer: Viewer
  /** Who is looked for; '': nobody yet. */
  readonly person: string
  readonly found: PeoplePage | undefined
  /** What has just been tried. */
  readonly outcomes: readonly Outcome[] | undefined
  readonly now: number
}

export function OffBoardingPage({ viewer, person, found, outcomes, now }: Props) {
  const mayRemove = may(viewer, 'POST', '/connections/:name/leavers/remove')
  const removable = found?.items.filter((one) => one.keptBy === null) ?? []
  return (
    <Layout title="Off-boarding" viewer={viewer} area="leavers">
      <h1>Off-boarding</h1>
      <p>
        Somebody leaves: where they have an account, what a removal does there, and how it went.
      </p>
      {outcomes !== undefined && <Outcomes outcomes={outcomes} />}
      <form class="card search" method="get" action="/admin/leavers">
        <div class="field wide">
          <label for="person">Who</label>
          <p class="hint" id="person-hint">
            The whole user name, id in an app, SCIM id or externalId.
          </p>
          <input
            {...{ id: 'person', name: 'person', type: 'text', value: person, required: true }}
            aria-describedby="person-hint"
          />
        </div>
        <div class="actions">
          <button type="submit">Look everywhere</button>
        </div>
      </form>
      {found !== undefined && found.notAsked.length > 0 && (
        <Alert title="Not all connections could be asked">
          <p>
            The database of {found.notAsked.join(', ')} does not answer, or is not bound: whether
            this person has an account there is not known. Look again when it is back.
          </p>
        </Alert>
      )}
      {found !== undefined && found.items.length === 0 && (
        <Empty title="No account of this name">
          None that a client manages or has asked for. An account that only the app knows is met by
          a scan.
        </Empty>
      )}
      {found !== undefined && found.items.length > 0 && (
        <form
          class="stacked"
          method="post"
          action="/admin/leavers/remove"
          data-confirm="The accounts that are ticked are removed from their apps, as the policies have it. Go on?"
        >
          <input type="hidden" name="person" value={person} />
          <ul class="stacked">
            {found.items.map((one) => (
              <Place {...{ one, now, mayRemove }} />
            ))}
          </ul>
          {mayRemove && removable.length > 0 && (
            <div class="actions">
              <button class="danger" type="submit">
                Remove where it is ticked
              </button>
            </div>
          )}
        </form>
      )}
      <More at="/admin/leavers" query={{ person }} cursor={found?.nextCursor}>
        Look in more connections
      </More>
    </Layout>
  )
}

const REFUSES = 'The policy of the connection refuses removals (deprovision.onDelete).'

const KEPT: Readonly<Record<KeptBy, (mode: string) => string>> = {
  removed: () => 'Removed already, by the client or an administrator.',
  unmanaged: () => 'No client manages this account: remove it in the app, if it must go.',
  active: () =>
    'The directory has not switched them off here. Take them out of its assignment first; when that has come, the account can be removed.',
  policy: () => REFUSES,
  mode: (mode) => `The connection is in mode ${mode}: nothing is written there.`,
}

const DOES: Readonly<Record<Whereabouts['onDelete'], (days: number) => string>> = {
  native: () => 'The account is deleted in the app.',
  deactivate: () => 'The account stays in the app, switched off; it is hidden here.',
  deactivateThenDelete: (days) =>
    `The account stays switched off for ${plural(days, 'day')}, and is then deleted.`,
  refuse: () => REFUSES,
}

function Place({ one, now, mayRemove }: { one: Whereabouts; now: number; mayRemove: boolean }) {
  const { connection, adapter, mode, person, keptBy, onDelete, deleteAfterDays } = one
  const field = `who-${connection}-${person.id}`
  const title = `${field}-title`
  return (
    <li>
      <section class="card" aria-labelledby={title}>
        <div class="head">
          <h2 id={title}>
            <a href={pathOf`/admin/connections/${connection}/people/${person.id}`}>
              {personName(person)}
            </a>{' '}
            <span class="quiet">
              in {connection} ({adapter})
            </span>
          </h2>
          <span class="choice">
            <State person={person} />
            {mode !== 'live' && <ModeBadge mode={mode} />}
          </span>
        </div>
        <dl class="facts">
          <dt>In the app</dt>
          <dd>
            <code>{person.nativeId ?? 'not there'}</code>
          </dd>
          {person.inactiveSince !== null && (
            <>
              <dt>Switched off</dt>
              <dd>
                <Time iso={person.inactiveSince} now={now} />
              </dd>
            </>
          )}
          <dt>Groups</dt>
          <dd>{person.groups.map(nameOf).join(', ') || 'none'}</dd>
          {person.roles.length > 0 && (
            <>
              <dt>Roles</dt>
              <dd>{person.roles.map(({ app, value }) => `${app} = ${value}`).join(', ')}</dd>
            </>
          )}
        </dl>
        {keptBy !== null ? (
          <p>{KEPT[keptBy](mode)}</p>
        ) : (
          <p class="check">
            {mayRemove && (
              <input
                {...{ id: field, name: 'who', type: 'checkbox', checked: true }}
                value={`${connection}/${person.id}`}
              />
            )}
            <label for={field}>
              {DOES[onDelete](deleteAfterDays)}
              {person.groups.length > 0 &&
                ` With it goes ${plural(person.groups.length, 'membership')}.`}
            </label>
          </p>
        )}
      </section>
    </li>
  )
}

function State({ person }: { person: PersonView }) {
  if (person.state === 'tombstone') return <Badge tone="calm">removed</Badge>
  if (person.inactiveSince !== null) return <Badge tone="warn">switched off</Badge>
  return <Badge tone={person.state === 'linked' ? 'good' : 'calm'}>{person.state}</Badge>
}

function Outcomes({ outcomes }: { outcomes: readonly Outcome[] }) {
  if (outcomes.length === 0) {
    return (
      <Notice tone="bad">
        <p>Nothing was ticked, and nothing was done.</p>
      </Notice>
    )
  }
  const allGone = outcomes.every(({ removed }) => removed)
  return (
    <Notice tone={allGone ? 'good' : 'bad'}>
      <h2>How it went</h2>
      <ul>
        {outcomes.map(({ connection, removed, detail }) => (
          <li>
            <strong>{connection}</strong>: {removed ? 'removed' : `not removed. ${detail ?? ''}`}
          </li>
        ))}
      </ul>
    </Notice>
  )
}
