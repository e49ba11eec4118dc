import type { AuditEntryView } from '../../admin/audit.ts'
import type { PersonView } from '../../admin/people.ts'
import { pathOf, queryOf } from '../ask.ts'
import { Layout } from '../layout.tsx'
import { Badge, Time } from '../parts/marks.tsx'
import type { Viewer } from '../viewer.ts'
import { nameOf } from '../words.ts'
import { Entry } from './audit.tsx'
import { StandingBadge } from './group.tsx'
import { Roles } from './groups.tsx'

interface Props {
  readonly viewer: Viewer
  readonly name: string
  readonly person: PersonView
  /** The newest. */
  readonly entries: readonly AuditEntryView[]
  readonly now: number
}

export const personName = (person: PersonView): string =>
  nameOf({ ...person, userName: person.review?.userName })

export function PersonPage({ viewer, name, person, entries, now }: Props) {
  const { id, nativeId, externalId, state, review, inactiveSince, groups } = person
  const base = pathOf`/admin/connections/${name}`
  return (
    <Layout title={personName(person)} viewer={viewer} connection={{ name, tab: 'people' }}>
      <div class="head">
        <h1>{personName(person)}</h1>
        {inactiveSince === null ? (
          <Badge tone={state === 'linked' ? 'good' : 'calm'}>{state}</Badge>
        ) : (
          <Badge tone="warn">switched off</Badge>
        )}
      </div>
      {review === null && (
        <p>
          {state === 'tombstone'
            ? 'The client has deleted this person, or their link has ended.'
            : 'No client manages this account.'}
        </p>
      )}
      <section class="card" aria-labelledby="account">
        <h2 id="account">Account</h2>
        {review !== null && <p>{review.told}</p>}
        <dl class="facts">
          <dt>In the app</dt>
          <dd>
            <code>{nativeId ?? 'not there'}</code>
          </dd>
          <dt>SCIM id</dt>
          <dd>
            <code>{id}</code>
          </dd>
          <dt>externalId</dt>
          <dd>{externalId === null ? 'none' : <code>{externalId}</code>}</dd>
          {review !== null && (
            <>
              <dt>Since</dt>
              <dd>
                <Time iso={review.since} now={now} never="not known" />
              </dd>
              <dt>Last change</dt>
              <dd>
                <Time iso={review.lastChange} now={now} never="none known" />
              </dd>
            </>
          )}
          {inactiveSince !== null && (
            <>
              <dt>Switched off</dt>
              <dd>
                <Time iso={inactiveSince} now={now} />
              </dd>
            </>
          )}
        </dl>
        <p>
          <a href={`/admin/leavers${queryOf({ person: personName(person) })}`}>
            Off-boarding: where else they have an account
          </a>
        </p>
      </section>
      <section class="card" aria-labelledby="groups">
        <h2 id="groups">Groups and roles</h2>
        {groups.length === 0 ? (
          <p>In no group that is known here.</p>
        ) : (
          <ul class="plain-list">
            {groups.map((group) => (
              <li class="choice">
                <a href={`${base}/groups/${encodeURIComponent(group.id)}`}>{nameOf(group)}</a>
                <StandingBadge standing={group.standing} />
              </li>
            ))}
          </ul>
        )}
        {person.roles.length > 0 && (
          <p>
            Roles in the app: <Roles roles={person.roles} />
          </p>
        )}
        {person.rolesDue.length > 0 && (
          <p>
            Still to be told to the app: <code>{person.rolesDue.join(', ')}</code>
          </p>
        )}
      </section>
      <h2 id="timeline">Timeline</h2>
      {entries.length === 0 ? (
        <p>The audit has nothing of them, or has it no more.</p>
      ) : (
        <ol class="timeline" aria-labelledby="timeline">
          {entries.map((entry) => (
            <Entry entry={entry} now={now} />
          ))}
        </ol>
      )}
      <p>
        <a href={`${base}/audit${queryOf({ person: id })}`}>The whole timeline</a>
      </p>
    </Layout>
  )
}
